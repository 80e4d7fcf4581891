"""Rules that hide products in campaigns of a channel (conf/rules), while the lists, which are for all channels, keep them."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.export.campaign import Campaign
from lakehouse.gold.keys import CUSTOMER, PRODUCT
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.io.host import logs
from lakehouse.ops.lists.rule_effects import record_effects
from lakehouse.recommend import customer_products
from lakehouse.recommend.rules.eligibility import eligibility
from lakehouse.recommend.rules.product_facts import NAMED
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext
from lakehouse.silver import categories, customers, products
from lakehouse.stages.rules.count_effects import effect_rows

HIDDEN = "shop_code string, product_id bigint, rules array<struct<country: string, rule: string>>"


@dataclass(frozen=True)
class ChannelRules:
    """`lists`: places of the campaign's list with `hidden_by`, the first rule that hides the product from the customer. `rules`: all that
    hold."""

    rules: Rules
    lists: DataFrame

    @property
    def shown(self) -> DataFrame:
        """The places that are left."""
        return self.lists.where(F.col("hidden_by").isNull()).drop("hidden_by") if self.rules.rules else self.lists

    def count(self, run: RunContext, campaign: Campaign) -> None:
        """What they took off the campaign's list goes to `ops.rule_effects`. One Spark job if there are such rules."""
        if not self.rules.rules:
            return
        by = ("rule", "shop_code", "list_name", "country_code")
        gone = self.lists.where(F.col("hidden_by").isNotNull()).withColumnRenamed("hidden_by", "rule")
        located = gone.join(run.read(customers.TABLE).select(*CUSTOMER, "country_code"), CUSTOMER, "left")
        counted = located.groupBy(*by).agg(F.lit("removed").alias("effect"), F.count("*").alias("places")).toArrow().to_pylist()
        record_effects(run.store, effect_rows(run, self.rules, run.head(customer_products.TABLE), counted, campaign.name))


def rules_for(run: RunContext, campaign: Campaign) -> Rules:
    """Those of the channel that hold on the run date and on the campaign's list."""
    found = run.rules.on(run.run_date).of_channel(campaign.channel)
    return Rules(tuple(rule for rule in found.rules if not rule.lists or campaign.list_name in rule.lists))


def by_channel(run: RunContext, campaign: Campaign, lists: DataFrame) -> ChannelRules:
    """The campaign's list of all customers by the rules of its channel. Without such rules nothing is asked. Else one Spark job, or two."""
    rules = rules_for(run, campaign)
    if not rules.rules:
        return ChannelRules(rules, lists)
    facts = run.read(products.TABLE).select(*PRODUCT, "category_ids", *NAMED)
    found = eligibility(facts, run.read(categories.TABLE), rules.everywhere())
    for slip in found.unknown:
        logs.warn(slip)
    rows = [
        (code, product, entries)
        for code, of_shop in sorted(found.rules.items())
        for product in of_shop.products.tolist()
        if (entries := of_shop.hiders(product, EVERYWHERE))
    ]
    hidden = F.broadcast(frame_from(run.spark, rows, HIDDEN))
    located = run.read(customers.TABLE).select(*CUSTOMER, F.coalesce("country_code", F.lit("")).alias("_country"))
    # What may not be shown is not named as a reason either.
    reasons = hidden.withColumnsRenamed({"product_id": "_reason", "rules": "_reason_rules"})
    told = (
        lists.where(F.col("list_name") == campaign.list_name)
        .withColumn("_reason", F.get("reason_product_ids", 0))
        .join(hidden, PRODUCT, "left")
        .join(F.broadcast(reasons), ["shop_code", "_reason"], "left")
        .join(located, CUSTOMER, "left")
        .withColumn("hidden_by", F.get(_holding("rules"), 0)["rule"])
        .withColumn("reason_product_ids", F.when(F.get(_holding("_reason_rules"), 0).isNull(), F.col("reason_product_ids")))
        .drop("rules", "_country", "_reason", "_reason_rules")
    )
    return ChannelRules(rules, told)


def _holding(rules: str) -> Column:
    """Those of the rules that hold in the customer's country."""
    return F.filter(rules, lambda entry: (entry["country"] == EVERYWHERE) | (entry["country"] == F.col("_country")))

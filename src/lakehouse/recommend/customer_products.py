"""The lists of each customer: what to buy again, what to discover, and a mix of both for channels with one list."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from lakehouse.gold.keys import CUSTOMER
from lakehouse.io.host import logs
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.due import Due
from lakehouse.recommend.lists.contributions import NormalEquations
from lakehouse.recommend.params import Lists
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.eligibility import Eligibility, eligibility
from lakehouse.recommend.rules.product_facts import facts
from lakehouse.recommend.rules.rule_set import Boost, Pin, Rules
from lakehouse.recommend.scorer import ALS, LISTS, OWN_FREQUENCY, POPULAR_IN_COUNTRY, POPULARITY, SOURCES, Ranking, top_lists
from lakehouse.recommend.scoring_arrays import catalogues, profiles
from lakehouse.silver import customers, products
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, DOUBLE, INTEGER, LONG, STRING, Column, Reference, Rule, Table

# What rules took off a customer's lists: one entry for each place.
REMOVED = ArrayType(StructType([StructField("list_name", STRING), StructField("rule", STRING), StructField("product_id", LONG)]))
# Of what was bought before, if its due date is so near that the lists wait for it (`lists.due_days`), before or after the run date.
DUE_AGAIN = "due_again"
# Of what a rule moved up: a pin, or a boost by a wholesaler's deal.
PINNED, DEAL = "pinned", "deal"
REASONS = (*SOURCES, POPULAR_IN_COUNTRY, DUE_AGAIN, PINNED, DEAL)

TABLE = Table(
    name="recommendations.customer_products",
    grain="one place of one list of one customer",
    key=("shop_code", "customer_key", "list_name", "rank"),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer; anonymous ones have no lists"),
        Column("list_name", STRING, "buy_again (bought before), discover (not bought before) or mixed", accepted=LISTS),
        Column("rank", INTEGER, "1 is the best"),
        Column("product_id", LONG, "a product that is sellable, not restricted, and that no rule hides in the customer's country"),
        Column(
            "score",
            DOUBLE,
            "larger is better, comparable within a customer's list: a logarithm, 1,000 lower in buy_again for what was just bought; of a"
            " new product its affinity, 0 to 1",
        ),
        Column(
            "candidate_source",
            STRING,
            "als (and its companions), own_frequency, popularity (of the customer nothing is known) or new_product",
            accepted=SOURCES,
        ),
        Column("model_version", STRING, "version in the model registry; null while there is no champion"),
        Column("run_date", DATE, "as-of date"),
        Column("placed_by_rule", STRING, "the rule (conf/rules) that moved the product up to this place: a pin or a boost; null for none"),
        Column(
            "removed_by_rules",
            REMOVED,
            "on the first place of the first of a customer's lists: list, rule and product of each place that one of the lists would have"
            " without rules and that a rule took away; empty or null elsewhere",
        ),
        Column("reason_code", STRING, "why the product is on the list: a text of conf/texts/reasons.yaml", accepted=REASONS),
        Column(
            "reason_product_ids",
            ArrayType(LONG),
            "of als: what of the customer's own history the score comes from most, two at most, the strongest first; all of them can"
            " be sold, are not restricted and not hidden from the customer by a rule; empty where there is none, and for other reasons",
        ),
        Column(
            "due_date",
            DATE,
            "the shop's day on which the customer will want it again, in the past if it is overdue; null if not bought before or not known",
        ),
    ),
    rules=(
        Rule("rank_counts_from_1", "rank is null or rank >= 1"),
        Rule("product_is_known", "product_id is not null"),
        # What is infinite has no difference to itself.
        Rule("score_is_a_number", "score is not null and not isnan(score - score)"),
    ),
    references=(Reference(("shop_code", "customer_key"), customers.TABLE), Reference(("shop_code", "product_id"), products.TABLE)),
)


def build(
    customers: DataFrame,
    products: DataFrame,
    interactions: DataFrame,
    product_popularity: DataFrame,
    categories: DataFrame,
    product_codes: DataFrame,
    stock_levels: DataFrame,
    wholesale_offers: DataFrame,
    *,
    run_date: date,
    model: RegisteredModel,
    lists: Lists,
    rules: Rules,
    blend: Blend,
    country_smoothing: float,
    popularity_days: int,
    feed_shop: str,
) -> DataFrame:
    """Ranked lists for everybody who is somebody, of what can be sold. New is what was created in the last days before the run date.

    `blend` has the exponents of a model with which none were learned. `rules`: those of lists on the run date; only they ask for the
    tables after the popularity. The app itself has no products, so there are no lists in it.
    """
    of_products = (products, product_popularity, product_codes, stock_levels, wholesale_offers)
    eligible = what_may_be_shown(
        *of_products, categories, rules=rules, run_date=run_date, lists=lists, popularity_days=popularity_days, feed_shop=feed_shop
    )
    for slip in eligible.unknown:
        logs.warn(slip)
    shops = catalogues(model.factors.products, model.neighbours, product_popularity, eligible, country_smoothing)
    people = profiles(known(customers), interactions, model.factors.customers)
    equations = NormalEquations.of((shop.factors for shop in shops.values()), model.reg_param)
    due = Due.of(interactions, shops, lists.due_days)
    ranking = Ranking(shops, model.blend or blend, lists.length, new_share=lists.new_product_share, explained_by=equations, due=due)
    listed = places(top_lists(people, ranking)).withColumn("due_date", F.date_add(F.lit(run_date), F.col("due_in_days")))
    is_due = (F.col("candidate_source") == OWN_FREQUENCY) & (F.abs("due_in_days") <= lists.due_days)
    listed = listed.withColumn("reason_code", F.when(is_due, DUE_AGAIN).otherwise(_reason(rules)))
    named = F.when(F.col("reason_code") == ALS, F.col("reason_product_ids")).otherwise(F.array().cast(ArrayType(LONG)))
    listed = listed.withColumn("reason_product_ids", named)
    return listed.withColumn("model_version", F.lit(model.version)).withColumn("run_date", F.lit(run_date))


def _reason(rules: Rules) -> SparkColumn:
    """The rule that put a new product where it stands, else where it comes from. What was bought before is there for that."""
    pins = [rule.id for rule in rules.rules if isinstance(rule, Pin)]
    deals = [rule.id for rule in rules.rules if isinstance(rule, Boost) and rule.by == "deal"]
    of_rule = [F.when(F.col("placed_by_rule").isin(*ids), code) for ids, code in ((pins, PINNED), (deals, DEAL)) if ids]
    own = F.when(F.col("candidate_source") == OWN_FREQUENCY, OWN_FREQUENCY)
    return F.coalesce(own, *of_rule, F.col("reason_source"))


def known(customers: DataFrame) -> DataFrame:
    """Who gets lists."""
    return customers.where(F.col("is_customer") & ~F.col("is_anonymous") & ~is_apps())


def what_may_be_shown(
    products: DataFrame,
    product_popularity: DataFrame,
    product_codes: DataFrame,
    stock_levels: DataFrame,
    wholesale_offers: DataFrame,
    categories: DataFrame,
    *,
    rules: Rules,
    run_date: date,
    lists: Lists,
    popularity_days: int,
    feed_shop: str,
) -> Eligibility:
    """The one answer to what may be shown to whom: for scoring, for the preview of a training, for its guards. One Spark job, or two.

    `rules`: those of lists on the run date.
    """
    found = facts(
        *(products, product_popularity, product_codes, stock_levels, wholesale_offers),
        rules=rules.rules,
        run_date=run_date,
        new_days=lists.new_product_days,
        popularity_days=popularity_days,
        feed_shop=feed_shop,
    )
    return eligibility(found, categories, rules)


def places(lists: DataFrame) -> DataFrame:
    """One row per place from one row per list: shop_code, customer_key, list_name, rank, product_id, score, candidate_source, reason_source
    (the same, but for what is popular in the customer's country), reason_product_ids, due_in_days, placed_by_rule, removed_by_rules."""
    place = F.posexplode(F.arrays_zip("product_ids", "scores", "sources", "reasons", "due_in_days")).alias("position", "place")
    return lists.select(*CUSTOMER, "list_name", "rules", "removed", place).select(
        *CUSTOMER,
        "list_name",
        (F.col("position") + 1).alias("rank"),
        F.col("place.product_ids").alias("product_id"),
        F.col("place.scores").alias("score"),
        F.when(F.col("place.sources") == POPULAR_IN_COUNTRY, POPULARITY).otherwise(F.col("place.sources")).alias("candidate_source"),
        F.col("place.sources").alias("reason_source"),
        F.col("place.due_in_days").alias("due_in_days"),
        F.col("place.reasons").alias("reason_product_ids"),
        F.get("rules", "position").alias("placed_by_rule"),
        F.when(F.col("position") == 0, F.col("removed")).alias("removed_by_rules"),
    )

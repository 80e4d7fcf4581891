"""Who gets something of a campaign, and why everybody else does not: one reason for each person, the first that holds."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_, or_

from pyspark.errors import AnalysisException
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.bronze.campaign_members import CONTROL
from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Audience, Campaign
from lakehouse.export.channels.channel import channel_of
from lakehouse.gold.keys import CUSTOMER
from lakehouse.ops.packs import NO_CONSENT, REASONS
from lakehouse.sources.app_shop import is_apps


def base(customers: DataFrame, interactions: DataFrame, campaign: Campaign, feed_shop: str) -> DataFrame:
    """The customers that the campaign is for, with `list_shop`, the shop whose lists they get, and `person`, who it is in all shops.

    The channel says which of them can be meant, the campaign which are.
    """
    of_channel = customers.where(channel_of(campaign.channel).is_for())
    people = of_channel.withColumn("list_shop", F.when(is_apps(), feed_shop).otherwise(F.col("shop_code"))).withColumn(
        "person", F.coalesce("email_pseudonym", "customer_key")
    )
    try:
        found = people.where(_is_meant(campaign.audience))
        # A client of Spark Connect hears of a wrong one only when it asks for something.
        found.schema  # noqa: B018
    except AnalysisException as error:
        condition = error.getCondition() or "it can't be parsed"
        raise ConfigError(
            f"campaigns/{campaign.name}.yaml: audience.where is no condition over silver.customers ({condition})",
            "`lakehouse describe silver.customers` lists the columns",
        ) from None
    if not campaign.audience.bought:
        return found
    buyers = interactions.where(_is_any(campaign.audience.bought))
    return found.join(
        buyers.select(F.col("shop_code").alias("list_shop"), "customer_key").distinct(), ["list_shop", "customer_key"], "left_semi"
    )


def _is_any(products: Sequence[int | str]) -> SparkColumn:
    key = F.concat_ws("-", "shop_code", F.col("product_id").cast("string"))
    return reduce(or_, (key == product if isinstance(product, str) else F.col("product_id") == product for product in products))


def _is_meant(audience: Audience) -> SparkColumn:
    """boolean; a condition that can't be told of somebody is not true of him."""
    conditions = [F.col("country_code").isin(*audience.countries)] if audience.countries else []
    conditions += [F.expr(f"({audience.where})")] if audience.where else []
    return F.coalesce(reduce(and_, conditions, F.lit(True)), F.lit(False))


def suppressed(people: DataFrame, campaign: Campaign) -> DataFrame:
    """`people` with `suppressed_for`: the first reason of REASONS that holds, null for those who get something.

    `people` have the columns of `base` and: `has_list` (a list was made for them), `has_places` (something of it can be bought),
    `recent_packs` (packs that they got within the campaign's cap), `arm`, and what the channel's own reasons ask for.
    One address is one recipient by e-mail: of several customers with it the one with the newest order, in whatever shop.
    """
    holds = {reason: F.coalesce(condition, F.lit(False)) for reason, condition in _conditions(campaign).items()}
    before = [reason for reason in REASONS if reason not in ("same_address", "hold_out")]
    is_out = reduce(or_, (holds[reason] for reason in before if reason in holds))
    # Who can't be written to for another reason takes nobody's place, and stands behind who can.
    newest = Window.partitionBy("person").orderBy("_is_out", F.desc_nulls_last("last_ordered_at"), *CUSTOMER)
    first_is_in = ~F.first("_is_out").over(newest)
    first = F.coalesce(*(F.when(holds[reason], reason) for reason in REASONS if reason in holds))
    return (
        people.withColumn("_is_out", is_out)
        .withColumn("_place", F.when(first_is_in, F.row_number().over(newest)))
        .withColumn("suppressed_for", first)
        .drop("_is_out", "_place")
    )


def _conditions(campaign: Campaign) -> Mapping[str, SparkColumn]:
    """When a reason holds: those of all campaigns, and those of the channel."""
    cap = campaign.frequency_cap
    return {
        NO_CONSENT: F.col("legal_ground").isNull(),
        "frequency_cap": F.col("recent_packs") >= (cap.packs if cap else F.lit(None)),
        "stock": F.col("has_list") & ~F.coalesce("has_places", F.lit(False)),
        "nothing_to_show": F.col("has_places").isNull(),
        "hold_out": F.col("arm") == CONTROL,
        **channel_of(campaign.channel).reasons(),
        # Whatever a channel says of consent: a no holds.
        "complained": F.col("is_opted_out") & F.col("has_complained"),
        "opted_out": F.col("is_opted_out"),
    }

"""What rules did to the lists, counted from what stands in recommendations.customer_products: one aggregate, no second scoring."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER

EFFECT = ("rule", "shop_code", "list_name", "country_code", "effect")


def effects(lists: DataFrame, customers: DataFrame) -> DataFrame:
    """EFFECT and `places`. `removed` and `moved` places, by the customers' country."""
    entry = F.explode("removed_by_rules").alias("entry")
    removed = lists.where(F.size("removed_by_rules") > 0).select(*CUSTOMER, entry)
    removed = removed.select(*CUSTOMER, "entry.list_name", "entry.rule", F.lit("removed").alias("effect"))
    moved = lists.where(F.col("placed_by_rule").isNotNull()).select(
        *CUSTOMER, "list_name", F.col("placed_by_rule").alias("rule"), F.lit("moved").alias("effect")
    )
    countries = customers.select(*CUSTOMER, "country_code")
    return removed.union(moved).join(countries, CUSTOMER, "left").groupBy(*EFFECT).agg(F.count("*").alias("places"))

"""Of the people of a pack for one product those who are most likely to buy it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER


def most_likely(people: DataFrame, at_most: int) -> DataFrame:
    """`people` (with `score` and `suppressed_for`) from the best down to the last of those who get something, at most so many.

    Who stands above the last one and gets nothing stays, with the reason. Who is held out has a place as everybody has, so that the arms
    are alike. Who stands below the last one is nobody whom the pack is for.
    """
    is_meant = F.col("suppressed_for").isNull() | (F.col("suppressed_for") == "hold_out")
    last = best_first(people.where(is_meant)).select("score", *CUSTOMER).offset(at_most - 1).limit(1).collect()
    if not last:
        return people
    score, shop_code, customer_key = last[0]
    is_equal = F.struct(*CUSTOMER) <= F.struct(F.lit(shop_code).alias("shop_code"), F.lit(customer_key).alias("customer_key"))
    return people.where((F.col("score") > score) | ((F.col("score") == score) & is_equal))


def best_first(people: DataFrame) -> DataFrame:
    """Sorted by score; of equal ones by customer, so that the same people are taken every time."""
    return people.orderBy(F.desc("score"), *CUSTOMER)

"""What a model must beat: everybody gets the popular, and everybody gets their own most frequent again."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.gold.product_popularity import EVERYWHERE

CUSTOMER = ["shop_code", "customer_key"]
RANKED = [*CUSTOMER, "rank", "product_id"]


def most_popular(popular: DataFrame, customers: DataFrame, k: int) -> DataFrame:
    """The K products of most recent orders, the same for all customers of a shop. `popular` is product_popularity as of the cut."""
    place = F.row_number().over(Window.partitionBy("shop_code").orderBy(F.desc("recent_order_count"), F.desc("order_count"), "product_id"))
    top = popular.where(F.col("country_code") == EVERYWHERE).withColumn("rank", place).where(F.col("rank") <= k)
    return customers.select(*CUSTOMER).distinct().join(F.broadcast(top), "shop_code").select(*RANKED)


def own_frequency(known: DataFrame, k: int) -> DataFrame:
    """Each customer's products by number of orders, then the latest, then id."""
    return _top(known.where("product_id > 0"), [F.desc("order_count"), F.desc("last_ordered_at"), F.col("product_id")], k)


def decayed_frequency(known: DataFrame, k: int) -> DataFrame:
    """Each customer's products by decayed weight, then id."""
    return _top(known.where("product_id > 0"), [F.desc("weight"), F.col("product_id")], k)


def _top(rows: DataFrame, order, k: int) -> DataFrame:  # type: ignore[no-untyped-def]
    place = F.row_number().over(Window.partitionBy(*CUSTOMER).orderBy(*order))
    return rows.withColumn("rank", place).where(F.col("rank") <= k).select(*RANKED)

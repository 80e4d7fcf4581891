"""What the lists must beat, each from the same purchases as of the cut."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.product_popularity import EVERYWHERE

RANKED = [*CUSTOMER, "rank", "product_id"]


def most_popular(popular: DataFrame, customers: DataFrame, k: int) -> DataFrame:
    """The K products of most recent orders, the same for all customers of a shop. `popular` is product_popularity as of the cut."""
    top = _best_sellers(popular).where(F.col("place") <= k)
    return (
        customers.select(*CUSTOMER)
        .distinct()
        .join(F.broadcast(top), "shop_code")
        .select(*CUSTOMER, F.col("place").alias("rank"), "product_id")
    )


def own_frequency(known: DataFrame, k: int) -> DataFrame:
    """Each customer's products by number of orders, then the latest, then id. `known`: gold.interactions as of the cut."""
    return _top(known.where("product_id > 0"), [F.desc("order_count"), F.col("recency_days"), F.col("product_id")], k)


def filled_own_frequency(known: DataFrame, popular: DataFrame, customers: DataFrame, k: int) -> DataFrame:
    """Own products by number of orders, equal ones and empty places by popularity."""
    return _filled(F.col("order_count").cast("double"), known, popular, customers, k)


def blended_own_frequency(known: DataFrame, popular: DataFrame, customers: DataFrame, k: int) -> DataFrame:
    """Own products by decayed weight times the root of 1 + recent orders, empty places by popularity: the best that needs no model."""
    value = F.col("weight") * F.sqrt(1 + F.coalesce("recent_order_count", F.lit(0)))
    return _filled(value, known, popular, customers, k)


def decayed_frequency(known: DataFrame, k: int) -> DataFrame:
    """Each customer's products by decayed weight, then id."""
    return _top(known.where("product_id > 0"), [F.desc("weight"), F.col("product_id")], k)


def last_order(known: DataFrame, k: int) -> DataFrame:
    """What was in the customer's last order (of several on one day: in any of them), the most often bought first."""
    latest = F.min("recency_days").over(Window.partitionBy(*CUSTOMER))
    last = known.where("product_id > 0").withColumn("latest", latest).where("recency_days = latest")
    return _top(last, [F.desc("order_count"), F.col("product_id")], k)


def _filled(value: SparkColumn, known: DataFrame, popular: DataFrame, customers: DataFrame, k: int) -> DataFrame:
    """Own products by `value`, which is more than 0, equal ones and empty places by popularity."""
    sellers = _best_sellers(popular).select("shop_code", "product_id", "place", "recent_order_count")
    own = known.where("product_id > 0").join(sellers, ["shop_code", "product_id"], "left")
    # More than K are needed where the customer's own products are among the popular ones.
    pool = F.broadcast(sellers.where(F.col("place") <= 2 * k))
    others = (
        customers.select(*CUSTOMER).distinct().join(pool, "shop_code").select(*CUSTOMER, "product_id", "place", F.lit(0.0).alias("value"))
    )
    every = (
        own.select(*CUSTOMER, "product_id", "place", value.alias("value"))
        .unionByName(others)
        .groupBy(*CUSTOMER, "product_id")
        .agg(F.max("value").alias("value"), F.min("place").alias("place"))
    )
    return _top(every, [F.desc("value"), F.asc_nulls_last("place"), F.col("product_id")], k)


def _best_sellers(popular: DataFrame) -> DataFrame:
    place = F.row_number().over(Window.partitionBy("shop_code").orderBy(F.desc("recent_order_count"), F.desc("order_count"), "product_id"))
    return popular.where(F.col("country_code") == EVERYWHERE).withColumn("place", place)


def _top(rows: DataFrame, order: list[SparkColumn], k: int) -> DataFrame:
    place = F.row_number().over(Window.partitionBy(*CUSTOMER).orderBy(*order))
    return rows.withColumn("rank", place).where(F.col("rank") <= k).select(*RANKED)

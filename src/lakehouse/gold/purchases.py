"""What was bought when, as it looks at one moment: the frame that weights, popularity and every test of a model are made from.

No table of its own: tables and models build it from the same few lines, so that a model is judged by the code that runs at night.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.app_shop import APP

CUSTOMER = ["shop_code", "customer_key"]
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Clock:
    """How age is counted, and how old a purchase may be to count as recent.

    `days`: whole days before the moment; recent are ages below `recent` days. `baskets`: baskets back from the customer's last one,
    for data without dates; recent is the latest share `recent` (0..1] of each customer's baskets.
    """

    unit: Literal["days", "baskets"] = "days"
    recent: float = 28


def purchases(orders: DataFrame, order_lines: DataFrame, refund_lines: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """One row per sale order and product: what was ordered less what was refunded, with the order's customer.

    shop_code, order_id, product_id, net_quantity (may be 0), customer_key, country_code, ordered_at (UTC), `at` (double: the
    order's day in the shop's time zone, days since 1970).
    """
    sales = with_customer_key(orders.where("is_sale"), customer_identities)
    by_product = ["shop_code", "order_id", "product_id"]
    ordered = order_lines.select(*by_product, "quantity", F.lit(1).alias("is_ordered"))
    refunded = refund_lines.select(*by_product, "quantity", F.lit(0).alias("is_ordered"))
    net = (
        ordered.unionByName(refunded)
        .groupBy(*by_product)
        .agg(F.sum("quantity").alias("net_quantity"), F.max("is_ordered").alias("is_ordered"))
    )
    facts = sales.select(
        "shop_code",
        "order_id",
        "customer_key",
        F.nullif("country_code", F.lit("")).alias("country_code"),
        F.col("created_at").alias("ordered_at"),
        F.datediff("order_date", F.lit(EPOCH)).cast("double").alias("at"),
    )
    return net.where("is_ordered = 1").drop("is_ordered").join(facts, ["shop_code", "order_id"])


def in_feed_shop(rows: DataFrame, feed_shop: str) -> DataFrame:
    """Rows of the app as rows of the shop whose articles it sells: for recommendations it is one shop with two doors."""
    return rows.withColumn("shop_code", F.when(F.col("shop_code") == APP, feed_shop).otherwise(F.col("shop_code")))


def evening(day: date) -> float:
    """The moment at which all of the day's orders are known, in days since 1970."""
    return float((day - EPOCH).days + 1)


def as_of(bought: DataFrame, moment: float | None, clock: Clock) -> DataFrame:
    """The purchases before the moment (None: all), with `age` (double, days or baskets) and `is_recent`."""
    known = bought if moment is None else bought.where(F.col("at") < moment)
    if clock.unit == "baskets":
        mine = Window.partitionBy(*CUSTOMER)
        place = F.dense_rank().over(mine.orderBy(F.desc("at")))
        aged = known.withColumn("age", (F.max("at").over(mine) - F.col("at")).cast("double")).withColumn("_place", place)
        recent = F.col("_place") <= F.ceil(F.max("_place").over(mine) * clock.recent)
        return aged.withColumn("is_recent", recent).drop("_place")
    assert moment is not None, "days are counted back from a moment"
    age = F.ceil(F.lit(moment) - F.col("at")).cast("double") - 1
    return known.withColumn("age", age).withColumn("is_recent", age < clock.recent)

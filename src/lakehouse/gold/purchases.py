"""Purchases as they were known at one moment. Weights, popularity and every test of a model are computed from this frame.

It is not stored as a table. Tables and models both build it here, so that a model is judged by the code that runs at night.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.app_shop import in_feed_shop, is_apps
from lakehouse.table import STRING, Column

EPOCH = date(1970, 1, 1)
BOUGHT_IN = Column("shop_code", STRING, "the shop; what was bought in the app is in the shop whose articles it sells (setting feed_shop)")


@dataclass(frozen=True)
class Clock:
    """The unit of ages, and up to which age a purchase is recent.

    `days`: whole days before the moment; recent are ages below `recent` days. `baskets`: baskets back from the customer's last one,
    for data without dates; recent is the latest share `recent` (0..1] of each customer's baskets.
    """

    unit: Literal["days", "baskets"] = "days"
    recent: float = 28


def purchases(
    orders: DataFrame, order_lines: DataFrame, refund_lines: DataFrame, customer_identities: DataFrame, *, feed_shop: str
) -> DataFrame:
    """One row per sale order and product: what was ordered less what was refunded, with the order's customer. As everywhere in gold, rows
    with an impossible date are left out.

    Purchases in the app count as purchases in the shop `feed_shop`. Ids of the app's orders get a minus sign, since that shop may have the
    same ids.

    shop_code, order_id, product_id, net_quantity (may be 0), customer_key, country_code, ordered_at (UTC), `order_day` (double: the
    order's day in the shop's time zone, days since 1970).
    """
    sales = with_customer_key(orders.where("is_sale"), customer_identities)
    by_product = ["shop_code", "order_id", "product_id"]
    ordered = order_lines.select(*by_product, "quantity", F.lit(1).alias("is_ordered"))
    refunded = refund_lines.where("is_misdated is not true").select(*by_product, "quantity", F.lit(0).alias("is_ordered"))
    net = (
        ordered.unionByName(refunded)
        .groupBy(*by_product)
        .agg(F.sum("quantity").alias("net_quantity"), F.max("is_ordered").alias("is_ordered"))
    )
    own_id = F.when(is_apps(), -F.col("order_id")).otherwise(F.col("order_id"))
    facts = sales.select(
        "shop_code",
        "order_id",
        "customer_key",
        F.nullif("country_code", F.lit("")).alias("country_code"),
        F.col("created_at").alias("ordered_at"),
        F.datediff("order_date", F.lit(EPOCH)).cast("double").alias("order_day"),
    )
    return in_feed_shop(
        net.where("is_ordered = 1").drop("is_ordered").join(facts, ["shop_code", "order_id"]).withColumn("order_id", own_id), feed_shop
    )


def evening(day: date) -> float:
    """The moment at which all of the day's orders are known, in days since 1970."""
    return float((day - EPOCH).days + 1)


def as_of(bought: DataFrame, moment: float | None, clock: Clock) -> DataFrame:
    """The purchases before the moment (None: all), with `age` (double, days or baskets) and `is_recent`."""
    known = bought if moment is None else bought.where(F.col("order_day") < moment)
    if clock.unit == "baskets":
        mine = Window.partitionBy(*CUSTOMER)
        place = F.dense_rank().over(mine.orderBy(F.desc("order_day")))
        aged = known.withColumn("age", (F.max("order_day").over(mine) - F.col("order_day")).cast("double")).withColumn("_place", place)
        recent = F.col("_place") <= F.ceil(F.max("_place").over(mine) * clock.recent)
        return aged.withColumn("is_recent", recent).drop("_place")
    assert moment is not None, "days are counted back from a moment"
    age = F.ceil(F.lit(moment) - F.col("order_day")).cast("double") - 1
    return known.withColumn("age", age).withColumn("is_recent", age < clock.recent)

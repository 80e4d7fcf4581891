"""How many orders had a product lately and ever, per country and overall."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.purchases import BOUGHT_IN, Clock, as_of, evening, purchases
from lakehouse.table import LONG, QUANTITY, STRING, Column, Rule, Table

EVERYWHERE = "*"

TABLE = Table(
    name="gold.product_popularity",
    grain="one product in one country, or everywhere",
    key=("shop_code", "country_code", "product_id"),
    columns=(
        BOUGHT_IN,
        Column("country_code", STRING, "ISO 3166-1 alpha-2 of the billing address; * for everywhere"),
        Column("product_id", LONG, "the product"),
        Column("recent_order_count", LONG, "sale orders with it in the last days (parameter popularity_days) up to the run date"),
        Column("recent_customer_count", LONG, "customers of those orders"),
        Column("order_count", LONG, "sale orders with it ever, up to the run date"),
        Column("recent_quantity", QUANTITY, "pieces of it in the recent orders, less what was refunded"),
    ),
    rules=(
        Rule("recent_orders_are_part_of_all", "recent_order_count between 0 and order_count"),
        Rule("each_recent_customer_has_an_order", "recent_customer_count between 0 and recent_order_count"),
    ),
)


def build(
    orders: DataFrame,
    order_lines: DataFrame,
    refund_lines: DataFrame,
    customer_identities: DataFrame,
    *,
    run_date: date,
    popularity_days: int,
    feed_shop: str,
) -> DataFrame:
    """Sale orders with something of the product left after refunds, counted once each."""
    bought = purchases(orders, order_lines, refund_lines, customer_identities, feed_shop=feed_shop)
    return counted(as_of(bought, evening(run_date), Clock(recent=popularity_days)))


def counted(known: DataFrame) -> DataFrame:
    """The table's counts from purchases as of a moment."""
    countries = F.array_compact(F.array(F.lit(EVERYWHERE), F.col("country_code")))
    return (
        known.where("net_quantity > 0 and product_id > 0")
        .withColumn("country_code", F.explode(countries))
        .groupBy("shop_code", "country_code", "product_id")
        .agg(
            F.count(F.when(F.col("is_recent"), 1)).alias("recent_order_count"),
            F.count_distinct(F.when(F.col("is_recent"), F.col("customer_key"))).alias("recent_customer_count"),
            F.count("*").alias("order_count"),
            F.sum(F.when(F.col("is_recent"), F.col("net_quantity")).otherwise(0)).alias("recent_quantity"),
        )
    )

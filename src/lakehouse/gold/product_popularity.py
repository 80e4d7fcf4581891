"""How many orders had a product lately and ever, per country and overall."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.interactions import net_quantities
from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Table

EVERYWHERE = "*"

TABLE = Table(
    name="gold.product_popularity",
    grain="one product in one country, or everywhere",
    key=("shop_code", "country_code", "product_id"),
    columns=(
        SHOP,
        Column("country_code", STRING, "ISO 3166-1 alpha-2 of the billing address; * for everywhere"),
        Column("product_id", LONG, "the product"),
        Column("recent_order_count", LONG, "sale orders with it in the last days (parameter popularity_days) up to the run date"),
        Column("recent_customer_count", LONG, "customers of those orders"),
        Column("order_count", LONG, "sale orders with it ever, up to the run date"),
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
) -> DataFrame:
    """Sale orders with something of the product left after refunds, counted once each."""
    is_known = F.col("is_sale") & (F.col("order_date") <= F.lit(run_date))
    sales = with_customer_key(orders.where(is_known), customer_identities)
    bought = net_quantities(sales, order_lines, refund_lines).where("net_quantity > 0 and product_id > 0")
    countries = F.array(F.lit(EVERYWHERE), F.when(F.col("country_code") != "", F.col("country_code")))
    is_recent = F.col("order_date") > F.date_sub(F.lit(run_date), popularity_days)
    return (
        bought.withColumn("country_code", F.explode(F.array_compact(countries)))
        .groupBy("shop_code", "country_code", "product_id")
        .agg(
            F.count(F.when(is_recent, 1)).alias("recent_order_count"),
            F.count_distinct(F.when(is_recent, F.col("customer_key"))).alias("recent_customer_count"),
            F.count("*").alias("order_count"),
        )
    )

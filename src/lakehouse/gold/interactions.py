"""Who bought what, how often and how recently: the input of every recommendation."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.source import SHOP
from lakehouse.table import DOUBLE, LONG, QUANTITY, STRING, TIMESTAMP, Column, Table

TABLE = Table(
    name="gold.interactions",
    grain="one customer and one product of one shop, with something left after refunds",
    key=("shop_code", "customer_key", "product_id"),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer"),
        Column("product_id", LONG, "the product; 0 if unknown"),
        Column("order_count", LONG, "distinct sale orders with the product, up to the run date"),
        Column("net_quantity", QUANTITY, "ordered less refunded; more than 0"),
        Column("first_ordered_at", TIMESTAMP, "UTC"),
        Column("last_ordered_at", TIMESTAMP, "UTC"),
        Column("weight", DOUBLE, "sum over its orders of 2^(-age in days / half-life), as of the run date; 9 decimals"),
    ),
)


def build(
    orders: DataFrame,
    order_lines: DataFrame,
    refund_lines: DataFrame,
    customer_identities: DataFrame,
    *,
    run_date: date,
    half_life_days: float,
) -> DataFrame:
    """Sale orders up to the end of the run date (shop's day), net of their refund lines."""
    sales = with_customer_key(orders.where(F.col("is_sale") & (F.col("order_date") <= F.lit(run_date))), customer_identities)
    per_order = net_quantities(sales, order_lines, refund_lines)
    age_days = F.datediff(F.lit(run_date), "order_date")
    return (
        per_order.groupBy("shop_code", "customer_key", "product_id")
        .agg(
            F.count("order_id").alias("order_count"),
            F.sum("net_quantity").alias("net_quantity"),
            F.min("created_at").alias("first_ordered_at"),
            F.max("created_at").alias("last_ordered_at"),
            # A sum of doubles depends on the order of rows in its last digits.
            F.round(F.sum(F.pow(F.lit(2.0), -age_days / F.lit(half_life_days))), 9).alias("weight"),
        )
        .where("net_quantity > 0")
    )


def net_quantities(sales: DataFrame, order_lines: DataFrame, refund_lines: DataFrame) -> DataFrame:
    """One row per sale order and product: what was ordered less what was refunded, with the order's customer and date."""
    by_product = ["shop_code", "order_id", "product_id"]
    ordered = order_lines.select(*by_product, "quantity", F.lit(1).alias("is_ordered"))
    refunded = refund_lines.select(*by_product, "quantity", F.lit(0).alias("is_ordered"))
    net = (
        ordered.unionByName(refunded)
        .groupBy(*by_product)
        .agg(F.sum("quantity").alias("net_quantity"), F.max("is_ordered").alias("is_ordered"))
    )
    facts = sales.select("shop_code", "order_id", "customer_key", "created_at", "order_date", "country_code")
    return net.where("is_ordered = 1").join(facts, ["shop_code", "order_id"])

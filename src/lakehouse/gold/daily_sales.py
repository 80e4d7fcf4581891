"""The daily summary of each shop: five measures a day and currency, and what was refunded that day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, LONG, MONEY, STRING, Column, Table

DAY = ["shop_code", "sales_date", "currency_code"]

TABLE = Table(
    name="gold.daily_sales",
    grain="one shop, local day and currency; amounts of different currencies are never added",
    key=tuple(DAY),
    columns=(
        SHOP,
        Column("sales_date", DATE, "day in the shop's time zone: of an order when it was created, of a refund when it was made"),
        Column("currency_code", STRING, "ISO 4217"),
        Column("revenue_amount", MONEY, "totals of sale orders with tax and shipping, before refunds"),
        Column("transaction_count", LONG, "sale orders"),
        Column("customer_count", LONG, "distinct customers of them"),
        Column("average_order_amount", MONEY, "revenue_amount / transaction_count; null on a day without orders"),
        Column("product_count", LONG, "distinct known products in them"),
        Column("tax_amount", MONEY, "tax in revenue_amount"),
        Column("shipping_amount", MONEY, "shipping without tax in revenue_amount"),
        Column("refund_count", LONG, "refunds of sale orders made that day"),
        Column("refund_amount", MONEY, "their totals with tax; negative"),
    ),
)


def build(orders: DataFrame, order_lines: DataFrame, refunds: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Sale orders on their day, refunds of sale orders on theirs. An order in status refunded is no sale, its refunds no minus."""
    sales = orders.where("is_sale").withColumn("sales_date", F.col("order_date"))
    known = refunds.join(sales.select("shop_code", "order_id"), ["shop_code", "order_id"], "left_semi")
    returned = (
        known.withColumnRenamed("refund_date", "sales_date")
        .groupBy(*DAY)
        .agg(F.count("*").alias("refund_count"), F.sum("total_amount").alias("refund_amount"))
    )
    return (
        _sold(with_customer_key(sales, customer_identities))
        .join(_products(sales, order_lines), DAY, "left")
        .join(returned, DAY, "full_outer")
        .withColumn("average_order_amount", F.col("revenue_amount") / F.col("transaction_count"))
        .fillna(0, ["revenue_amount", "transaction_count", "customer_count", "product_count", "tax_amount", "shipping_amount"])
        .fillna(0, ["refund_count", "refund_amount"])
    )


def _sold(sales: DataFrame) -> DataFrame:
    return sales.groupBy(*DAY).agg(
        F.sum("total_amount").alias("revenue_amount"),
        F.count("*").alias("transaction_count"),
        F.count_distinct("customer_key").alias("customer_count"),
        F.sum("tax_amount").alias("tax_amount"),
        F.sum("shipping_amount").alias("shipping_amount"),
    )


def _products(sales: DataFrame, order_lines: DataFrame) -> DataFrame:
    lines = order_lines.where("product_id > 0").select("shop_code", "order_id", "product_id")
    return (
        lines.join(sales.select("order_id", *DAY), ["shop_code", "order_id"])
        .groupBy(*DAY)
        .agg(F.count_distinct("product_id").alias("product_count"))
    )

"""The daily summary of each shop: five measures a day and currency, and what was refunded that day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, LONG, MONEY, STRING, Alarm, Column, Rule, Table

DAY = ["shop_code", "sales_date", "currency_code"]

# Of fewer sales in the time compared, chance alone makes half or double.
FEW = 30
_BY_AGE = "(SELECT *, datediff(DATE '{run_date}', sales_date) AS age FROM {batch})"
UNUSUAL_DAY = f"""SELECT shop_code, currency_code, revenue, usual FROM (
SELECT shop_code, currency_code, count_if(age > 1) AS weeks, percentile(if(age > 1, transaction_count, NULL), 0.5) AS sales,
CAST(sum(if(age = 1, revenue_amount, 0)) AS DECIMAL(26, 2)) AS revenue,
CAST(percentile(if(age > 1, revenue_amount, NULL), 0.5) AS DECIMAL(26, 2)) AS usual
FROM {_BY_AGE} WHERE age IN (1, 8, 15, 22, 29) GROUP BY shop_code, currency_code)
WHERE weeks = 4 AND sales >= {FEW} AND abs(try_divide(revenue, usual) - 1) > 0.5"""
UNUSUAL_WEEK = f"""SELECT shop_code, currency_code, revenue, usual FROM (
SELECT shop_code, currency_code, count_if(age > 28) AS days, sum(if(age > 7, transaction_count, 0)) AS sales,
CAST(sum(if(age <= 7, revenue_amount, 0)) AS DECIMAL(26, 2)) AS revenue,
CAST(sum(if(age > 7, revenue_amount, 0)) / 4 AS DECIMAL(26, 2)) AS usual
FROM {_BY_AGE} WHERE age BETWEEN 1 AND 35 GROUP BY shop_code, currency_code)
WHERE days > 0 AND sales >= {4 * FEW} AND abs(try_divide(revenue, usual) - 1) > 0.5"""

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
    rules=(
        Rule("each_customer_has_a_transaction", "customer_count between 0 and transaction_count"),
        Rule("refund_amount_is_not_positive", "refund_amount <= 0"),
    ),
    alarms=(
        Alarm(
            "revenue_of_the_day_is_usual",
            "revenue of the day before the run date: within 50 % of the median of the same weekday in the four weeks before it",
            UNUSUAL_DAY,
        ),
        Alarm(
            "revenue_of_the_week_is_usual",
            "revenue of the seven days before the run date: within 50 % of the average of the four weeks before them",
            UNUSUAL_WEEK,
        ),
    ),
)


def build(orders: DataFrame, order_lines: DataFrame, refunds: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Sale orders on their day, refunds of sale orders on theirs. An order in status refunded is no sale, its refunds no minus."""
    sales = orders.where("is_sale").withColumn("sales_date", F.col("order_date"))
    known = refunds.where("is_misdated is not true").join(sales.select("shop_code", "order_id"), ["shop_code", "order_id"], "left_semi")
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

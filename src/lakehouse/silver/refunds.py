"""Refunds: when each was made, and how much was paid back."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import local_date
from lakehouse.parameters import Shops, by_shop
from lakehouse.silver import orders
from lakehouse.silver.order_rows import refund_rows
from lakehouse.silver.rules import CURRENCY_IS_A_CODE
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, DATE, LONG, MONEY, STRING, TIMESTAMP, Alarm, Column, Reference, Rule, Table

TABLE = Table(
    name="silver.refunds",
    grain="one refund",
    key=("shop_code", "refund_id"),
    scope="root_order_id",
    columns=(
        SHOP,
        Column(
            "order_id",
            LONG,
            "the order that was refunded; of a seller's copy the order that was paid, unless that was refunded too"
            " [WC_Order_Refund::get_parent_id]",
        ),
        Column("refund_id", LONG, "refund id; of the same number range as orders"),
        Column("refunded_at", TIMESTAMP, "UTC [WC_Order_Refund::get_date_created]"),
        Column("refund_date", DATE, "day of refunded_at in the shop's time zone"),
        Column("currency_code", STRING, "ISO 4217 code; the order's, where the refund has none [WC_Order_Refund::get_currency]"),
        Column("has_other_currency", BOOLEAN, "whether the refund is in another currency than its order"),
        Column("total_amount", MONEY, "with tax; negative or 0 [WC_Order_Refund::get_total]"),
        Column("tax_amount", MONEY, "all tax; negative or 0 [WC_Order_Refund::get_total_tax]"),
        Column("shipping_amount", MONEY, "shipping given back, without tax; negative or 0 [WC_Order_Refund::get_shipping_total]"),
        Column(
            "is_misdated", BOOLEAN, "whether refunded_at can't be: before 2000, or two days after the database's clock when it was read"
        ),
        Column("root_order_id", LONG, "root of order_id: the order that was paid"),
    ),
    rules=(
        # A refund that names no order has its own id as order_id.
        Rule("order_is_known", "order_id > 0 and not (order_id <=> refund_id)"),
        Rule("refunded_at_is_known", "refunded_at is not null"),
        CURRENCY_IS_A_CODE,
        Rule("total_is_not_positive", "total_amount <= 0"),
        Rule("shop_is_in_the_settings", "refund_date is not null or refunded_at is null"),
    ),
    alarms=(
        Alarm(
            "refunds_are_in_the_currency_of_their_orders",
            "a refund in another currency than its order can't be taken off it",
            "SELECT shop_code, refund_id, currency_code FROM {batch} WHERE has_other_currency",
            is_standing=True,
        ),
    ),
    may_be_empty=True,
    references=(Reference(("shop_code", "order_id"), orders.TABLE),),
)


def build(orders: DataFrame, order_operational_data: DataFrame, *, shops: Shops) -> DataFrame:
    """One row for each refund. The source has the tax of goods and of shipping in two places; here it is one sum.

    Amounts are negative or 0, whatever sign the source has.
    """
    shipping = order_operational_data.select(
        "shop_code", F.col("order_id").alias("refund_id"), "shipping_tax_amount", F.col("shipping_total_amount").alias("shipping_amount")
    )
    tax = F.coalesce("tax_amount", F.lit(0)) + F.coalesce("shipping_tax_amount", F.lit(0))
    return (
        refund_rows(orders)
        .withColumnsRenamed({"id": "refund_id", "refunded_order_id": "order_id", "_root_order_id": "root_order_id"})
        .withColumnsRenamed({"date_created_gmt": "refunded_at", "currency": "currency_code"})
        .join(shipping, ["shop_code", "refund_id"], "left")
        .withColumn("has_other_currency", F.coalesce(F.col("currency_code") != F.col("order_currency"), F.lit(False)))
        .withColumn("is_misdated", F.coalesce("is_misdated", F.lit(False)))
        .withColumn("total_amount", -F.abs(F.coalesce("total_amount", F.lit(0))))
        .withColumn("tax_amount", -F.abs(tax))
        .withColumn("shipping_amount", -F.abs(F.coalesce("shipping_amount", F.lit(0))))
        .withColumn("refund_date", by_shop(shops, lambda shop: local_date(F.col("refunded_at"), F.lit(shop.time_zone))))
    )

"""What was given back, line by line. Refunds of an amount only and of a whole order by its status have no lines."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from lakehouse.silver import refunds
from lakehouse.silver.order_rows import lines, only_orders, refund_rows
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, MONEY, QUANTITY, STRING, Column, Reference, Rule, Table

TABLE = Table(
    name="silver.refund_lines",
    grain="one product line of one refund",
    key=("shop_code", "refund_line_id"),
    scope="root_order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "the order that was refunded"),
        Column("refund_id", LONG, "the refund"),
        Column("refund_line_id", LONG, "item id"),
        Column("order_line_id", LONG, "the order line that was refunded; 0 if unknown"),
        Column("product_id", LONG, "the product, taken from the order line where the refund does not know it; 0 if unknown"),
        Column("variation_id", LONG, "the variation as stored; 0 if none"),
        Column(
            "quantity",
            QUANTITY,
            "negative or 0, or above it where the line was of a negative quantity [WC_Order_Item_Product::get_quantity]",
        ),
        Column("currency_code", STRING, "ISO 4217 code"),
        Column(
            "net_amount",
            MONEY,
            "without tax; negative or 0, or above it where the line was of a negative price [WC_Order_Item_Product::get_total]",
        ),
        Column("tax_amount", MONEY, "tax on net_amount [WC_Order_Item_Product::get_total_tax]"),
        Column("is_misdated", BOOLEAN, "whether its refund's date can't be"),
        Column("root_order_id", LONG, "root of order_id: the order that was paid"),
    ),
    rules=(
        Rule("quantity_is_a_number", "quantity is not null"),
        Rule("net_amount_is_a_number", "net_amount is not null"),
    ),
    may_be_empty=True,
    references=(Reference(("shop_code", "refund_id"), refunds.TABLE),),
)


def build(orders: DataFrame, order_items: DataFrame, order_item_meta: DataFrame, shops: DataFrame) -> DataFrame:
    """Line items of refunds. Of a product that was deleted before its refund the source stores id 0: the order's line knows it.

    That it is a refund says the sign: tills and programs store refunds with a plus too. What takes off the order's line is the other
    sign than the line's own has: a line of a negative price, or of a negative quantity (an exchange), is given back with a plus.
    """
    # Few orders have refunds: an item's numbers are put together from its meta for these alone.
    roots = orders.where(F.col("type") == "shop_order_refund").select("shop_code", "_root_order_id").distinct()
    items, meta = (rows.join(roots, ["shop_code", "_root_order_id"], "left_semi") for rows in (order_items, order_item_meta))
    ordered = lines(only_orders(orders), items, meta, shops)
    refunded = lines(refund_rows(orders), items, meta, shops, keep=("refunded_order_id", "is_misdated"))
    known = ordered.select(
        "shop_code",
        F.col("order_item_id").alias("refunded_item_id"),
        F.col("product_id").alias("ordered_product_id"),
        F.when(F.col("net_amount") < 0, 1).otherwise(-1).alias("amount_sign"),
        F.when(F.col("quantity") < 0, 1).otherwise(-1).alias("quantity_sign"),
    )
    product = F.when(F.col("product_id") > 0, F.col("product_id")).otherwise(F.coalesce("ordered_product_id", F.lit(0)))
    return (
        refunded.join(known, ["shop_code", "refunded_item_id"], "left")
        .withColumn("product_id", product)
        .withColumn("is_misdated", F.coalesce("is_misdated", F.lit(False)))
        .withColumn("quantity", _signed("quantity", "quantity_sign", QUANTITY))
        .withColumns({name: _signed(name, "amount_sign", MONEY) for name in ("net_amount", "tax_amount")})
        .withColumnsRenamed({"order_item_id": "refund_line_id", "refunded_item_id": "order_line_id", "order_id": "refund_id"})
        .withColumnsRenamed({"_root_order_id": "root_order_id", "refunded_order_id": "order_id"})
    )


def _signed(name: str, sign: str, to: DecimalType) -> SparkColumn:
    return (F.coalesce(sign, F.lit(-1)) * F.abs(name)).cast(to)

"""What was ordered: one row per line of an order."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.silver import orders
from lakehouse.silver.order_rows import lines, only_orders
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, MONEY, QUANTITY, STRING, Column, Reference, Rule, Table

TABLE = Table(
    name="silver.order_lines",
    grain="one product line of one order",
    key=("shop_code", "order_id", "order_line_id"),
    scope="root_order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "the order"),
        Column("order_line_id", LONG, "item id, unique in its shop; in shop `app` the number of the line in its order"),
        Column(
            "product_id",
            LONG,
            "of a variation its parent; 0 if unknown; may be of a product that is gone [WC_Order_Item_Product::get_product_id]",
        ),
        Column("variation_id", LONG, "the variation; 0 if none [WC_Order_Item_Product::get_variation_id]"),
        Column("product_name", STRING, "name at the time of the order [WC_Order_Item_Product::get_name]"),
        Column("quantity", QUANTITY, "as ordered; decimal where goods are sold by weight [WC_Order_Item_Product::get_quantity]"),
        Column("currency_code", STRING, "ISO 4217 code, the order's"),
        Column(
            "subtotal_amount",
            MONEY,
            "whole line before discount, without tax; of the app net_amount: no discount of a line is sent"
            " [WC_Order_Item_Product::get_subtotal]",
        ),
        Column("net_amount", MONEY, "whole line after discount, without tax [WC_Order_Item_Product::get_total]"),
        Column("tax_amount", MONEY, "tax on net_amount [WC_Order_Item_Product::get_total_tax]"),
        Column("root_order_id", LONG, "the order; of a seller's copy of an order the order that was paid"),
    ),
    rules=(
        Rule("quantity_is_a_number", "quantity is not null"),
        Rule("net_amount_is_a_number", "net_amount is not null"),
    ),
    references=(Reference(("shop_code", "order_id"), orders.TABLE),),
)


def build(
    orders: DataFrame,
    order_items: DataFrame,
    order_item_meta: DataFrame,
    app_order_lines: DataFrame,
    database_order_lines: DataFrame,
    shops: DataFrame,
) -> DataFrame:
    """Line items of orders, with the numbers that the source keeps as text; the lines of the app's own orders and of databases'."""
    found = lines(only_orders(orders), order_items, order_item_meta, shops)
    of_shops = found.withColumnsRenamed(
        {"order_item_id": "order_line_id", "order_item_name": "product_name", "_root_order_id": "root_order_id"}
    )
    of_app = app_order_lines.withColumns(
        {"order_line_id": F.col("line_no"), "subtotal_amount": F.col("net_amount"), "root_order_id": F.col("order_id")}
    )
    of_databases = database_order_lines.withColumns(
        {
            "order_line_id": F.col("line_id"),
            "product_id": F.coalesce("product_id", F.lit(0)),
            "variation_id": F.lit(0),
            "subtotal_amount": F.coalesce("subtotal_amount", "net_amount"),
            "root_order_id": F.col("_root_order_id"),
        }
    )
    every = (frame.select(*TABLE.column_names) for frame in (of_shops, of_app, of_databases))
    return reduce(DataFrame.unionByName, every)

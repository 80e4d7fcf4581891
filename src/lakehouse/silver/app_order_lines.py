"""What was ordered in the app where no shop has the order, with the shop's product of each line."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.silver import app_orders
from lakehouse.silver.product_matching import matched
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, MONEY, QUANTITY, STRING, Column, Reference, Table

TABLE = Table(
    name="silver.app_order_lines",
    grain="one line of an order of shop `app`",
    key=("shop_code", "order_id", "line_no"),
    optional=True,
    references=(Reference(("shop_code", "order_id"), app_orders.TABLE, key=("shop_code", "order_id")),),
    scope="order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "the order"),
        Column("line_no", LONG, "number of the line in its order"),
        Column("sku", STRING, "the shop's article number as sent"),
        Column("gtin", STRING, "GTIN as sent"),
        Column("product_name", STRING, "name when it was sold"),
        Column("quantity", QUANTITY, "pieces, or weight"),
        Column("currency_code", STRING, "ISO 4217 code, the order's"),
        Column("net_amount", MONEY, "whole line after discount, without tax"),
        Column("tax_amount", MONEY, "tax of the line"),
        Column("product_id", LONG, "the product of the shop (setting feed_shop) with this code; 0 without a match"),
        Column("variation_id", LONG, "its variation; 0 if none"),
        Column("product_match", STRING, "by which code it was found: gtin or sku; null without a match", accepted=("gtin", "sku")),
    ),
)


def build(app_order_lines: DataFrame, app_orders: DataFrame, product_codes: DataFrame, *, feed_shop: str) -> DataFrame:
    """Lines whose order is not there yet wait for it."""
    own = app_orders.where("not is_shops").select("shop_code", "order_id", "app_order_id", "currency_code")
    found = matched(app_order_lines.join(own, "app_order_id"), product_codes, feed_shop, gtin=F.col("gtin"), sku=F.col("sku"))
    return found.fillna(0, ["product_id", "variation_id"])

"""Which products of others' files no article of the shop is: what somebody should give a code to, in the shop or at the sender's."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty
from lakehouse.silver.product_codes import gtin_code, sku_code
from lakehouse.silver.product_matching import matched
from lakehouse.sources.mobile_app import ORDER_LINES
from lakehouse.sources.other_feeds import STOCK_LEVELS
from lakehouse.table import LONG, STRING, Column, Table

TABLE = Table(
    name="ops.unmatched_products",
    grain="the codes that one source has for a product, where no article of the shop has any of them",
    key=("source", "gtin", "sku", "article_code"),
    optional=True,
    columns=(
        Column("source", STRING, "app_order_lines, stock_levels, or the wholesaler"),
        Column("gtin", STRING, "GTIN, 14 digits with zeros in front; as sent where it is none; empty if missing"),
        Column("sku", STRING, "the shop's article number as the source has it, in capitals; empty if missing"),
        Column("article_code", STRING, "the wholesaler's article number; empty for others"),
        Column("description", STRING, "a name that the source has for it, the first by the alphabet; null of stock, which has none"),
        Column("row_count", LONG, "rows of the source with these codes"),
    ),
)


def build(
    app_order_lines: DataFrame, wholesale_offers: DataFrame, stock_levels: DataFrame, product_codes: DataFrame, *, feed_shop: str
) -> DataFrame:
    """Lines of app orders, offers and stock without a product of the shop `feed_shop`."""
    codes = {"gtin": F.col("gtin"), "sku": F.col("sku")}
    nothing = F.lit(None).cast("string")
    lines = matched(app_order_lines, product_codes, feed_shop, **codes).select(
        F.lit(ORDER_LINES.name).alias("source"),
        *codes,
        nothing.alias("article_code"),
        F.col("product_name").alias("description"),
        "product_id",
    )
    offers = wholesale_offers.select("wholesaler_code", "gtin", nothing, "article_code", "description", "product_id")
    stock = matched(stock_levels, product_codes, feed_shop, **codes).select(
        F.lit(STOCK_LEVELS.name), *codes, nothing, nothing, "product_id"
    )
    shown = {
        "gtin": F.coalesce(gtin_code(F.col("gtin")), null_if_empty(F.col("gtin")), F.lit("")),
        "sku": F.coalesce(sku_code(F.col("sku")), F.lit("")),
        "article_code": F.coalesce("article_code", F.lit("")),
    }
    unmatched = lines.union(offers).union(stock).where(F.col("product_id").isNull()).withColumns(shown)
    return unmatched.groupBy(*TABLE.key).agg(F.min("description").alias("description"), F.count("*").alias("row_count"))

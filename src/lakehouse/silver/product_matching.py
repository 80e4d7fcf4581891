"""Which article of a shop somebody else's row means, by the codes that it names."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.silver.product_codes import GTIN, SKU, gtin_code, sku_code

ARTICLE_MAP = "article_map"
FOUND = ("product_id", "variation_id", "product_match")


def matched(
    frame: DataFrame,
    product_codes: DataFrame,
    shop_code: str,
    *,
    gtin: Column | None = None,
    sku: Column | None = None,
    own_sku: Column | None = None,
) -> DataFrame:
    """The frame's rows with product_id, variation_id (0: the product itself) and product_match (how it was found); null without a match.

    By GTIN, else by SKU (`sku`), else by the SKU that the sender's list of articles gives (`article_map`). Codes are taken as
    the sender writes them. A code is there once a shop, so no row is multiplied.
    """
    codes = product_codes.where(F.col("shop_code") == shop_code)
    ways = ((GTIN, GTIN, gtin), (SKU, SKU, sku), (ARTICLE_MAP, SKU, own_sku))
    given = [(way, code_type, value) for way, code_type, value in ways if value is not None]
    found = frame
    for way, code_type, value in given:
        article = F.struct("product_id", "variation_id", F.lit(way).alias("product_match"))
        of_type = codes.where(F.col("code_type") == code_type).select(F.col("code").alias("_code"), article.alias(f"_{way}"))
        code = gtin_code(value) if code_type == GTIN else sku_code(value)
        # Codes of one shop fit in memory, and most rows lack one of the codes: a shuffle would send all of those to one place.
        found = found.withColumn("_code", code).join(F.broadcast(of_type), "_code", "left").drop("_code")
    first = F.coalesce(*(F.col(f"_{way}") for way, _, _ in given))
    kept = [name for name in frame.columns if name not in FOUND]
    return found.select(*kept, *(first[name].alias(name) for name in FOUND))

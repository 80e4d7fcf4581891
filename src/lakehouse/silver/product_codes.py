"""Which article of a shop has which code: how the products of others' files are found in the shop."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty, pivot_meta
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Rule, Table

GTIN, SKU = "gtin", "sku"
META = {GTIN: "_global_unique_id", SKU: "_sku"}
# Statuses of posts that are in the bin, or were never saved.
NOT_THERE = ("trash", "auto-draft")

TABLE = Table(
    name="silver.product_codes",
    grain="one code of articles of one shop; an article is a product or a variation",
    key=("shop_code", "code_type", "code"),
    columns=(
        SHOP,
        Column("code_type", STRING, "kind of code", accepted=("gtin", "sku")),
        Column("code", STRING, "a GTIN with 14 digits, zeros in front; a SKU in capitals, without white space around it"),
        Column("product_id", LONG, "the product; of a variation its parent"),
        Column("variation_id", LONG, "the variation; 0 if the code is the product's own"),
        Column("product_count", LONG, "articles of the shop that have this code; above 1 the shop should look at it"),
    ),
    rules=(Rule("code_is_not_empty", "code is null or code != ''"), Rule("product_count_is_positive", "product_count >= 1")),
    may_be_empty=True,
)


def build(posts: DataFrame, post_meta: DataFrame) -> DataFrame:
    """GTINs and SKUs of products and variations that are not in the bin.

    Where several articles share a code, a published one has it, then the one with the lowest product id, then variation id.
    """
    meta = pivot_meta(post_meta, ["shop_code", "post_id"], "meta_id", META)
    codes = F.explode(F.array(_typed(GTIN, gtin_code(F.col(GTIN))), _typed(SKU, sku_code(F.col(SKU)))))
    having = (
        _articles(posts)
        .join(meta, ["shop_code", "post_id"])
        .select("shop_code", codes.alias("typed"), F.struct("is_hidden", "product_id", "variation_id").alias("article"))
        .where(F.col("typed.code").isNotNull())
    )
    shared = having.groupBy("shop_code", "typed.code_type", "typed.code")
    return shared.agg(F.min("article").alias("first"), F.count("*").alias("product_count")).select(
        "*", "first.product_id", "first.variation_id"
    )


def gtin_code(value: SparkColumn) -> SparkColumn:
    """A GTIN (EAN, UPC, ISBN) as 14 digits, blanks and hyphens taken out; null for what is none.

    The check digit is not tested: shops and scales give numbers of their own, and the same one on both sides is the same article.
    """
    digits = F.regexp_replace(value, r"[\s-]", "")
    return F.when(digits.rlike("^[0-9]{8,14}$") & ~digits.rlike("^0+$"), F.lpad(digits, 14, "0"))


def sku_code(value: SparkColumn) -> SparkColumn:
    """An article number in capitals, without white space around it; null for none."""
    return F.upper(null_if_empty(value))


def _typed(code_type: str, code: SparkColumn) -> SparkColumn:
    return F.struct(F.lit(code_type).alias("code_type"), code.alias("code"))


def _articles(posts: DataFrame) -> DataFrame:
    """(shop_code, post_id, product_id, variation_id, is_hidden). What a variation is depends on its product too."""
    there = posts.where(~F.col("post_status").isin(*NOT_THERE)).withColumn("is_published", F.col("post_status") == "publish")
    is_variation = F.col("post_type") == "product_variation"
    products = there.where(~is_variation).select(
        "shop_code", F.col("id").alias("product_id"), F.col("is_published").alias("product_is_published")
    )
    articles = there.select(
        "shop_code",
        F.col("id").alias("post_id"),
        F.when(is_variation, F.col("post_parent")).otherwise(F.col("id")).alias("product_id"),
        F.when(is_variation, F.col("id")).otherwise(0).alias("variation_id"),
        "is_published",
    )
    return articles.join(products, ["shop_code", "product_id"]).withColumn(
        "is_hidden", ~(F.col("is_published") & F.col("product_is_published"))
    )

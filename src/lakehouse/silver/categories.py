"""The tree of product categories."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import unescape_html
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Table

TABLE = Table(
    name="silver.categories",
    grain="one product category",
    key=("shop_code", "category_id"),
    columns=(
        SHOP,
        Column("category_id", LONG, "term id"),
        Column("category_name", STRING, "name; HTML entities decoded"),
        Column("slug", STRING, "name for addresses"),
        Column("parent_category_id", LONG, "the category above; null at the top"),
    ),
    may_be_empty=True,
)


def build(terms: DataFrame, term_taxonomy: DataFrame) -> DataFrame:
    """Terms of the taxonomy product_cat."""
    categories = term_taxonomy.where(F.col("taxonomy") == "product_cat")
    return (
        categories.join(terms, ["shop_code", "term_id"])
        .withColumn("category_name", unescape_html(F.col("name")))
        .withColumn("parent_category_id", F.when(F.col("parent") > 0, F.col("parent")))
        .withColumnRenamed("term_id", "category_id")
    )

"""What the model would show: its best products per customer, before any rule of the shop."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.recommend.als import FactorModel
from lakehouse.recommend.scorer import top_products
from lakehouse.sources.source import SHOP
from lakehouse.table import DOUBLE, INTEGER, LONG, STRING, Column, Table

TABLE = Table(
    name="recommendations.candidates",
    grain="one product that the model proposes to one customer",
    key=("shop_code", "customer_key", "product_id"),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer"),
        Column("rank", INTEGER, "1 is the best"),
        Column("product_id", LONG, "the product; bought before, sold out or hidden ones are among them"),
        Column("score", DOUBLE, "dot product of the factors"),
        Column("model_version", STRING, "version in the model registry"),
    ),
)


def build(*, model: FactorModel, candidates_per_customer: int) -> DataFrame:
    """The model's top products within the customer's shop. Customers and products are those it was trained on."""
    ranked = top_products(model.customers, model.items(), candidates_per_customer)
    pairs = ranked.select("shop_code", "customer_key", F.posexplode(F.arrays_zip("product_ids", "scores")).alias("position", "pair"))
    return pairs.select(
        "shop_code",
        "customer_key",
        (F.col("position") + 1).alias("rank"),
        F.col("pair.product_ids").alias("product_id"),
        F.col("pair.scores").alias("score"),
        F.lit(model.version).alias("model_version"),
    )

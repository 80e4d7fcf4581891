"""Spark's implicit ALS on the decayed weights (Hu, Koren, Volinsky 2008), with ids that can be made again."""

from dataclasses import dataclass
from typing import NamedTuple

from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.keys import CUSTOMER, PRODUCT
from lakehouse.recommend.params import Als

# The pairs that a fit takes: of a known product, and with something left of their weight.
IS_KNOWN = "product_id > 0 and weight > 0"


class Factors(NamedTuple):
    """`customers`: shop_code, customer_key, features (array<float>); `products`: shop_code, product_id, features.

    Those of a trained model have its dense integers too: customer_idx, product_idx. `customers` may have `training_pairs`.
    """

    customers: DataFrame
    products: DataFrame

    @staticmethod
    def none(spark: SparkSession) -> "Factors":
        """Of the model that knows nobody and nothing."""
        customers = frame_from(spark, [], "shop_code string, customer_key string, features array<float>")
        return Factors(customers, frame_from(spark, [], "shop_code string, product_id bigint, features array<float>"))


@dataclass(frozen=True)
class Trained:
    """An ALS model and the dense integers that its rows stand for."""

    model: ALSModel
    customer_index: DataFrame
    product_index: DataFrame

    def factors(self) -> Factors:
        """By customer and product beside the integers."""
        return with_keys(self.model, self.customer_index, self.product_index)


def fit(interactions: DataFrame, params: Als) -> Trained:
    """Train on (shop_code, customer_key, product_id, weight); unknown products (id 0) are left out.

    Weights are divided by their mean, so that alpha means the same whatever they are: decayed orders, ratings, pieces.

    Ids are dense integers from sorted keys, so that a lake that was rebuilt gives the same model; the input is sorted
    and cached, because ALS's blocks and so its sums follow the order of rows.
    """
    known = interactions.where(IS_KNOWN)
    mean = mean_weight(interactions)
    customer_index = index(known, CUSTOMER, "customer_idx").persist()
    product_index = index(known, PRODUCT, "product_idx").persist()
    for keys in (customer_index, product_index):
        keys.count()  # Spark knows their size now and joins by broadcast: a third of the time
    ratings = (
        known.join(customer_index, CUSTOMER)
        .join(product_index, PRODUCT)
        .select("customer_idx", "product_idx", _rating(mean).alias("weight"))
        .repartition(params.blocks, "customer_idx")
        .sortWithinPartitions("customer_idx", "product_idx")
        .persist()
    )
    als = ALS(
        rank=params.rank,
        maxIter=params.iterations,
        regParam=params.reg_param,
        alpha=params.alpha,
        numUserBlocks=params.blocks,
        numItemBlocks=params.blocks,
        implicitPrefs=True,
        seed=params.seed,
        userCol="customer_idx",
        itemCol="product_idx",
        ratingCol="weight",
        coldStartStrategy="drop",
    )
    model = als.fit(ratings)
    ratings.unpersist()
    return Trained(model, customer_index, product_index)


def mean_weight(interactions: DataFrame) -> float:
    """Of the pairs that a fit takes. Rounded, because the last digits of a mean follow the order of rows."""
    return round(float((interactions.where(IS_KNOWN).agg(F.avg("weight")).first() or [1.0])[0] or 1.0), 6) or 1.0


def training_pairs(interactions: DataFrame, alpha: float) -> DataFrame:
    """What a fit on these interactions knows of each customer: shop_code, customer_key, `training_pairs`, one (product_id, confidence) for
    each product, by id. The confidence is 1 + alpha x the rating, as Spark has it: the rating is a float, all else are doubles."""
    confidence = (F.lit(1.0) + F.lit(float(alpha)) * _rating(mean_weight(interactions)).cast("double")).alias("confidence")
    pairs = F.sort_array(F.collect_list(F.struct("product_id", confidence))).alias("training_pairs")
    return interactions.where(IS_KNOWN).groupBy(*CUSTOMER).agg(pairs)


def _rating(mean: float) -> SparkColumn:
    return (F.col("weight") / F.lit(mean)).cast("float")


def index(rows: DataFrame, key: list[str], name: str) -> DataFrame:
    """The distinct keys with 0, 1, 2 … in their sorted order. One partition sorts them: keys only, tens of bytes each."""
    position = F.row_number().over(Window.orderBy(*key)) - 1
    return rows.select(*key).distinct().withColumn(name, position)


def with_keys(model: ALSModel, customer_index: DataFrame, product_index: DataFrame) -> Factors:
    """The model's factors by customer and product beside its integers."""
    customers = model.userFactors.withColumnRenamed("id", "customer_idx").join(customer_index, "customer_idx")
    products = model.itemFactors.withColumnRenamed("id", "product_idx").join(product_index, "product_idx")
    return Factors(customers.select(*CUSTOMER, "customer_idx", "features"), products.select(*PRODUCT, "product_idx", "features"))

"""Spark's implicit ALS on the decayed weights (Hu, Koren, Volinsky 2008), with ids that can be made again."""

from dataclasses import dataclass

import numpy as np
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.recommend.params import Als
from lakehouse.recommend.scorer import ItemFactors

CUSTOMER, PRODUCT = ["shop_code", "customer_key"], ["shop_code", "product_id"]


@dataclass(frozen=True)
class FactorModel:
    """A trained model, known by its version in the registry and the run that made it.

    `customers`: shop_code, customer_key, features; `products`: shop_code, product_id, features.
    """

    version: str | None
    run_id: str
    customers: DataFrame
    products: DataFrame

    @staticmethod
    def none(spark: SparkSession) -> "FactorModel":
        """The model that knows nobody: what scores while there is no champion."""
        customers = spark.createDataFrame([], "shop_code string, customer_key string, features array<float>")
        return FactorModel(None, "", customers, spark.createDataFrame([], "shop_code string, product_id bigint, features array<float>"))

    def __repr__(self) -> str:
        return f"FactorModel({self.version} of {self.run_id})"

    def items(self) -> dict[str, ItemFactors]:
        """Shop code → its products, on the driver, ids ascending."""
        rows = self.products.select("shop_code", "product_id", "features").orderBy("shop_code", "product_id").toArrow()
        if rows.num_rows == 0:
            return {}
        codes = np.asarray(rows.column("shop_code").to_pylist())
        ids = np.asarray(rows.column("product_id"))
        factors = np.asarray(rows.column("features").combine_chunks().flatten(), dtype=np.float32).reshape(rows.num_rows, -1)
        return {str(code): ItemFactors(ids[codes == code], factors[codes == code]) for code in np.unique(codes)}


@dataclass(frozen=True)
class Trained:
    """An ALS model and the dense integers that its rows stand for."""

    model: ALSModel
    customer_index: DataFrame
    product_index: DataFrame

    def factors(self) -> FactorModel:
        """For judging, without being registered."""
        return with_keys(None, "", self.model, self.customer_index, self.product_index)


def fit(interactions: DataFrame, params: Als) -> Trained:
    """Train on (shop_code, customer_key, product_id, weight); unknown products (id 0) are left out.

    Ids are dense integers from sorted keys, so that a lake that was rebuilt gives the same model; the input is sorted
    and cached, because ALS's blocks and so its sums follow the order of rows.
    """
    known = interactions.where("product_id > 0")
    customer_index = index(known, CUSTOMER, "customer_idx").persist()
    product_index = index(known, PRODUCT, "product_idx").persist()
    ratings = (
        known.join(customer_index, CUSTOMER)
        .join(product_index, PRODUCT)
        .select("customer_idx", "product_idx", F.col("weight").cast("float").alias("weight"))
        .repartitionByRange(params.blocks, "customer_idx", "product_idx")
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


def index(rows: DataFrame, key: list[str], name: str) -> DataFrame:
    """The distinct keys with 0, 1, 2 … in their sorted order. One partition sorts them: keys only, tens of bytes each."""
    position = F.row_number().over(Window.orderBy(*key)) - 1
    return rows.select(*key).distinct().withColumn(name, position)


def with_keys(version: str | None, run_id: str, model: ALSModel, customer_index: DataFrame, product_index: DataFrame) -> FactorModel:
    """The model's factors by customer and product in place of integers."""
    customers = model.userFactors.withColumnRenamed("id", "customer_idx").join(customer_index, "customer_idx")
    products = model.itemFactors.withColumnRenamed("id", "product_idx").join(product_index, "product_idx")
    return FactorModel(version, run_id, customers.select(*CUSTOMER, "features"), products.select(*PRODUCT, "features"))

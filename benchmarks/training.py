"""Our train step beside a bare ALS.fit on a cached frame of integers, in the same process: python benchmarks/training.py --help"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.io.config.settings import load_settings, read_conf
from lakehouse.io.spark.classic_session import blas_name
from lakehouse.io.spark.session import spark_session
from lakehouse.recommend import als
from lakehouse.recommend.params import Als, parse_params


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=3_000_000)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    spark, params = spark_session(load_settings("local")), parse_params(read_conf("als.yaml")).als
    params = params.model_copy(update={"rank": args.rank})
    interactions = made_up(spark, args.customers, args.products, args.pairs).persist()
    print(f"{interactions.count():,} pairs, rank {params.rank}, {params.iterations} iterations")
    blas = blas_name(spark)
    print(f"BLAS: {blas}" + ("  -- Java: install OpenBLAS, it is 1.75 times as fast" if "Java" in blas else ""))
    integers = interactions.select(
        F.substring("customer_key", 2, 9).cast("int").alias("customer_idx"),
        F.col("product_id").cast("int").alias("product_idx"),
        F.col("weight").cast("float").alias("weight"),
    ).persist()
    integers.count()
    ours, bare = [], []
    for turn in range(args.repeat):
        for seconds, step in ((ours, lambda: als.fit(interactions, params)), (bare, lambda: bare_fit(integers, params))):
            seconds.append(timed(step))
            print(f"{'ours' if seconds is ours else 'bare ALS.fit':<14} {turn + 1}  {seconds[-1]:7.2f} s")
    print(f"ours / bare ALS.fit: {min(ours) / min(bare):.3f} (best of {args.repeat} each)")


def made_up(spark: SparkSession, customers: int, products: int, pairs: int) -> DataFrame:
    """Distinct pairs, seeded; customers evenly, products by a power law, weights above 0."""
    chance = np.random.default_rng(7)
    customer = chance.integers(0, customers, pairs)
    product = np.minimum((products * chance.random(pairs) ** 2.5).astype(np.int64), products - 1) + 1
    unique = np.unique(customer * (products + 1) + product)
    table = pa.table(
        {"c": unique // (products + 1), "product_id": unique % (products + 1), "weight": chance.exponential(1.0, len(unique)) + 0.01}
    )
    frame = spark.createDataFrame(table)
    return frame.select(F.lit("x").alias("shop_code"), F.format_string("c%09d", "c").alias("customer_key"), "product_id", "weight")


def bare_fit(integers: DataFrame, params: Als) -> None:
    ALS(
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
    ).fit(integers)


def timed(step: Callable[[], object]) -> float:
    started = time.monotonic()
    step()
    return time.monotonic() - started


if __name__ == "__main__":
    main()

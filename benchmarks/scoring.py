"""The scorer beside a bare matrix product of the same size, a plain numpy top-N, and recommendForAllUsers, in the same run; best of two.

python benchmarks/scoring.py --help. Factors are made up, so that only the scoring is measured; the scorer does what it does at night:
masks, three lists, blend. `--only N` scores N customers with ours alone, for memory and growth.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from jdbc import peak_kilobytes
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession

from lakehouse.io.config.settings import load_settings, read_conf
from lakehouse.io.spark.session import spark_session
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.lists.contributions import NormalEquations
from lakehouse.recommend.params import parse_params
from lakehouse.recommend.scorer import Ranking, top_lists
from lakehouse.recommend.scoring_arrays import BLOCK, ScoringArrays

PROFILE = pa.schema(
    [
        ("shop_code", pa.string()),
        ("customer_key", pa.string()),
        ("country_code", pa.string()),
        (
            "own",
            pa.list_(
                pa.struct(
                    [
                        ("product_id", pa.int64()),
                        ("weight", pa.float64()),
                        ("order_count", pa.int64()),
                        ("recency_days", pa.float64()),
                        ("span_days", pa.float64()),
                    ]
                )
            ),
        ),
        ("features", pa.list_(pa.float32())),
        ("training_pairs", pa.list_(pa.struct([("product_id", pa.int64()), ("confidence", pa.float64())]))),
    ]
)
BOUGHT = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("-n", type=int, default=50)
    parser.add_argument("--neighbours", type=int, default=0, help="kept per product; 0: ALS alone, as the peers")
    parser.add_argument("--reasons", action="store_true", help="ours with the reasons of each place")
    parser.add_argument("--only", type=int, help="score so many customers with ours alone")
    args = parser.parse_args()
    spark = spark_session(load_settings("local"))
    chance = np.random.default_rng(7)
    items = chance.normal(size=(args.products, args.rank)).astype(np.float32)
    if args.only:
        seconds = ours(spark, args.only, items, args.n, args.neighbours, args.reasons)
        each = seconds / args.only * 1e6
        print(f"{args.only:,} customers: {seconds:.1f} s, {each:.0f} µs each, {memory()}")
        return
    users = chance.normal(size=(args.customers, args.rank)).astype(np.float32)
    als = from_factors(spark, users, items)
    found = {
        "gemm": timed(lambda: gemm(users, items)),
        "numpy top-N": timed(lambda: top_n(users, items, args.n)),
        "ours": ours(spark, args.customers, items, args.n, args.neighbours, args.reasons),
        "recommendForAllUsers": timed(lambda: nowhere(als.recommendForAllUsers(args.n))),
    }
    for name, seconds in found.items():
        print(f"{name:<22} {seconds:8.2f} s  {seconds / args.customers * 1e6:8.1f} µs a customer  {seconds / found['gemm']:6.2f} x gemm")
    print(f"recommendForAllUsers / ours: {found['recommendForAllUsers'] / found['ours']:.1f}; {memory()}")


def gemm(users: np.ndarray, items: np.ndarray) -> None:
    """In blocks, as the scorer's; numpy takes all cores."""
    for start in range(0, len(users), BLOCK):
        users[start : start + BLOCK] @ items.T


def top_n(users: np.ndarray, items: np.ndarray, n: int) -> None:
    """What one would write first."""
    for start in range(0, len(users), BLOCK):
        scores = users[start : start + BLOCK] @ items.T
        top = np.argpartition(-scores, n, axis=1)[:, :n]
        np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1), axis=1)


def ours(spark: SparkSession, customers: int, items: np.ndarray, n: int, neighbours: int, with_reasons: bool) -> float:
    """Seconds of scoring a staged frame into nowhere, workers started before."""
    with tempfile.TemporaryDirectory() as folder:
        profiles = staged(spark, customers, items, folder)
        equations = NormalEquations.of([items], reg_param=0.3) if with_reasons else None
        blend = Blend.of(parse_params(read_conf("als.yaml")).blend)
        ranking = Ranking({"x": catalogue(items, neighbours)}, blend, n, explained_by=equations)
        nowhere(top_lists(profiles.limit(4 * BLOCK).repartition(2), ranking))
        return timed(lambda: nowhere(top_lists(profiles, ranking)))


def catalogue(items: np.ndarray, neighbours: int) -> ScoringArrays:
    chance, products = np.random.default_rng(7), len(items)
    kept = sp.random_array((products, products), density=neighbours / products, rng=chance, format="csr", dtype=np.float32)
    recent = {country: chance.random(products).astype(np.float32) for country in ("*", "NL", "DE", "FR")}
    ever, eligible = chance.random(products).astype(np.float32), chance.random(products) < 0.9
    nothing = np.zeros(0, dtype=np.int64)
    return ScoringArrays(np.arange(products), items, kept, recent, ever, eligible, nothing, sp.csr_matrix((products, 0)))


def staged(spark: SparkSession, customers: int, items: np.ndarray, folder: str) -> DataFrame:
    """Profiles as Parquet: factors, and 40 products bought by each, on which ALS is said to be trained."""
    chance = np.random.default_rng(8)
    for part, start in enumerate(range(0, customers, 10_000)):
        size = min(10_000, customers - start)
        products = np.sort(chance.integers(0, len(items), (size, BOUGHT)), axis=1).reshape(-1)
        pairs = pa.StructArray.from_arrays(
            [
                pa.array(products, pa.int64()),
                pa.array(chance.random(size * BOUGHT)),
                pa.array(chance.integers(1, 9, size * BOUGHT), pa.int64()),
                pa.array(chance.integers(0, 99, size * BOUGHT).astype(float)),
                pa.array(chance.integers(0, 99, size * BOUGHT).astype(float)),
            ],
            names=["product_id", "weight", "order_count", "recency_days", "span_days"],
        )
        confident = pa.array(1 + 4 * chance.exponential(size=size * BOUGHT))
        trained = pa.StructArray.from_arrays([pa.array(products, pa.int64()), confident], names=["product_id", "confidence"])
        factors = pa.array(chance.normal(size=size * items.shape[1]).astype(np.float32))
        columns = [
            pa.array(["x"] * size),
            pa.array([f"c{start + i:09}" for i in range(size)]),
            pa.array(chance.choice(["NL", "DE", "FR", "IT"], size)),
            pa.ListArray.from_arrays(pa.array(np.arange(0, (size + 1) * BOUGHT, BOUGHT), pa.int32()), pairs),
            pa.ListArray.from_arrays(pa.array(np.arange(0, (size + 1) * items.shape[1], items.shape[1]), pa.int32()), factors),
            pa.ListArray.from_arrays(pa.array(np.arange(0, (size + 1) * BOUGHT, BOUGHT), pa.int32()), trained),
        ]
        table = pa.Table.from_arrays(columns, schema=PROFILE)
        spark.createDataFrame(table).write.mode("append").parquet(f"{folder}/profiles")
        print(f"\rmade {part * 10_000 + size:,} customers", end="", flush=True)
    print()
    return spark.read.parquet(f"{folder}/profiles")


def from_factors(spark: SparkSession, users: np.ndarray, items: np.ndarray) -> ALSModel:
    """A model with these factors, by the way of its files."""
    tiny = ALS(rank=users.shape[1], maxIter=1, userCol="u", itemCol="i", ratingCol="r").fit(
        spark.createDataFrame([(0, 0, 1.0)], "u int, i int, r float")
    )
    with tempfile.TemporaryDirectory() as folder:
        tiny.write().overwrite().save(f"{folder}/model")
        for name, values in (("userFactors", users), ("itemFactors", items)):
            flat = pa.array(values.reshape(-1))
            offsets = pa.array(np.arange(0, values.size + 1, values.shape[1]), pa.int32())
            table = pa.table({"id": pa.array(np.arange(len(values)), pa.int32()), "features": pa.ListArray.from_arrays(offsets, flat)})
            spark.createDataFrame(table).repartition(2).write.mode("overwrite").parquet(f"{folder}/model/{name}")
        model = ALSModel.load(f"{folder}/model")
        model.userFactors.cache().count(), model.itemFactors.cache().count()
    return model


def nowhere(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def timed(step: Callable[[], object]) -> float:
    """Seconds, the better of two: the first one of a JVM compiles."""
    return min(_once(step), _once(step))


def _once(step: Callable[[], object]) -> float:
    started = time.monotonic()
    step()
    return time.monotonic() - started


def memory() -> str:
    """The most that the JVM and the Python workers, all together, ever had in memory, each at its own time."""
    peaks = [(Path(f"/proc/{pid}/comm").read_text() == "java\n", peak_kilobytes(pid)) for pid in descendants(os.getpid())]
    java, workers = (sum(peak for is_java, peak in peaks if is_java is wanted) / 1e6 for wanted in (True, False))
    return f"JVM {java:.2f} GB, workers {workers:.2f} GB"


def descendants(pid: int) -> list[int]:
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return children + [further for child in children for further in descendants(child)]


if __name__ == "__main__":
    main()

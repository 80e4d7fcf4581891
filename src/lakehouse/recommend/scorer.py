"""Exact top-N of a factor model for all customers: one matrix product per block of customers, inside the executors.

Not ALS's own recommendForAllUsers, which crosses blocks through a JVM priority queue and shuffles every candidate.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

BLOCK = 64
RANKED = "shop_code string, customer_key string, product_ids array<bigint>, scores array<float>"


@dataclass(frozen=True)
class ItemFactors:
    """The products of one shop, ids ascending, and their factors (float32, products × rank)."""

    product_ids: np.ndarray
    factors: np.ndarray


def top_products(customers: DataFrame, items: Mapping[str, ItemFactors], n: int) -> DataFrame:
    """The `n` products of their shop with the largest dot product for each customer: best first, ties by id.

    `customers`: shop_code, customer_key, features array<float>; `items`: by shop code. Gives shop_code, customer_key,
    product_ids and scores (arrays of equal length, at most n).
    """
    shared = customers.sparkSession.sparkContext.broadcast(items)
    return customers.select("shop_code", "customer_key", "features").mapInArrow(_scorer(shared, n), RANKED)


def _scorer(shared, n: int) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:  # type: ignore[no-untyped-def]
    def score(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in batches:
            for code in pc.unique(batch.column("shop_code")).to_pylist():
                of_shop = batch.filter(pc.equal(batch.column("shop_code"), code))
                for start in range(0, of_shop.num_rows, BLOCK):
                    yield _score_block(of_shop.slice(start, BLOCK), shared.value[code], n)

    return score


def _score_block(block: pa.RecordBatch, items: ItemFactors, n: int) -> pa.RecordBatch:
    features = np.asarray(block.column("features").flatten(), dtype=np.float32).reshape(block.num_rows, -1)
    ids, scores = best(features @ items.factors.T, items.product_ids, n)
    columns = [block.column("shop_code"), block.column("customer_key"), _lists(ids, pa.int64()), _lists(scores, pa.float32())]
    return pa.RecordBatch.from_arrays(columns, names=["shop_code", "customer_key", "product_ids", "scores"])


def best(scores: np.ndarray, ids: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(ids, scores) of the n best columns of each row, best first; of equal scores the smaller id. `ids` ascend."""
    n = min(n, scores.shape[1])
    threshold = -np.partition(-scores, n - 1, axis=1)[:, n - 1]
    picked = np.empty((len(scores), n), dtype=np.int64)
    for row, (values, least) in enumerate(zip(scores, threshold, strict=True)):
        # Every column at the threshold takes part, so that ties are broken by id and not by the partition's whim.
        candidates = np.flatnonzero(values >= least)
        picked[row] = candidates[np.argsort(-values[candidates], kind="stable")[:n]]
    return ids[picked], np.take_along_axis(scores, picked, axis=1)


def _lists(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    rows, width = values.shape
    return pa.ListArray.from_arrays(pa.array(np.arange(0, (rows + 1) * width, width, dtype=np.int32)), pa.array(values.reshape(-1), kind))

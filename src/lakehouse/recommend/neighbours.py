"""Which products speak for which others: a linear item-item model, the companion of ALS where baskets say more than factors can.

EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data"): a product's score is a weighted sum of what the customer
bought, the weights a ridge regression of each product on all others, in closed form from one matrix of products by products.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.recommend.params import Neighbours as Parameters

KEPT = pa.schema([("shop_code", pa.string()), ("product_id", pa.int64()), ("neighbour_id", pa.int64()), ("weight", pa.float32())])


@dataclass(frozen=True)
class Neighbours:
    """Of one shop: product ids, ascending, and the weights (products × products, sparse, float32): column j holds what speaks for j."""

    product_ids: np.ndarray
    weights: sp.csr_matrix


def fit(interactions: DataFrame, params: Parameters) -> dict[str, Neighbours]:
    """By shop code, from (shop_code, customer_key, product_id, order_count, weight). Learned on the driver, from a sample of customers."""
    known = interactions.where("product_id > 0 and weight > 0")
    rows = _sampled(known, params).toArrow()
    codes = np.asarray(rows.column("shop_code").to_pylist(), dtype=object)
    customers, products, weights = (rows.column(name).to_numpy() for name in ("customer", "product_id", "weight"))
    found = {}
    for code in sorted(set(codes)):
        mine = codes == code
        found[str(code)] = learned(customers[mine], products[mine], weights[mine], params)
    return found


def learned(customers: np.ndarray, products: np.ndarray, weights: np.ndarray, params: Parameters) -> Neighbours:
    """From pairs of one shop (arrays of one length; weights > 0)."""
    _, row = np.unique(customers, return_inverse=True)
    ids, column = np.unique(products, return_inverse=True)
    bought = sp.csr_matrix((damped(weights), (row, column)))
    gram = (bought.T @ bought).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += params.ridge * np.diag(gram).mean()
    inverse = np.linalg.inv(gram)
    del gram
    inverse /= -np.diag(inverse)
    np.fill_diagonal(inverse, 0.0)
    return Neighbours(ids, strongest(inverse.astype(np.float32), params.kept))


def damped(weights: np.ndarray) -> np.ndarray:
    """How much a purchase counts here: the tenth order of a product says less than the first."""
    return np.sqrt(weights, dtype=np.float32)


def strongest(weights: np.ndarray, kept: int) -> sp.csr_matrix:
    """Of each column the `kept` values that are largest in size."""
    if kept < len(weights):
        least = np.partition(np.abs(weights), len(weights) - kept, axis=0)[len(weights) - kept]
        weights = np.where(np.abs(weights) >= least, weights, np.float32(0))
    return sp.csr_matrix(weights)


def merged(found: Mapping[str, Neighbours], code: str, product_ids: np.ndarray) -> sp.csr_matrix:
    """The weights of a shop between all products of a catalogue (ids ascending, a superset or not); zero for those never learned."""
    empty = sp.csr_matrix((len(product_ids), len(product_ids)), dtype=np.float32)
    if code not in found or len(product_ids) == 0:
        return empty
    mine = found[code]
    place = np.searchsorted(product_ids, mine.product_ids).clip(max=len(product_ids) - 1)
    there = product_ids[place] == mine.product_ids
    old = mine.weights.tocoo()
    use = there[old.row] & there[old.col]
    return sp.csr_matrix((old.data[use], (place[old.row[use]], place[old.col[use]])), shape=empty.shape)


def as_frame(spark: SparkSession, found: Mapping[str, Neighbours]) -> DataFrame:
    """To keep with a model: shop_code, product_id (speaks), neighbour_id (for), weight."""
    parts = [pa.table([[], [], [], []], schema=KEPT)]
    for code, mine in found.items():
        pairs = mine.weights.tocoo()
        columns = [pa.array([code] * pairs.nnz, pa.string()), mine.product_ids[pairs.row], mine.product_ids[pairs.col], pairs.data]
        parts.append(pa.table(columns, schema=KEPT))
    return spark.createDataFrame(pa.concat_tables(parts))


def from_frame(kept: DataFrame) -> dict[str, Neighbours]:
    """What `as_frame` gave."""
    rows = kept.toArrow()
    codes = np.asarray(rows.column("shop_code").to_pylist(), dtype=object)
    speaks, speaks_for, weight = (rows.column(name).to_numpy() for name in ("product_id", "neighbour_id", "weight"))
    found = {}
    for code in sorted(set(codes)):
        mine = codes == code
        ids = np.union1d(speaks[mine], speaks_for[mine])
        place = (np.searchsorted(ids, speaks[mine]), np.searchsorted(ids, speaks_for[mine]))
        found[str(code)] = Neighbours(ids, sp.csr_matrix((weight[mine], place), shape=(len(ids), len(ids))))
    return found


def _sampled(known: DataFrame, params: Parameters) -> DataFrame:
    popular = known.groupBy("shop_code", "product_id").agg(F.sum("order_count").alias("n"))
    best = Window.partitionBy("shop_code").orderBy(F.desc("n"), "product_id")
    popular = popular.withColumn("place", F.row_number().over(best)).where(F.col("place") <= params.products)
    people = known.select("shop_code", F.xxhash64("customer_key").alias("customer")).distinct()
    some = Window.partitionBy("shop_code").orderBy("customer")
    people = people.withColumn("place", F.row_number().over(some)).where(F.col("place") <= params.customers)
    return (
        known.withColumn("customer", F.xxhash64("customer_key"))
        .join(F.broadcast(popular.select("shop_code", "product_id")), ["shop_code", "product_id"])
        .join(people.select("shop_code", "customer"), ["shop_code", "customer"])
        .select("shop_code", "customer", "product_id", "weight")
        # The same rows in the same order give the same sums.
        .orderBy("shop_code", "customer", "product_id")
    )

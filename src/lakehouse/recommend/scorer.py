"""The lists of all customers, exactly: a few array operations per block of customers, inside the executors.

Not ALS's own recommendForAllUsers, which crosses blocks through a JVM priority queue, shuffles every candidate and knows no masks.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.recommend.blend import Blend
from lakehouse.recommend.catalogue import CUSTOMER, FLOOR, Block, Catalogue

BLOCK = 64
GROUP = 32
BUY_AGAIN, DISCOVER, MIXED = "buy_again", "discover", "mixed"
LISTS = (BUY_AGAIN, DISCOVER, MIXED)
ALS, OWN_FREQUENCY, POPULARITY, NEW_PRODUCT = "als", "own_frequency", "popularity", "new_product"
RANKED = "shop_code string, customer_key string, list string, product_ids array<bigint>, scores array<double>, sources array<string>"
NEVER = np.float32(-np.inf)


@dataclass(frozen=True)
class Ranking:
    """What is ranked: the catalogues by shop, the exponents, places per list, whether `discover` may show what was bought, and the
    share of its places that new products get at most."""

    catalogues: Mapping[str, Catalogue]
    blend: Blend
    length: int
    keep_seen: bool = False
    new_share: float = 0.0


def top_lists(profiles: DataFrame, ranking: Ranking) -> DataFrame:
    """Up to three rows per customer of `profiles` (see catalogue.profiles): the arrays of each list, best first, ties by id.

    `buy_again` has what was bought before, `discover` what was not, `mixed` both. Only eligible products. Customers of whom nothing
    is known get what is popular in their country.
    """
    shared = profiles.sparkSession.sparkContext.broadcast(ranking)
    return profiles.mapInArrow(_over_blocks(shared, _lists), RANKED)


def pair_scores(pairs: DataFrame, profiles: DataFrame, ranking: Ranking) -> DataFrame:
    """shop_code, customer_key, product_id and its `discover` score, bought or not, for each of `pairs`; null for unknown products."""
    asked = pairs.groupBy(*CUSTOMER).agg(F.collect_list("product_id").alias("products"))
    shared = profiles.sparkSession.sparkContext.broadcast(ranking)
    return profiles.join(asked, CUSTOMER).mapInArrow(
        _over_blocks(shared, _pairs), "shop_code string, customer_key string, product_id bigint, score double"
    )


def _over_blocks(shared, act) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:  # type: ignore[no-untyped-def]
    def work(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in batches:
            for code in pc.unique(batch.column("shop_code")).to_pylist():
                of_shop = batch.filter(pc.equal(batch.column("shop_code"), code))
                for start in range(0, of_shop.num_rows, BLOCK):
                    if code in shared.value.catalogues:
                        yield act(of_shop.slice(start, BLOCK), code, shared.value)

    return work


def _lists(batch: pa.RecordBatch, code: str, ranking: Ranking) -> pa.RecordBatch:
    catalogue, n = ranking.catalogues[code], ranking.length
    block = Block.of(batch, catalogue)
    scores, again = utilities(block, catalogue, ranking.blend)
    scores[:, ~catalogue.eligible] = NEVER
    seen = best(scores, n) if ranking.keep_seen else None
    values = scores.copy() if ranking.keep_seen else scores
    scores[block.row, block.column] = NEVER
    unseen = best(scores, n)
    edges, sources = np.searchsorted(block.row, np.arange(len(block) + 1)), np.where(block.is_new, POPULARITY, ALS)
    is_bought, of_again, of_new = ranking.blend.mixed
    arriving = _arriving(block, catalogue, int(n * ranking.new_share))
    found = _Found([], [], [], [], [])
    for row in range(len(block)):
        mine = slice(edges[row], edges[row + 1])
        may = catalogue.eligible[block.column[mine]]
        own, own_score = _ordered(block.column[mine][may], again[mine][may], n)
        new, new_score = _shown(unseen[row], scores[row])
        mixed, mixed_score = _ordered(np.concatenate([own, new]), np.concatenate([is_bought + of_again * own_score, of_new * new_score]), n)
        found.add(row, BUY_AGAIN, own, own_score, np.full(len(own), OWN_FREQUENCY))
        shown = _shown(seen[row], values[row]) if seen is not None else (new, new_score)
        found.add(row, DISCOVER, *_with_arrivals(*shown, np.full(len(shown[0]), sources[row]), arriving[row], n))
        found.add(row, MIXED, mixed, mixed_score, np.where(np.isin(mixed, own), OWN_FREQUENCY, sources[row]))
    return found.batch(batch, catalogue)


def _pairs(batch: pa.RecordBatch, code: str, ranking: Ranking) -> pa.RecordBatch:
    catalogue = ranking.catalogues[code]
    scores, _ = utilities(Block.of(batch, catalogue), catalogue, ranking.blend)
    products = batch.column("products")
    row, asked = np.asarray(pc.list_parent_indices(products), dtype=np.int64), np.asarray(pc.list_flatten(products))
    column = catalogue.places(asked)
    value = np.where(column >= 0, scores[row, column], np.nan).astype(np.float64)
    columns = [batch.column(name).take(pa.array(row)) for name in ("shop_code", "customer_key")]
    return pa.RecordBatch.from_arrays(
        [*columns, pa.array(asked), pa.array(value, from_pandas=True)], names=[*CUSTOMER, "product_id", "score"]
    )


def utilities(block: Block, catalogue: Catalogue, blend: Blend) -> tuple[np.ndarray, np.ndarray]:
    """(customers × products: how likely as something new, flat: how likely each bought product is bought again), as logarithms."""
    als, near = block.expected(catalogue)
    recent = catalogue.recents(block.countries)
    own = own_parts(block, catalogue, als, near, recent)
    again = own @ np.asarray(blend.buy_again)
    of_als, of_near, of_recent, of_ever = (np.float32(value) for value in blend.discover)
    # Popularity alone where nothing else is known: the exponents of the fit are for those whose taste is known.
    popular = recent[block.is_new] + FLOOR * catalogue.ever
    als *= of_als
    near *= of_near
    als += near
    als += of_recent * recent
    als += of_ever * catalogue.ever
    als[block.is_new] = popular
    return als, again


def own_parts(block: Block, catalogue: Catalogue, als: np.ndarray, near: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Pairs bought × the parts of blend.BUY_AGAIN."""
    at = (block.row, block.column)
    return np.stack(
        [
            np.log(block.weight + FLOOR),
            np.log(block.order_count),
            np.log1p(block.recency),
            recent[at],
            catalogue.ever[block.column],
            als[at],
            near[at],
        ],
        axis=1,
    )


def best(scores: np.ndarray, n: int) -> np.ndarray:
    """Columns of the n largest values of each row, best first; of equal ones the smaller column.

    The n-th largest of the maxima of groups of columns is not above the n-th largest value: all that are below it are passed over.
    """
    rows, width = scores.shape
    n = min(n, width)
    if n == 0:
        return np.zeros((rows, 0), dtype=np.int64)
    whole = width - width % GROUP
    maxima = scores[:, :whole].reshape(rows, -1, GROUP).max(axis=2)
    if whole < width:
        maxima = np.concatenate([maxima, scores[:, whole:]], axis=1)
    if maxima.shape[1] < n:
        maxima = scores
    least = np.partition(maxima, maxima.shape[1] - n, axis=1)[:, maxima.shape[1] - n]
    picked = np.empty((rows, n), dtype=np.int64)
    for row in range(rows):
        candidates = np.flatnonzero(scores[row] >= least[row])
        picked[row] = candidates[np.argsort(-scores[row, candidates], kind="stable")[:n]]
    return picked


def _arriving(block: Block, catalogue: Catalogue, places: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each customer the new products that suit best: columns and affinity; none that was bought or suits nothing."""
    nothing = (np.zeros(0, dtype=np.int64), np.zeros(0))
    if not places or len(catalogue.arrivals) == 0:
        return [nothing] * len(block)
    affinity = block.arrivals(catalogue).astype(np.float64)
    affinity[:, ~catalogue.eligible[catalogue.arrivals]] = 0
    place = np.full(len(catalogue.product_ids), -1)
    place[catalogue.arrivals] = np.arange(len(catalogue.arrivals))
    bought = place[block.column] >= 0
    affinity[block.row[bought], place[block.column[bought]]] = 0
    found = []
    for mine, top in zip(affinity, best(affinity, places), strict=True):
        top = top[mine[top] > 0]
        found.append((catalogue.arrivals[top], mine[top]))
    return found


def _with_arrivals(
    columns: np.ndarray, scores: np.ndarray, sources: np.ndarray, arriving: tuple[np.ndarray, np.ndarray], n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The list with its last places given to new products that are not on it anyway."""
    new, affinity = arriving
    kept = n - len(new)
    others = ~np.isin(new, columns[:kept])
    new, affinity = new[others], affinity[others]
    kept = n - len(new)
    rest = ~np.isin(columns[:kept], new)
    columns, scores, sources = columns[:kept][rest], scores[:kept][rest], sources[:kept][rest]
    return np.concatenate([columns, new]), np.concatenate([scores, affinity]), np.concatenate([sources, np.full(len(new), NEW_PRODUCT)])


def _shown(columns: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    columns = columns[scores[columns] > NEVER]
    return columns, scores[columns].astype(np.float64)


def _ordered(columns: np.ndarray, scores: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((columns, -scores))[:n]
    return columns[order], scores[order]


class _Found(NamedTuple):
    """Lists of a block, one after the other."""

    rows: list[int]
    names: list[str]
    columns: list[np.ndarray]
    scores: list[np.ndarray]
    sources: list[np.ndarray]

    def add(self, row: int, name: str, columns: np.ndarray, scores: np.ndarray, sources: np.ndarray) -> None:
        """Nothing where the list is empty."""
        if len(columns):
            self.rows.append(row)
            self.names.append(name)
            self.columns.append(columns)
            self.scores.append(scores)
            self.sources.append(sources[: len(columns)])

    def batch(self, customers: pa.RecordBatch, catalogue: Catalogue) -> pa.RecordBatch:
        rows = pa.array(self.rows, pa.int64())
        offsets = pa.array(np.cumsum([0, *map(len, self.columns)]), pa.int32())
        nothing = [np.zeros(0, dtype=np.int64)]
        flat = (
            pa.array(catalogue.product_ids[np.concatenate(self.columns or nothing)], pa.int64()),
            pa.array(np.concatenate(self.scores or nothing), pa.float64()),
            pa.array(np.concatenate(self.sources or nothing).astype(object), pa.string()),
        )
        columns = [customers.column(name).take(rows) for name in ("shop_code", "customer_key")]
        columns += [pa.array(self.names, pa.string()), *(pa.ListArray.from_arrays(offsets, values) for values in flat)]
        return pa.RecordBatch.from_arrays(columns, names=["shop_code", "customer_key", "list", "product_ids", "scores", "sources"])

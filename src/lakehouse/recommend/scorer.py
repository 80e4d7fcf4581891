"""The lists of all customers, exactly: a few array operations per block of customers, inside the executors.

Not ALS's own recommendForAllUsers, which crosses blocks through a JVM priority queue, shuffles every candidate and knows no masks.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.due import DUE, UNKNOWN, Due, put_off, with_due_days
from lakehouse.recommend.lists.contributions import NormalEquations
from lakehouse.recommend.lists.list_batch import RANKED, list_batch
from lakehouse.recommend.lists.ranked_items import NEVER, Places, best
from lakehouse.recommend.lists.ruled_lists import Bought, Fresh, Ruled, ruled
from lakehouse.recommend.reasons import by_country, with_reasons
from lakehouse.recommend.scoring_arrays import BLOCK, FLOOR, LOG_FLOOR, Block, ByCountry, ScoringArrays, logged

BUY_AGAIN, DISCOVER, MIXED = "buy_again", "discover", "mixed"
LISTS = (BUY_AGAIN, DISCOVER, MIXED)
ALS, OWN_FREQUENCY, POPULARITY, NEW_PRODUCT = "als", "own_frequency", "popularity", "new_product"
SOURCES = (ALS, OWN_FREQUENCY, POPULARITY, NEW_PRODUCT)
# The reason of what is there for its popularity, if it was sold lately in the customer's country.
POPULAR_IN_COUNTRY = "popular_in_country"


@dataclass(frozen=True)
class Ranking:
    """What is ranked: the catalogues by shop, the exponents, places per list, whether `discover` may show what was bought, the
    share of its places that new products get at most, and when what was bought is due again. With `explained_by` places from ALS get
    their reasons."""

    catalogues: Mapping[str, ScoringArrays]
    blend: Blend
    length: int
    keep_seen: bool = False
    new_share: float = 0.0
    due: Due = UNKNOWN
    explained_by: NormalEquations | None = None


def top_lists(profiles: DataFrame, ranking: Ranking) -> DataFrame:
    """Up to three rows per customer of `profiles` (see scoring_arrays.profiles): the arrays of each list, best first, ties by id.

    `buy_again` has what was bought before, `discover` what was not, `mixed` both. Only eligible products. Customers of whom nothing
    is known get what is popular in their country; the source of what was sold there lately is POPULAR_IN_COUNTRY.
    """
    return profiles.mapInArrow(over_blocks(ranking, _lists), f"{RANKED}, {DUE}, reasons array<array<bigint>>")


def pair_scores(pairs: DataFrame, profiles: DataFrame, ranking: Ranking) -> DataFrame:
    """shop_code, customer_key, product_id and its `discover` score, bought or not, for each of `pairs`;
    null for products that are unknown or not eligible."""
    asked = pairs.groupBy(*CUSTOMER).agg(F.collect_list("product_id").alias("products"))
    return profiles.join(asked, CUSTOMER).mapInArrow(
        over_blocks(ranking, _pairs), "shop_code string, customer_key string, product_id bigint, score double"
    )


def over_blocks(
    ranking: Ranking, act: Callable[[pa.RecordBatch, str, Ranking], pa.RecordBatch]
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """What a task does with its rows. The arrays go to the workers within the function: Spark keeps a large one as a broadcast itself."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in batches:
            codes = pc.unique(batch.column("shop_code")).to_pylist()
            for code in codes:
                of_shop = batch.filter(pc.equal(batch.column("shop_code"), code)) if len(codes) > 1 else batch
                for start in range(0, of_shop.num_rows, BLOCK):
                    if code in ranking.catalogues:
                        yield act(of_shop.slice(start, BLOCK), code, ranking)

    return work


def _lists(batch: pa.RecordBatch, code: str, ranking: Ranking) -> pa.RecordBatch:
    catalogue, n = ranking.catalogues[code], ranking.length
    block = Block.of(batch, catalogue)
    scores, again = utilities(block, catalogue, ranking.blend)
    sources = np.where(block.is_new, SOURCES.index(POPULARITY), SOURCES.index(ALS))
    seen = Places.of(scores, best(scores, n), sources) if ranking.keep_seen else None
    scores[block.row, block.column] = NEVER
    new = Places.of(scores, best(scores, n), sources)
    # What has just been bought: at the end of `buy_again`, and in `mixed` at the end of what was bought.
    at_end, in_place = put_off(block, again, ranking.due.is_put_off(block, code))
    own, mine = _bought(block, at_end), _bought(block, in_place)
    is_bought, of_again, of_new = ranking.blend.mixed
    again_best = mine.first(n)
    again_best = again_best._replace(score=is_bought + of_again * again_best.score)
    mixed = Places.joined(again_best, new._replace(score=of_new * new.score)).first(n)
    may = scores[:, catalogue.arrivals] > NEVER
    discover = (new if seen is None else seen).with_last(_arriving(block, catalogue, may, int(n * ranking.new_share)), n)
    plain = {BUY_AGAIN: own.first(n), DISCOVER: discover, MIXED: mixed}
    if catalogue.rules is None:
        lists = list_batch({name: Ruled.none(listed) for name, listed in plain.items()}, batch, catalogue.product_ids, SOURCES)
    else:
        on_mixed = mine._replace(score=is_bought + of_again * mine.score)
        found = _ruled(plain, block, catalogue, ranking, (own, on_mixed, Fresh(scores, 1.0, sources)))
        lists = list_batch(found, batch, catalogue.product_ids, SOURCES, catalogue.rules.names)
    lists = by_country(lists, (POPULARITY, POPULAR_IN_COUNTRY), batch, block, catalogue)
    lists = with_due_days(lists, batch, catalogue, block, ranking.due.in_days(block, code))
    return with_reasons(lists, ALS, batch, block, catalogue, ranking.blend, ranking.explained_by)


def _bought(block: Block, scores: np.ndarray) -> Places:
    """What was bought before and may be shown, by these scores of the block's pairs."""
    return Places(block.row, block.column, scores, np.full(len(scores), SOURCES.index(OWN_FREQUENCY))).at(scores > NEVER)


def _ruled(
    plain: Mapping[str, Places], block: Block, catalogue: ScoringArrays, ranking: Ranking, scored: tuple[Places, Places, Fresh]
) -> dict[str, Ruled]:
    """The lists by the rules of the shop; `plain` without them. `scored`: what was bought, for `buy_again` and for `mixed`; what is new."""
    rules, n, (own, mine, fresh) = catalogue.rules, ranking.length, scored
    assert rules is not None
    countries = block.named_countries
    row, column = np.indices((len(block), len(catalogue.arrivals)))
    hidden = rules.hiding(DISCOVER, countries, row, catalogue.arrivals[column]) >= 0
    may = (fresh.scores[:, catalogue.arrivals] > NEVER) & ~hidden
    arriving = _arriving(block, catalogue, may, int(n * ranking.new_share))
    mixed = (Bought(mine), replace(fresh, scale=ranking.blend.mixed[2]))
    return {
        BUY_AGAIN: ruled(BUY_AGAIN, (Bought(own),), plain[BUY_AGAIN], countries, rules, n),
        DISCOVER: ruled(DISCOVER, (fresh,), plain[DISCOVER], countries, rules, n, arriving),
        MIXED: ruled(MIXED, mixed, plain[MIXED], countries, rules, n),
    }


def _pairs(batch: pa.RecordBatch, code: str, ranking: Ranking) -> pa.RecordBatch:
    catalogue = ranking.catalogues[code]
    block = Block.of(batch, catalogue)
    scores, _ = utilities(block, catalogue, ranking.blend)
    products = batch.column("products")
    row, asked = np.asarray(pc.list_parent_indices(products), dtype=np.int64), np.asarray(pc.list_flatten(products))
    column = catalogue.places(asked)
    value = np.where(column >= 0, scores[row, column], NEVER).astype(np.float64)
    if catalogue.rules is not None:
        value[catalogue.rules.hiding(DISCOVER, block.named_countries, row, column) >= 0] = NEVER
    columns = [batch.column(name).take(pa.array(row)) for name in CUSTOMER]
    return pa.RecordBatch.from_arrays(
        [*columns, pa.array(asked), pa.array(value, mask=value == NEVER)], names=[*CUSTOMER, "product_id", "score"]
    )


def utilities(block: Block, catalogue: ScoringArrays, blend: Blend) -> tuple[np.ndarray, np.ndarray]:
    """(customers × products: how likely as something new, flat: how likely each bought product is bought again), as logarithms.

    NEVER where a product may not be shown.
    """
    scores, near = block.expected(catalogue)
    of_country = catalogue.by_country(block.countries)
    country, recent = of_country
    # Not by BLAS: it adds up in another order where there is one pair alone.
    again = np.einsum("ij,j->i", own_parts(block, catalogue, of_country, scores, near), np.asarray(blend.buy_again))
    again[~catalogue.eligible[block.column]] = NEVER
    of_als, of_near, of_recent, of_ever = (np.float32(value) for value in blend.discover)
    masked = np.where(catalogue.eligible, np.float32(0), NEVER)
    base = of_recent * recent + (of_ever * catalogue.ever + of_near * LOG_FLOOR) + masked
    has_near = catalogue.neighbours.nnz > 0
    for row, beside, mine in zip(scores, near, country, strict=True):  # one customer's scores stay in the processor's nearest cache
        logged(row, out=row)
        row *= of_als
        row += base[mine]
        if has_near:
            row += of_near * beside
    # Popularity alone where nothing else is known: the exponents of the fit are for those whose taste is known.
    scores[block.is_new] = (recent + FLOOR * catalogue.ever + masked)[country[block.is_new]]
    return scores, again


def own_parts(block: Block, catalogue: ScoringArrays, by_country: ByCountry, als: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Pairs bought × the parts of blend.BUY_AGAIN; `by_country` of the block's countries, `als` and `near` as of Block.expected."""
    at = (block.row, block.column)
    return np.stack(
        [
            np.log(block.weight + FLOOR),
            np.log(block.order_count),
            np.log1p(block.recency_days),
            by_country.recent[by_country.row[block.row], block.column],
            catalogue.ever[block.column],
            logged(als[at]),
            LOG_FLOOR + near[at],
        ],
        axis=1,
    )


def _arriving(block: Block, catalogue: ScoringArrays, may: np.ndarray, most: int) -> Places:
    """Of each customer the new products that suit best, by affinity; none that suits nothing, or that the customer may not see."""
    if not most or len(catalogue.arrivals) == 0:
        return Places.none()
    affinity = block.arrivals(catalogue)
    affinity[(affinity <= 0) | ~may] = NEVER
    found = Places.of(affinity, best(affinity, most), np.full(len(block), SOURCES.index(NEW_PRODUCT)))
    return found._replace(column=catalogue.arrivals[found.column])

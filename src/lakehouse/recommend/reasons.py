"""Why a product is on a list: the products of the customer's own history that its score comes from most."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.recommend.blend import DISCOVER, Blend
from lakehouse.recommend.lists.contributions import NormalEquations, of_als, of_neighbours
from lakehouse.recommend.neighbours import damped
from lakehouse.recommend.rules.eligibility import EVERY_LIST
from lakehouse.recommend.scoring_arrays import FLOOR, Block, ScoringArrays, cells_of

# So many products are named for a place.
MOST = 2
# What is so far from ALS's score does not explain it: the model was trained on something else than the pairs that are kept with it.
EXACT = 1e-4
# Customers at once. Their places and histories are filled up to the longest one's, so that those of about one size go together.
TOGETHER = 32
NONE = -1


class Cells(NamedTuple):
    """Products of a block's customers: of each the customer's row, ascending, and the product's column."""

    row: np.ndarray
    column: np.ndarray

    def grid(self, customers: np.ndarray) -> np.ndarray:
        """Customers × the most that one of them has: positions of their products, NONE where there are no more."""
        begin, end = (np.searchsorted(self.row, customers, side=side) for side in ("left", "right"))
        at = begin[:, None] + np.arange((end - begin).max(initial=0))
        return np.where(at < end[:, None], at, NONE)


@dataclass(frozen=True)
class History:
    """What a block's customers bought, or the model was trained on; `confidence` and `bought` as in contributions, 0 where it is not so."""

    cells: Cells
    confidence: np.ndarray
    bought: np.ndarray

    @staticmethod
    def of(batch: pa.RecordBatch, block: Block, catalogue: ScoringArrays) -> "History":
        """Of rows of `profiles`. Products that the catalogue does not know are left out: the model does not know them either."""
        row, column, confidence = _training_pairs(batch, catalogue)
        width = len(catalogue.product_ids)
        keys, place = np.unique(np.concatenate([row, block.row]) * width + np.concatenate([column, block.column]), return_inverse=True)
        trained, bought = np.zeros(len(keys)), np.zeros(len(keys))
        trained[place[: len(row)]] = confidence
        bought[place[len(row) :]] = damped(block.weight)
        return History(Cells(*np.divmod(keys, max(width, 1))), trained, bought)


def _training_pairs(batch: pa.RecordBatch, catalogue: ScoringArrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if "training_pairs" not in batch.schema.names:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    pairs = batch.column("training_pairs")
    flat = pc.list_flatten(pairs)
    column = catalogue.places(np.asarray(pc.struct_field(flat, "product_id")))
    there = column >= 0
    row, confidence = np.asarray(pc.list_parent_indices(pairs), dtype=np.int64), np.asarray(pc.struct_field(flat, "confidence"))
    return row[there], column[there], confidence[there]


def with_reasons(
    lists: pa.RecordBatch,
    source: str,
    customers: pa.RecordBatch,
    block: Block,
    catalogue: ScoringArrays,
    blend: Blend,
    normal: NormalEquations | None,
) -> pa.RecordBatch:
    """`lists` (a row per customer and list: customer_key, product_ids, sources) with `reasons`: of each place MOST product ids or fewer,
    the strongest first (see `strongest`). None for places of another source, and without `normal`.

    `customers`: their rows of `profiles`, of which the block was made.
    """
    products = lists.column("product_ids")
    found = np.full((len(pc.list_flatten(products)), MOST), NONE)
    is_asked = np.asarray(pc.equal(pc.list_flatten(lists.column("sources")), source))
    if normal is not None and is_asked.any():
        # A product that two lists of a customer show is explained once.
        width, (row, column) = len(catalogue.product_ids), cells_of(lists, customers, catalogue)
        keys, again = np.unique(row[is_asked] * width + column[is_asked], return_inverse=True)
        history = History.of(customers, block, catalogue)
        found[is_asked] = strongest(Cells(*np.divmod(keys, width)), history, block, catalogue, blend, normal)[again]
    of_place = np.concatenate([[0], np.cumsum(np.count_nonzero(found != NONE, axis=1))])
    named = pa.ListArray.from_arrays(pa.array(of_place, pa.int32()), pa.array(catalogue.product_ids[found[found != NONE]], pa.int64()))
    return lists.append_column("reasons", pa.ListArray.from_arrays(products.offsets, named))


def by_country(
    lists: pa.RecordBatch, source: tuple[str, str], customers: pa.RecordBatch, block: Block, catalogue: ScoringArrays
) -> pa.RecordBatch:
    """`lists` with the second `source` in place of the first one where the product was sold lately in the customer's own country."""
    flat = pc.list_flatten(lists.column("sources"))
    asked = np.flatnonzero(np.asarray(pc.equal(flat, source[0])))
    if len(asked) == 0:
        return lists
    row, column = (found[asked] for found in cells_of(lists, customers, catalogue))
    countries, is_sold = np.asarray(block.countries, dtype=object)[row], np.zeros(len(flat), dtype=bool)
    for country in {each for each in countries.tolist() if each in catalogue.sold_in}:
        mine = countries == country
        is_sold[asked[mine]] = catalogue.sold_in[country][column[mine]]
    told = pc.if_else(pa.array(is_sold), source[1], flat)
    at = lists.schema.get_field_index("sources")
    return lists.set_column(at, "sources", pa.ListArray.from_arrays(lists.column("product_ids").offsets, told))


def strongest(places: Cells, history: History, block: Block, catalogue: ScoringArrays, blend: Blend, normal: NormalEquations) -> np.ndarray:
    """Places × MOST: columns of the products that the place's score as something new comes from most, the strongest first; NONE where
    there is none. `places` by their customers, in ascending order.

    The score is a sum of logarithms, b_als · log(als + FLOOR) + b_near · log(near + FLOOR) + …, and als and near are sums over the history.
    A product's share is what the score gains, at first, if the product's parts grow together by a share of themselves:
    b_als · part of als / (als + FLOOR), and likewise of near. It is named if that is above 0, if the customer has not given it back, and
    may be shown the product itself: it can be bought, is not restricted, and no rule hides it.
    """
    found = np.full((len(places.row), MOST), NONE)
    exponent = dict(zip(DISCOVER, blend.discover, strict=True))
    by_size = np.argsort(np.bincount(history.cells.row, minlength=len(block)), kind="stable")
    for start in range(0, len(block), TOGETHER):
        customers = by_size[start : start + TOGETHER]
        shown, known = places.grid(customers), history.cells.grid(customers)
        if 0 in (shown.size, known.size):
            continue
        place, product = places.column[shown], history.cells.column[known]
        confidence, bought = (np.where(known == NONE, 0, values[known]) for values in (history.confidence, history.bought))
        als = of_als(catalogue.factors[place], catalogue.factors[product], confidence, normal)
        als = _exact(als, place, block.features[customers], catalogue)
        near = of_neighbours(place, product, bought, catalogue.speaking)
        # Rounded, since the last digits depend on who is computed together: of equal shares the smaller id is named first.
        share = np.round(exponent["als"] * _relative(als) + exponent["neighbours"] * _relative(near), 9)
        may_be_named = _may_be_shown(block, catalogue, customers, product) & (bought > 0)
        share[~(may_be_named[:, None, :] & (product[:, None, :] != place[:, :, None]))] = 0
        for nth in range(MOST):
            best = share.argmax(axis=2)[:, :, None]
            is_some = np.take_along_axis(share, best, axis=2)[:, :, 0] > 0
            named = np.where(is_some, np.take_along_axis(product, best[:, :, 0], axis=1), NONE)
            found[shown[shown != NONE], nth] = named[shown != NONE]
            np.put_along_axis(share, best, 0, axis=2)
    return found


def _may_be_shown(block: Block, catalogue: ScoringArrays, customers: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Of each product (columns, customers × products) whether it may be shown to its customer, on whatever list."""
    shown: np.ndarray = catalogue.eligible[product]
    if catalogue.rules is not None:
        row = np.broadcast_to(customers[:, None], product.shape)
        for name in EVERY_LIST:
            shown = shown & (catalogue.rules.hiding(name, block.named_countries, row, product) < 0)
    return shown


def _exact(parts: np.ndarray, place: np.ndarray, features: np.ndarray, catalogue: ScoringArrays) -> np.ndarray:
    """The parts (customers × places × history) of scores that they add up to, 0 of all others. `features`: the customers' factors."""
    score = (catalogue.factors[place] @ features[:, :, None])[:, :, 0]
    is_exact = np.abs(parts.sum(axis=2) - score) <= EXACT * np.maximum(1, np.abs(score))
    return np.where(is_exact[:, :, None], parts, 0)


def _relative(parts: np.ndarray) -> np.ndarray:
    """Beside the place's sum; 0 where that is not above 0: there the logarithm is that of FLOOR, whatever the parts are."""
    total = parts.sum(axis=2, keepdims=True)
    return np.where(total > 0, 1 / (np.maximum(total, 0) + FLOOR), 0) * parts

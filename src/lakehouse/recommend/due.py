"""When a customer will want a product again: the customer's own interval, drawn towards the product's, its category's and the shop's.

With n intervals that last `days` in sum and a usual interval u, the expected one is (days + k·u) / (n + k): the weight n / (n + k) of the
own mean is that of credibility (Bühlmann 1967, "Experience rating and credibility", ASTIN Bulletin 4). A pair's n is its orders less
one, and `days` is the time from its first to its last order, so orders in between need not be known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.interactions import span_days
from lakehouse.recommend.scoring_arrays import Block, ScoringArrays, cells_of

# For how many intervals what is usual counts. 3: on Online Retail, when each pair's last interval is predicted from those before it, 3 to
# 10 do equally well and 1 does worse. They can't be estimated from first order, last order and number of orders: customers with many
# orders in the same time have short intervals, so the variance between customers comes out negative.
OF_PAIR, OF_PRODUCT, OF_CATEGORY = 3.0, 30.0, 30.0
# What was bought within this share of its interval has just been bought; from so many orders on the customer has a rhythm of its own.
# docs/recommendations.md has what other values cost.
JUST_BOUGHT, RHYTHM = 0.2, 3
# Taken from the score of what is put off: more than scores of one list can differ by.
PUT_OFF = 1000.0
DUE = "due_in_days array<int>"


@dataclass(frozen=True)
class Due:
    """`usual_days`: by shop code the usual interval of each product of its catalogue, NaN where nothing is known.

    `horizon_days`: what has just been bought and is due later than in so many days is put off.
    """

    usual_days: Mapping[str, np.ndarray]
    horizon_days: int

    @staticmethod
    def of(interactions: DataFrame, catalogues: Mapping[str, ScoringArrays], horizon_days: int) -> "Due":
        """From gold.interactions, by one Spark job."""
        sums = intervals_by_product(interactions).toArrow()
        return Due({code: _usual_of_shop(sums, code, catalogue) for code, catalogue in catalogues.items()}, horizon_days)

    def in_days(self, block: Block, code: str) -> np.ndarray:
        """Of the block's pairs: in how many days from the run date on they are due, whole days; below 0 if overdue, NaN if not known."""
        return np.rint(self._expected(block, code)) - block.recency_days

    def is_put_off(self, block: Block, code: str) -> np.ndarray:
        """Of the block's pairs: whether they stand behind everything else; only what the customer has a rhythm for."""
        is_later = self.in_days(block, code) > self.horizon_days
        return is_later & (block.order_count >= RHYTHM) & (block.recency_days < JUST_BOUGHT * self._expected(block, code))

    def _expected(self, block: Block, code: str) -> np.ndarray:
        if code not in self.usual_days:
            return np.full(len(block.row), np.nan)
        return expected_days(block.span_days, block.order_count - 1, self.usual_days[code][block.column])


# Nothing is known of when anything is due, so nothing is put off.
UNKNOWN = Due({}, 0)


def intervals_by_product(interactions: DataFrame) -> DataFrame:
    """shop_code, product_id, `intervals` (number) and their `days` in sum, of customers who bought the product more than once."""
    again = interactions.where("product_id > 0 and order_count > 1 and first_ordered_at is not null")
    return again.groupBy("shop_code", "product_id").agg(
        F.sum(F.col("order_count") - 1).alias("intervals"), F.sum(span_days().cast("bigint")).alias("days")
    )


def usual_days(days: np.ndarray, intervals: np.ndarray, categories: sp.csr_matrix) -> np.ndarray:
    """The usual interval of each product of a shop in days, from sums by product and `categories` (products × categories, 1 or 0).

    Of a product of several categories their mean counts. NaN for all where nobody bought anything twice.
    """
    if not intervals.sum():
        return np.full(len(days), np.nan)
    of_shop = days.sum() / intervals.sum()
    of_categories = expected_days(categories.T @ days, categories.T @ intervals, of_shop, OF_CATEGORY)
    several = np.asarray(categories.sum(axis=1)).reshape(-1)
    above = np.where(several > 0, (categories @ of_categories) / np.maximum(several, 1), of_shop)
    return expected_days(days, intervals, above, OF_PRODUCT)


def expected_days(days: np.ndarray, intervals: np.ndarray, usual: np.ndarray | float, weight: float = OF_PAIR) -> np.ndarray:
    """(days + weight · usual) / (intervals + weight), elementwise."""
    return (days + weight * usual) / (intervals + weight)


def put_off(block: Block, scores: np.ndarray, is_put_off: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the block's pairs: scores by which what is put off stands at the end, PUT_OFF lower; and scores of the same order that are the
    customer's own ones handed out anew, the best to the first, so that among other products all places stay what they were."""
    at_end = scores - PUT_OFF * is_put_off
    in_place = scores.copy()
    if is_put_off.any():
        before, after = (np.lexsort((block.column, -values, block.row)) for values in (scores, at_end))
        in_place[after] = scores[before]
    return at_end, in_place


def with_due_days(
    lists: pa.RecordBatch, customers: pa.RecordBatch, catalogue: ScoringArrays, block: Block, days: np.ndarray
) -> pa.RecordBatch:
    """`lists` (a row per customer and list: customer_key, product_ids) with DUE: of each place the `days` of its pair, null if it was not
    bought or nothing is known. `customers`: the rows of the block."""
    products = lists.column("product_ids")
    found = of_places(days, block, *cells_of(lists, customers, catalogue))
    values = pa.array(np.nan_to_num(found).astype(np.int32), mask=np.isnan(found))
    offsets = pa.array(np.concatenate([[0], np.cumsum(np.asarray(pc.list_value_length(products)))]), pa.int32())
    columns = [*lists.columns, pa.ListArray.from_arrays(offsets, values)]
    return pa.RecordBatch.from_arrays(columns, names=[*lists.schema.names, "due_in_days"])


def of_places(days: np.ndarray, block: Block, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """`days` of the pairs that stand in these rows and columns; NaN for what was not bought."""
    if len(days) == 0:
        return np.full(len(row), np.nan)
    width = 1 + max(int(block.column.max()), int(column.max(initial=0)))
    pairs, asked = block.row * width + block.column, row * width + column
    place = np.searchsorted(pairs, asked).clip(max=len(pairs) - 1)
    return np.where(pairs[place] == asked, days[place], np.nan)


def _usual_of_shop(sums: pa.Table, code: str, catalogue: ScoringArrays) -> np.ndarray:
    mine = sums.filter(pc.equal(sums.column("shop_code"), code))
    place = catalogue.places(mine.column("product_id").to_numpy())
    days, intervals = np.zeros(len(catalogue.product_ids)), np.zeros(len(catalogue.product_ids))
    days[place[place >= 0]] = mine.column("days").to_numpy()[place >= 0]
    intervals[place[place >= 0]] = mine.column("intervals").to_numpy()[place >= 0]
    return usual_days(days, intervals, catalogue.categories)

"""The question of a list the other way round: which customers a product is for.

Scores of a list can be compared within one customer's list only. What can be compared across customers is how much each of them is
expected to buy of the product: how much the customer buys of anything, times the chance that it is this product.

The chance is that of the conditional logit of which the exponents are (`blend.py`), exp(v_j) / sum over i of exp(v_i), with the utilities v
of the list `mixed`: of `buy_again` where the customer bought the product before, of `discover` where not. The sum is over everything that
may be shown in the customer's country. How much a customer buys is an exponentially smoothed rate: weights of purchases halve within the
half-life, so their sum is the purchases of half-life / ln 2 days (Brown 1956, "Exponential smoothing for predicting demand").
"""

from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.lists.ranked_items import NEVER
from lakehouse.recommend.scorer import ALS, MIXED, NEW_PRODUCT, OWN_FREQUENCY, POPULARITY, Ranking, over_blocks, utilities
from lakehouse.recommend.scoring_arrays import Block, ScoringArrays

# Purchases are expected for so many days.
DAYS = 28
DEMAND = "shop_code string, customer_key string, score double, candidate_source string"


def demand(profiles: DataFrame, ranking: Ranking, product_id: int, half_life_days: float) -> DataFrame:
    """shop_code, customer_key, `score` (times that the customer is expected to buy the product in the next 28 days) and candidate_source.

    One row for each of `profiles` (scoring_arrays.profiles) in whose shop and country the product may be shown. One pass over them, and one
    number of each customer leaves the executors. Of a product that nobody bought yet the chance is the share of the customer's purchases
    that is of its categories, as for new products on lists.
    """
    act = partial(of_block, product_id=product_id, half_life_days=half_life_days)
    return profiles.mapInArrow(over_blocks(ranking, act), DEMAND)


def of_block(batch: pa.RecordBatch, code: str, ranking: Ranking, *, product_id: int, half_life_days: float) -> pa.RecordBatch:
    """Rows of `demand` for rows of profiles of one shop."""
    catalogue = ranking.catalogues[code]
    block, column = Block.of(batch, catalogue), int(catalogue.places(np.array([product_id]))[0])
    chance, source = (np.zeros(len(block)), np.full(len(block), ALS)) if column < 0 else chances(block, catalogue, ranking.blend, column)
    rate = np.bincount(block.row, weights=block.weight, minlength=len(block)) * np.log(2) / half_life_days
    shown = np.flatnonzero(chance > 0)
    columns = [batch.column(name).take(pa.array(shown)) for name in CUSTOMER]
    columns += [pa.array((DAYS * rate * chance)[shown]), pa.array(source[shown].astype(str))]
    return pa.RecordBatch.from_arrays(columns, names=[*CUSTOMER, "score", "candidate_source"])


def chances(block: Block, catalogue: ScoringArrays, blend: Blend, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each customer the chance that the next purchase is the product in this column, 0 where it may not be shown, and its source."""
    value = mixed_utilities(block, catalogue, blend)
    may = value[:, column] > NEVER
    source = np.where(block.is_new, POPULARITY, ALS).astype(object)
    source[block.row[block.column == column]] = OWN_FREQUENCY
    if catalogue.ever[column] == 0 and column in catalogue.arrivals:
        affinity = block.arrivals(catalogue)[:, int(np.searchsorted(catalogue.arrivals, column))]
        return np.where(may, affinity, 0.0), np.full(len(block), NEW_PRODUCT)
    highest = np.where(may, value.max(axis=1), np.float32(0))[:, None]
    weight = np.exp(np.subtract(value, highest, out=value), out=value)
    return np.where(may, weight[:, column] / np.maximum(weight.sum(axis=1, dtype=np.float64), 1e-300), 0.0), source


def mixed_utilities(block: Block, catalogue: ScoringArrays, blend: Blend) -> np.ndarray:
    """Customers × products: the utilities of the list `mixed`, not of the best products alone. NEVER where one may not be shown."""
    value, again = utilities(block, catalogue, blend)
    is_bought, of_again, of_new = blend.mixed
    np.multiply(value, np.float32(of_new), out=value, where=value > NEVER)
    value[block.row, block.column] = NEVER
    may = again > NEVER
    value[block.row[may], block.column[may]] = is_bought + of_again * again[may]
    for rule in catalogue.rules.hidden if catalogue.rules else ():
        if rule.is_of(MIXED):
            value[np.ix_(rule.is_for(block.named_countries), rule.products)] = NEVER
    return value

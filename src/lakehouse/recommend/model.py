"""Everything that is learned, from purchases as of a moment: ALS, the neighbours, and how their scores are blended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.interactions import weighed
from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.product_popularity import counted
from lakehouse.gold.purchases import Clock
from lakehouse.recommend import als, blend, forms, neighbours
from lakehouse.recommend.als import Trained
from lakehouse.recommend.blend import Blend, Choices
from lakehouse.recommend.due import Due
from lakehouse.recommend.lists.ranked_items import NEVER, Places, best
from lakehouse.recommend.metrics import order_count_band
from lakehouse.recommend.neighbours import Neighbours
from lakehouse.recommend.params import Params
from lakehouse.recommend.rules.eligibility import Eligibility
from lakehouse.recommend.scorer import Ranking, own_parts
from lakehouse.recommend.scoring_arrays import BLOCK, LOG_FLOOR, Block, ScoringArrays, catalogues, logged, profiles

# How many of each customer's best the mix is learned on.
MIXED_FROM = 50


@dataclass(frozen=True)
class Learned:
    """The parts as of one moment, before they are blended. `interactions` and `popularity` are kept in memory.

    `countries`: shop_code, customer_key, country_code of the last order, order_total.
    """

    interactions: DataFrame
    popularity: DataFrame
    countries: DataFrame
    trained: Trained
    neighbours: dict[str, Neighbours]

    def ranking(self, fitted: Blend, params: Params, length: int, keep_seen: bool = False, eligible: Eligibility | None = None) -> Ranking:
        """What the scorer ranks by: this model, with the exponents `fitted` and lists of `length` places."""
        factors = self.trained.factors().products
        shops = catalogues(factors, self.neighbours, self.popularity, eligible, params.popularity.country_smoothing)
        due = Due.of(self.interactions, shops, params.lists.due_days)
        return Ranking(shops, fitted, length, keep_seen, due=due)

    def profiles(self, customers: DataFrame) -> DataFrame:
        """Of `customers` (shop_code, customer_key), with the country of their last order."""
        located = customers.select(*CUSTOMER).distinct().join(self.countries, CUSTOMER, "left")
        return profiles(located, self.interactions, self.trained.factors().customers)

    def customers_of_shops(self) -> dict[str, int]:
        """Shop code → customers who bought something."""
        rows = self.interactions.groupBy("shop_code").agg(F.count_distinct("customer_key").alias("n")).collect()
        return {row["shop_code"]: row["n"] for row in rows}

    def bands(self) -> DataFrame:
        """shop_code, customer_key, `orders`: the band of the customer's number of orders."""
        return self.countries.select(*CUSTOMER, order_count_band(F.col("order_total")).alias("orders"))

    def forget(self) -> None:
        """Give the memory back."""
        for frame in (self.interactions, self.popularity, self.trained.customer_index, self.trained.product_index):
            frame.unpersist()


def clock_of(params: Params, unit: str = "days") -> Clock:
    """How age is counted: in days or, for data without dates, in baskets."""
    return Clock("baskets", params.popularity.share_of_baskets) if unit == "baskets" else Clock("days", params.popularity.days)


def half_life(params: Params, clock: Clock) -> float:
    """After how many days (or baskets) a purchase weighs half as much."""
    return params.weights.half_life_baskets if clock.unit == "baskets" else params.weights.half_life_days


def learn(known: DataFrame, params: Params, clock: Clock, interactions: DataFrame | None = None) -> Learned:
    """Fit ALS and the neighbours on purchases as of a moment; `interactions` where they are there already (gold.interactions)."""
    interactions = (weighed(known, half_life(params, clock)) if interactions is None else interactions).persist()
    popularity = counted(known).persist()
    last = F.max_by("country_code", F.struct("order_day", "order_id")).alias("country_code")
    countries = known.groupBy(*CUSTOMER).agg(last, F.count_distinct("order_id").alias("order_total"))
    return Learned(interactions, popularity, countries, als.fit(interactions, params.als), neighbours.fit(interactions, params.neighbours))


def fit_blend(learned: Learned, truth: DataFrame, params: Params) -> Blend:
    """The exponents that make what was bought after the moment most likely, in the form that ranks best; on a seeded sample of
    customers, on the driver."""
    prior = Blend.of(params.blend)
    ranking = learned.ranking(prior, params, MIXED_FROM)
    blocks = [
        (Block.of(batch, catalogue), catalogue, bought)
        for code, catalogue in ranking.catalogues.items()
        for batch, bought in _sample(learned, truth, code, catalogue, params)
    ]
    return fitted_blend(blocks, prior, params.blend.prior_customers) if blocks else prior


def fitted_blend(blocks: Sequence[tuple[Block, ScoringArrays, np.ndarray]], prior: Blend, strength: float) -> Blend:
    """From blocks of customers, their catalogues, and what they chose (customers × products, bool)."""
    asked = [_Asked.of(*block) for block in blocks]
    wanted = np.concatenate([one.bought.sum(axis=1) for one in asked])
    bought = Choices.joined([one.own for one in asked])
    again, n_again = blend.fitted([bought], prior.buy_again, strength)
    form_again, again = forms.of_bought(bought, wanted, again, prior.buy_again)
    new, n_new = blend.fitted([one.new for one in asked], prior.discover, strength)
    mixed = Choices.joined([one.mixed(again, new) for one in asked])
    both, n_both = blend.fitted([mixed], prior.mixed, strength)
    form_both, both = forms.of_mixed(mixed, wanted, both)
    return Blend(again, new, both, (n_again, n_new, n_both), (form_again, form_both))


def _sample(
    learned: Learned, truth: DataFrame, code: str, catalogue: ScoringArrays, params: Params
) -> list[tuple[pa.RecordBatch, np.ndarray]]:
    """Blocks of customers of a shop with the columns they chose as a matrix (customers × products)."""
    most = max(params.blend.cells // max(len(catalogue.product_ids), 1), BLOCK)
    chosen = truth.where(F.col("shop_code") == code).groupBy(*CUSTOMER).agg(F.sort_array(F.collect_set("product_id")).alias("chosen"))
    some = chosen.orderBy(F.xxhash64("customer_key", F.lit(params.als.seed))).limit(most).persist()
    rows = learned.profiles(some).join(some, CUSTOMER).orderBy("customer_key").toArrow()
    some.unpersist()
    found = []
    for batch in rows.to_batches(BLOCK):
        products = batch.column("chosen")
        column = catalogue.places(np.asarray(pc.list_flatten(products)))
        row = np.asarray(pc.list_parent_indices(products))
        bought = np.zeros((batch.num_rows, len(catalogue.product_ids)), dtype=bool)
        bought[row[column >= 0], column[column >= 0]] = True
        found.append((batch, bought))
    return found


class _Asked(NamedTuple):
    """What a block's customers could choose from: for `buy_again` what they bought before, at `row` and `column`; for `discover` all else,
    where `is_new` (customers × products) says so. `bought`: what they chose then, of all products."""

    own: Choices
    row: np.ndarray
    column: np.ndarray
    new: Choices
    is_new: np.ndarray
    bought: np.ndarray

    @staticmethod
    def of(block: Block, catalogue: ScoringArrays, bought: np.ndarray) -> "_Asked":
        als_part, near = block.expected(catalogue)
        by_country = catalogue.by_country(block.countries)
        edges = np.searchsorted(block.row, np.arange(len(block)))
        own = Choices(own_parts(block, catalogue, by_country, als_part, near), bought[block.row, block.column], edges)
        recent, ever = by_country.recent[by_country.row], np.broadcast_to(catalogue.ever, bought.shape)
        parts = np.stack((logged(als_part), near + LOG_FLOOR, recent, ever), axis=2)
        is_new = np.ones(bought.shape, dtype=bool)
        is_new[block.row, block.column] = False
        is_new[block.is_new] = False  # of whom nothing is known nothing is learned
        begin = np.cumsum([0, *is_new.sum(axis=1)])[:-1]
        return _Asked(own, block.row, block.column, Choices(parts[is_new], bought[is_new], begin), is_new, bought)

    def mixed(self, buy_again: tuple[float, ...], discover: tuple[float, ...]) -> Choices:
        """What was bought before, and the best of what was not, by these exponents."""
        scores = np.full(self.is_new.shape, NEVER)
        scores[self.is_new] = self.new.parts @ np.asarray(discover, dtype=np.float32)
        nothing = np.zeros(len(scores), dtype=np.int64)
        new = Places.of(scores, best(scores, MIXED_FROM), nothing)
        own = Places(self.row, self.column, self.own.parts @ np.asarray(buy_again), nothing[self.row] + 1)
        both = Places.joined(own, new)
        is_own = both.source == 1
        parts = np.stack([is_own, np.where(is_own, both.score, 0), np.where(is_own, 0, both.score)], axis=1)
        return Choices(parts, self.bought[both.row, both.column], np.searchsorted(both.row, np.arange(len(scores))))

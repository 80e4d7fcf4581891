"""The products of one shop as the scorer sees them, and a block of its customers: plain arrays, the same when learning and when scoring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.interactions import span_days
from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend.neighbours import Neighbours, damped, merged
from lakehouse.recommend.rules.eligibility import Eligibility
from lakehouse.recommend.rules.shelf import Shelf
from lakehouse.recommend.rules.shop_rules import ShopRules

# Customers at once: fewer cost more per customer, more cost memory (x products x 4 bytes).
BLOCK = 128
# Added before a logarithm is taken: what the model does not expect at all is as unlikely as this.
FLOOR = np.float32(0.01)
LOG_FLOOR = np.log(FLOOR)
OWN = ("product_id", "weight", "order_count", "recency_days", "span_days")


class ByCountry(NamedTuple):
    """Of each customer the `row`; rows × products: `recent` orders."""

    row: np.ndarray
    recent: np.ndarray


@dataclass(frozen=True)
class ScoringArrays:
    """n products, ids ascending.

    `factors`: n × rank, zeros where ALS does not know the product. `recent`: by country the logarithm of 1 + recent orders,
    smoothed towards everywhere and in everywhere's numbers; "*" holds for countries that are not there. `ever`: the logarithm
    of 1 + orders. `eligible`: may be shown, but for what `rules` hide. `arrivals`: columns of new products;
    `categories`: products × categories, 1 or 0, where `eligible` is told. `rules`: over the same products; None where there are none.
    `sold_in`: by country whether each product was sold there lately.
    """

    product_ids: np.ndarray
    factors: np.ndarray
    neighbours: sp.csr_matrix
    recent: Mapping[str, np.ndarray]
    ever: np.ndarray
    eligible: np.ndarray
    arrivals: np.ndarray
    categories: sp.csr_matrix
    rules: ShopRules | None = None
    sold_in: Mapping[str, np.ndarray] = field(default_factory=dict)

    def by_country(self, countries: list[str | None]) -> ByCountry:
        """Recent orders for each customer, by country. One row is shared by all customers of a country."""
        known = [country if country in self.recent else EVERYWHERE for country in countries]
        names, rows = np.unique(np.asarray(known, dtype=str), return_inverse=True)
        return ByCountry(rows, np.stack([self.recent[name] for name in names]))

    @cached_property
    def speaking(self) -> sp.csr_matrix:
        """The neighbours the other way round: row j holds what speaks for j."""
        return self.neighbours.T.tocsr()

    def places(self, product_ids: np.ndarray) -> np.ndarray:
        """The products' columns, -1 for those that are not here."""
        if len(self.product_ids) == 0:
            return np.full(len(product_ids), -1)
        place = np.searchsorted(self.product_ids, product_ids).clip(max=len(self.product_ids) - 1)
        return np.where(self.product_ids[place] == product_ids, place, -1)


def catalogues(
    factors: DataFrame, neighbours: Mapping[str, Neighbours], popularity: DataFrame, eligible: Eligibility | None, smoothing: float
) -> dict[str, ScoringArrays]:
    """By shop code: all products with factors (shop_code, product_id, features) or in `popularity` (gold.product_popularity).

    `eligible`: what may be shown, whose new and pinned products are in the catalogue too; None is everything. Two Spark jobs.
    """
    trained = factors.select("shop_code", "product_id", "features").orderBy("shop_code", "product_id").toArrow()
    counts = popularity.select("shop_code", "country_code", "product_id", "recent_order_count", "order_count").toArrow()
    codes = set(pc.unique(trained.column("shop_code")).to_pylist()) | set(pc.unique(counts.column("shop_code")).to_pylist())
    return {code: _catalogue(code, _of(code, trained), neighbours, _of(code, counts), eligible, smoothing) for code in sorted(codes)}


def _of(code: str, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows.column("shop_code"), code)).combine_chunks()


def _catalogue(
    code: str, trained: pa.Table, neighbours: Mapping[str, Neighbours], counts: pa.Table, eligible: Eligibility | None, smoothing: float
) -> ScoringArrays:
    known = trained.column("product_id").to_numpy()
    counted = counts.column("product_id").to_numpy()
    shelf = Shelf.of(None if eligible is None else eligible.facts.get(code))
    rules = None if eligible is None else eligible.rules.get(code)
    more = shelf.new if rules is None else np.union1d(shelf.new, rules.pinned_products)
    ids = np.union1d(np.union1d(known, counted), more).astype(np.int64)
    flat = np.asarray(trained.column("features").combine_chunks().flatten(), dtype=np.float32)
    rank = len(flat) // len(known) if len(known) else 0
    factors = np.zeros((len(ids), rank), dtype=np.float32)
    factors[np.searchsorted(ids, known)] = flat.reshape(len(known), rank)
    countries = np.asarray(counts.column("country_code").to_pylist(), dtype=object)
    by_country, ever = {}, np.zeros(len(ids))
    for country in sorted({EVERYWHERE, *countries}):
        mine = countries == country
        by_country[country] = np.zeros(len(ids))
        by_country[country][np.searchsorted(ids, counted[mine])] = counts.column("recent_order_count").to_numpy()[mine]
    everywhere = countries == EVERYWHERE
    ever[np.searchsorted(ids, counted[everywhere])] = counts.column("order_count").to_numpy()[everywhere]
    may = np.ones(len(ids), dtype=bool) if eligible is None else np.isin(ids, shelf.products)
    return ScoringArrays(
        ids,
        factors,
        merged(neighbours, code, ids),
        smoothed(by_country, smoothing),
        np.log1p(ever).astype(np.float32),
        may,
        np.flatnonzero(np.isin(ids, shelf.new)),
        shelf.categories_of(ids),
        None if rules is None else rules.over(ids),
        {country: count > 0 for country, count in by_country.items() if country != EVERYWHERE},
    )


def smoothed(recent: Mapping[str, np.ndarray], smoothing: float) -> dict[str, np.ndarray]:
    """log(1 + orders) by country, as if `smoothing` orders of the mix of everywhere had been made there too (additive smoothing),
    scaled to as many orders as everywhere has."""
    everywhere = recent[EVERYWHERE]
    total = max(float(everywhere.sum()), 1.0)
    shares = {
        country: everywhere / total if country == EVERYWHERE else (count + smoothing * everywhere / total) / (count.sum() + smoothing)
        for country, count in recent.items()
    }
    return {country: np.log1p(share * total).astype(np.float32) for country, share in shares.items()}


def profiles(customers: DataFrame, interactions: DataFrame, factors: DataFrame) -> DataFrame:
    """One row per customer (shop_code, customer_key, country_code): `own`, what was bought (array), `features` (null: unknown to ALS), and
    the `training_pairs` of `factors` if they are there."""
    spans = interactions.withColumn("span_days", span_days().cast("double"))
    history = spans.where("product_id > 0 and weight > 0").groupBy(*CUSTOMER)
    own = history.agg(F.sort_array(F.collect_list(F.struct(*OWN))).alias("own"))
    wanted = customers.select(*CUSTOMER, "country_code")
    of_model = [name for name in ("features", "training_pairs") if name in factors.columns]
    return wanted.join(own, CUSTOMER, "left").join(factors.select(*CUSTOMER, *of_model), CUSTOMER, "left")


@dataclass(frozen=True)
class Block:
    """b customers of one shop; what they bought as flat arrays: the customer's row, the product's column, and what is known of the pair."""

    countries: list[str | None]
    features: np.ndarray
    row: np.ndarray
    column: np.ndarray
    weight: np.ndarray
    order_count: np.ndarray
    recency_days: np.ndarray
    span_days: np.ndarray

    @staticmethod
    def of(batch: pa.RecordBatch, catalogue: ScoringArrays) -> "Block":
        """From rows of `profiles` of the catalogue's shop."""
        own = batch.column("own")
        row = np.asarray(pc.list_parent_indices(own), dtype=np.int64)
        values = {name: np.asarray(pc.struct_field(pc.list_flatten(own), name)) for name in OWN}
        column = catalogue.places(values["product_id"])
        there = column >= 0
        rank = catalogue.factors.shape[1]
        features = np.zeros((batch.num_rows, rank), dtype=np.float32)
        given = np.asarray(pc.is_valid(batch.column("features")))
        if rank:
            features[given] = np.asarray(pc.list_flatten(batch.column("features")), dtype=np.float32).reshape(-1, rank)
        numbers = (values[name][there].astype(np.float32) for name in OWN[1:])
        return Block(batch.column("country_code").to_pylist(), features, row[there], column[there], *numbers)

    def __len__(self) -> int:
        return len(self.countries)

    @property
    def named_countries(self) -> np.ndarray:
        """As rules see them: one that is not known is none of theirs."""
        return np.asarray([country or "" for country in self.countries], dtype=str)

    @property
    def is_new(self) -> np.ndarray:
        """Of whom nothing is known."""
        return ~self.features.any(axis=1) & (np.bincount(self.row, minlength=len(self)) == 0)

    def arrivals(self, catalogue: ScoringArrays) -> np.ndarray:
        """Customers × the catalogue's arrivals: the share of what was bought that is of one of the product's categories, 0 to 1.

        Of a product with several categories their mean; 0 where nothing was bought.
        """
        shape = (len(self), len(catalogue.product_ids))
        bought = sp.csr_matrix((damped(self.weight), (self.row, self.column)), shape=shape)
        total = np.maximum(np.asarray(bought.sum(axis=1)).reshape(-1, 1), np.float32(1e-9))
        new = catalogue.categories[catalogue.arrivals]
        several = np.maximum(np.asarray(new.sum(axis=1)).reshape(1, -1), 1)
        return np.asarray(((bought @ catalogue.categories) @ new.T).todense()) / total / several

    def expected(self, catalogue: ScoringArrays) -> tuple[np.ndarray, np.ndarray]:
        """Customers × products: what ALS expects, and the logarithm of what the neighbours expect, as what it is above LOG_FLOOR."""
        shape = (len(self), len(catalogue.product_ids))
        bought = sp.csr_matrix((damped(self.weight), (self.row, self.column)), shape=shape)
        near = (bought @ catalogue.neighbours).tocsr()
        near.data = logged(near.data) - LOG_FLOOR  # of those that are there: most of the others would be the logarithm of nothing
        # Of whole blocks, so that a score does not depend on who else is in the block: BLAS adds up in another order for a few rows.
        whole = np.zeros((-(-len(self) // BLOCK) * BLOCK, self.features.shape[1]), dtype=np.float32)
        whole[: len(self)] = self.features
        return (whole @ catalogue.factors.T)[: len(self)], near.toarray() if near.nnz else np.broadcast_to(np.float32(0), shape)


def cells_of(lists: pa.RecordBatch, customers: pa.RecordBatch, catalogue: ScoringArrays) -> tuple[np.ndarray, np.ndarray]:
    """Of each place of `lists` (a row per customer and list: customer_key, product_ids) the customer's row in `customers` and the product's
    column."""
    products = lists.column("product_ids")
    of_list = np.asarray(pc.index_in(lists.column("customer_key"), customers.column("customer_key")), dtype=np.int64)
    return of_list[np.asarray(pc.list_parent_indices(products), dtype=np.int64)], catalogue.places(np.asarray(pc.list_flatten(products)))


def logged(expected: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The logarithm, not below LOG_FLOOR."""
    out = np.clip(expected, 0, np.inf, out=out)  # with two bounds: np.maximum with a number takes three times as long
    out += FLOOR
    return np.log(out, out=out)

"""Metrics of ranked lists: for each customer, as means over customers, for groups of customers, and of all lists together.

Relevance is binary: a product was bought or not. Only the first K places count. Two products of a list never have the same rank, so no
metric depends on the order of rows.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER, PAIR, PRODUCT

NAMES = ("recall", "precision", "ndcg", "map", "hit_rate", "repeat_recall", "explore_recall", "repeat_share")
UNKNOWN = "unknown"
# 95 % of a normal distribution are within so many standard deviations.
NORMAL_95 = 1.96


def per_customer(ranked: Mapping[str, DataFrame], truth: DataFrame, known: DataFrame, k: int) -> DataFrame:
    """One row for each method and each customer of `truth`: method, shop_code, customer_key, and each of NAMES (0..1) at K.

    A customer without a list has 0. All methods together take one pass.

    `ranked`: method → shop_code, customer_key, rank (from 1), product_id. `truth`: pairs (shop_code, customer_key, product_id) that were
    bought in the test window. `known`: the pairs bought before it.

    - recall = hits / |truth|, precision = hits / K, however short the list (Manning, Raghavan, Schütze 2008, chapter 8).
    - ndcg = Σ_hits 1 / log2(rank + 1) over the same sum with the first min(K, |truth|) places all hits (Järvelin, Kekäläinen 2002).
    - map = Σ_hits precision at the hit's rank / min(K, |truth|), so that the best list has 1 (Spark's meanAveragePrecisionAtK; TREC
      divides by |truth|). These four equal Spark's RankingEvaluator.
    - hit_rate = 1 with at least one hit (Deshpande, Karypis 2004).
    - repeat_recall, explore_recall = recall of the truth's products that were bought before, and of those that were not; null where
      there are none. repeat_share = share of what is shown that was bought before; null where nothing is shown. (Li, Jullien,
      Ariannezhad, de Rijke 2023, "A Next Basket Recommendation Reality Check")
    """
    lists = [frame.where(F.col("rank") <= k).select(F.lit(name).alias("method"), *PAIR, "rank") for name, frame in ranked.items()]
    facts = _of_customers(reduce(DataFrame.unionByName, lists), truth, known)
    by_method = facts.select("*", F.explode(F.array(*map(F.lit, ranked))).alias("method"))
    of_method = by_method.withColumn("shown", F.expr("filter(shown, place -> place.method = method)"))
    is_hit, is_repeat = "array_contains(relevant, place.product_id)", "array_contains(known, place.product_id)"
    counted = of_method.select(
        "method",
        *CUSTOMER,
        F.expr(f"array_sort(transform(filter(shown, place -> {is_hit}), place -> place.rank)) AS hits"),
        F.expr("size(relevant) AS relevant"),
        F.expr("size(array_intersect(relevant, known)) AS relevant_repeats"),
        F.expr(f"size(filter(shown, place -> {is_hit} AND {is_repeat})) AS repeat_hits"),
        F.expr("size(shown) AS shown"),
        F.expr(f"size(filter(shown, place -> {is_repeat})) AS shown_repeats"),
    )
    best = f"least(relevant, {k})"
    return counted.select(
        "method",
        *CUSTOMER,
        F.expr("size(hits) / relevant AS recall"),
        F.expr(f"size(hits) / {k} AS precision"),
        F.expr(f"{_gain('hits')} / {_gain(f'sequence(1, {best})')} AS ndcg"),
        F.expr(f"{_sum('transform(hits, (rank, i) -> (i + 1) / rank)')} / {best} AS map"),
        F.expr("IF(size(hits) > 0, 1D, 0D) AS hit_rate"),
        F.expr("try_divide(repeat_hits, relevant_repeats) AS repeat_recall"),
        F.expr("try_divide(size(hits) - repeat_hits, relevant - relevant_repeats) AS explore_recall"),
        F.expr("try_divide(shown_repeats, shown) AS repeat_share"),
    )


def _of_customers(shown: DataFrame, truth: DataFrame, known: DataFrame) -> DataFrame:
    """One row for each customer of the truth: products `relevant` (bought) and `known` (bought before), places `shown` (method, rank,
    product_id)."""
    marked = (
        shown.unionByName(truth.select(*PAIR, F.lit(True).alias("is_relevant")), allowMissingColumns=True)
        .unionByName(known.select(*PAIR, F.lit(True).alias("is_known")), allowMissingColumns=True)
        .groupBy(*CUSTOMER)
    )
    return marked.agg(
        F.expr("collect_set(IF(is_relevant, product_id, NULL)) AS relevant"),
        F.expr("collect_set(IF(is_known, product_id, NULL)) AS known"),
        F.expr("collect_list(IF(rank IS NULL, NULL, struct(method, rank, product_id))) AS shown"),
    ).where("size(relevant) > 0")


def _sum(values: str) -> str:
    return f"aggregate({values}, 0D, (total, value) -> total + value)"


def _gain(ranks: str) -> str:
    return _sum(f"transform({ranks}, rank -> 1 / log2(rank + 1))")


@dataclass(frozen=True)
class Summary:
    """The mean of a metric over the customers that have it, with its 95 % confidence interval."""

    mean: float
    low: float
    high: float
    customers: int


def summary(judged: DataFrame, methods: Iterable[str]) -> dict[str, dict[str, Summary]]:
    """Method → name of the metric → its mean over the rows of `per_customer`, with the interval mean ± 1.96 s/√n. One Spark job.

    With fewer than two customers the spread is unknown, so the interval is 0 to 1. Without customers the mean is 0.
    """
    rows = {row["method"]: row for row in judged.groupBy("method").agg(*_statistics()).collect()}
    nobody = dict.fromkeys(NAMES, Summary(0.0, 0.0, 1.0, 0))
    return {method: {name: _summary(rows[method], name) for name in NAMES} if method in rows else nobody for method in methods}


def means(judged: DataFrame, methods: Iterable[str]) -> dict[str, dict[str, float]]:
    """Method → name of the metric → its mean over customers. `customers` is their number."""
    return {method: _means(found) for method, found in summary(judged, methods).items()}


def by_group(judged: DataFrame, groups: DataFrame, name: str) -> dict[str, dict[str, float]]:
    """Group of customers → the means of one method, as in `means`. `judged`: that method's rows of `per_customer`.

    `groups`: shop_code, customer_key and the column `name`, whose values are the groups. Customers without a value, or without a row there,
    are the group "unknown".
    """
    grouped = judged.join(groups.select(*CUSTOMER, F.col(name).cast("string").alias("_group")), CUSTOMER, "left").fillna(
        UNKNOWN, ["_group"]
    )
    rows = grouped.groupBy("_group").agg(*_statistics()).orderBy("_group").collect()
    return {row["_group"]: _means({metric: _summary(row, metric) for metric in NAMES}) for row in rows}


def order_count_band(order_count: Column) -> Column:
    """'1', '2-3', '4-9' or '10+' for a number of orders; null below 1."""
    return F.when(order_count >= 10, "10+").when(order_count >= 4, "4-9").when(order_count >= 2, "2-3").when(order_count >= 1, "1")


def _statistics() -> list[Column]:
    parts = (("customers", F.count), ("mean", F.avg), ("spread", F.stddev_samp))
    return [function(name).alias(f"{part}_{name}") for name in NAMES for part, function in parts]


def _summary(row: Row, name: str) -> Summary:
    customers, mean, spread = row[f"customers_{name}"], float(row[f"mean_{name}"] or 0), row[f"spread_{name}"]
    if customers < 2:
        return Summary(mean, 0.0, 1.0, customers)
    half = NORMAL_95 * spread / math.sqrt(customers)
    return Summary(mean, mean - half, mean + half, customers)


def _means(found: Mapping[str, Summary]) -> dict[str, float]:
    # Recall is never null, so its customers are all customers.
    return {"customers": float(found["recall"].customers), **{name: one.mean for name, one in found.items()}}


@dataclass(frozen=True)
class Exposure:
    """How the lists of all customers spread over the products.

    coverage: share of the products that stand on at least one list (Ge, Delgado-Battenfeld, Jannach 2010). gini: 0 where all products
    are shown equally often, 1 where one has every place. novelty: bits, 0 where all that is shown was bought by everybody.
    """

    coverage: float
    gini: float
    novelty: float


def exposure(ranked: DataFrame, products: DataFrame, popularity: DataFrame, customers: Mapping[str, int], k: int) -> Exposure:
    """What the first K places of all lists show. One Spark job; the driver gets one row for each product.

    `products`: shop_code, product_id of all that could be shown. `popularity`: shop_code, product_id, customer_count (who bought it).
    `customers`: shop_code → number of customers.

    - gini = Σ_j (2j - n - 1) x_j / ((n - 1) Σ x), x the places of each of n products, ascending (Shani, Gunawardana 2011).
    - novelty = mean over places of -log2(customer_count / customers) (Zhou et al. 2010; Vargas, Castells 2011). A product that nobody
      has bought counts as bought by one.
    """
    marked = (
        ranked.where(F.col("rank") <= k)
        .select(*PRODUCT, F.lit(1).alias("place"))
        .unionByName(products.select(*PRODUCT, F.lit(True).alias("is_offered")), allowMissingColumns=True)
        .unionByName(popularity.select(*PRODUCT, "customer_count"), allowMissingColumns=True)
    )
    rows = (
        marked.groupBy(*PRODUCT)
        .agg(F.count("place").alias("places"), F.max("is_offered").alias("is_offered"), F.max("customer_count").alias("customer_count"))
        .select("shop_code", "places", F.coalesce("is_offered", F.lit(False)), F.greatest(F.coalesce("customer_count", F.lit(1)), F.lit(1)))
        .toArrow()
    )
    codes, places, is_offered, buyers = (column.to_numpy() for column in rows.columns)
    of_offered = places[is_offered]
    shares = buyers / np.array([customers[code] for code in codes], dtype=np.float64)
    bits = -np.log2(shares, where=places > 0, out=np.zeros(len(places)))
    return Exposure(
        coverage=float((of_offered > 0).sum() / max(len(of_offered), 1)),
        gini=gini(of_offered),
        novelty=float(bits @ places / max(places.sum(), 1)),
    )


def gini(counts: np.ndarray) -> float:
    """Gini coefficient: 0 if all counts are equal, 1 if one of them has everything. 0 also for fewer than two counts, or if all are 0."""
    n, total = len(counts), counts.sum()
    if n < 2 or total == 0:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / ((n - 1) * total))

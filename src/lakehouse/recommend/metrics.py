"""How good ranked lists are: per customer, on average, by group, and as a whole. A product is either bought or not; K places count.

Ties of scores are broken before, by the rank: two products never share a place, so nothing here depends on the order of rows.
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
    """method, shop_code, customer_key and each of NAMES (0..1) at K, one row for every method and customer of the truth; a missing list
    counts 0. One pass over all methods.

    `ranked`: method → shop_code, customer_key, rank (from 1), product_id. `truth`: the pairs bought. `known`: the pairs bought before.

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
    is_hit, is_again = "array_contains(wanted, place.product_id)", "array_contains(known, place.product_id)"
    counted = of_method.select(
        "method",
        *CUSTOMER,
        F.expr(f"array_sort(transform(filter(shown, place -> {is_hit}), place -> place.rank)) AS hits"),
        F.expr("size(wanted) AS wanted"),
        F.expr("size(array_intersect(wanted, known)) AS wanted_again"),
        F.expr(f"size(filter(shown, place -> {is_hit} AND {is_again})) AS hits_again"),
        F.expr("size(shown) AS shown"),
        F.expr(f"size(filter(shown, place -> {is_again})) AS shown_again"),
    )
    best = f"least(wanted, {k})"
    return counted.select(
        "method",
        *CUSTOMER,
        F.expr("size(hits) / wanted AS recall"),
        F.expr(f"size(hits) / {k} AS precision"),
        F.expr(f"{_gain('hits')} / {_gain(f'sequence(1, {best})')} AS ndcg"),
        F.expr(f"{_sum('transform(hits, (rank, i) -> (i + 1) / rank)')} / {best} AS map"),
        F.expr("IF(size(hits) > 0, 1D, 0D) AS hit_rate"),
        F.expr("try_divide(hits_again, wanted_again) AS repeat_recall"),
        F.expr("try_divide(size(hits) - hits_again, wanted - wanted_again) AS explore_recall"),
        F.expr("try_divide(shown_again, shown) AS repeat_share"),
    )


def _of_customers(shown: DataFrame, truth: DataFrame, known: DataFrame) -> DataFrame:
    """Of each customer of the truth the products `wanted` and `known`, and the places `shown` (method, rank, product_id)."""
    marked = (
        shown.unionByName(truth.select(*PAIR, F.lit(True).alias("is_wanted")), allowMissingColumns=True)
        .unionByName(known.select(*PAIR, F.lit(True).alias("is_known")), allowMissingColumns=True)
        .groupBy(*CUSTOMER)
    )
    return marked.agg(
        F.expr("collect_set(IF(is_wanted, product_id, NULL)) AS wanted"),
        F.expr("collect_set(IF(is_known, product_id, NULL)) AS known"),
        F.expr("collect_list(IF(rank IS NULL, NULL, struct(method, rank, product_id))) AS shown"),
    ).where("size(wanted) > 0")


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
    """Method → each of NAMES over its rows of `per_customer`, from one Spark job. The interval is mean ± 1.96 s/√n.

    Below two customers nothing is known of the spread, and the interval is all that a share can be: 0 to 1. The mean of nobody is 0.
    """
    rows = {row["method"]: row for row in judged.groupBy("method").agg(*_statistics()).collect()}
    nobody = dict.fromkeys(NAMES, Summary(0.0, 0.0, 1.0, 0))
    return {method: {name: _summary(rows[method], name) for name in NAMES} if method in rows else nobody for method in methods}


def means(judged: DataFrame, methods: Iterable[str]) -> dict[str, dict[str, float]]:
    """Method → the mean of each metric over customers, and their number as `customers`."""
    return {method: _means(found) for method, found in summary(judged, methods).items()}


def by_group(judged: DataFrame, groups: DataFrame, name: str) -> dict[str, dict[str, float]]:
    """Of one method's rows: value of the column `name` of `groups` (shop_code, customer_key, `name`) → means as in `means`.

    Customers without a value, or who are not in `groups`, are those of "unknown".
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
    # Recall is never null: its customers are all.
    return {"customers": float(found["recall"].customers), **{name: one.mean for name, one in found.items()}}


@dataclass(frozen=True)
class Exposure:
    """What all lists together show.

    coverage: share of the products that stand on at least one list (Ge, Delgado-Battenfeld, Jannach 2010). gini: 0 where all products
    are shown equally often, 1 where one has every place. novelty: bits, 0 where all that is shown was bought by everybody.
    """

    coverage: float
    gini: float
    novelty: float


def exposure(ranked: DataFrame, products: DataFrame, popularity: DataFrame, customers: Mapping[str, int], k: int) -> Exposure:
    """Of the first K places of all lists, from one Spark job; a row per product comes to the driver.

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
    """How unequal they are: 0 where all are the same, 1 where one has all. With fewer than two, or nothing to share: 0."""
    n, total = len(counts), counts.sum()
    if n < 2 or total == 0:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / ((n - 1) * total))

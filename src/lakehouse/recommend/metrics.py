"""How good ranked lists are, per customer. Binary relevance, K places, ties already broken by the rank."""

import math

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

CUSTOMER, PAIR = ["shop_code", "customer_key"], ["shop_code", "customer_key", "product_id"]
NAMES = ("recall", "ndcg", "hit_rate")


def per_customer(ranked: DataFrame, truth: DataFrame, k: int) -> DataFrame:
    """shop_code, customer_key, recall, ndcg, hit_rate (0..1) at K for every customer of the truth; a missing list counts 0.

    `ranked`: shop_code, customer_key, rank (from 1), product_id. `truth`: the pairs bought.
    recall = hits / |truth|. NDCG (Järvelin, Kekäläinen 2002) = Σ_hits 1/log2(rank+1) over the same sum with the first
    min(K, |truth|) places all hits. hit_rate = 1 with at least one hit.
    """
    gain = 1 / F.log2(F.col("rank") + 1)
    hits = (
        ranked.where(F.col("rank") <= k)
        .join(truth.select(*PAIR), PAIR)
        .groupBy(*CUSTOMER)
        .agg(F.count("*").alias("hits"), F.sum(gain).alias("dcg"))
    )
    ideal = [sum(1 / math.log2(place + 2) for place in range(n)) for n in range(k + 1)]
    best = F.element_at(F.array(*map(F.lit, ideal)), F.least("wanted", F.lit(k)).cast("int") + 1)
    judged = truth.groupBy(*CUSTOMER).agg(F.count("*").alias("wanted")).join(hits, CUSTOMER, "left").fillna(0, ["hits", "dcg"])
    return judged.select(
        *CUSTOMER,
        (F.col("hits") / F.col("wanted")).alias("recall"),
        (F.col("dcg") / best).alias("ndcg"),
        F.when(F.col("hits") > 0, 1.0).otherwise(0.0).alias("hit_rate"),
    )


def means(judged: DataFrame) -> dict[str, float]:
    """The mean of each metric over customers, and their number as `customers`."""
    row = judged.agg(F.count("*").alias("customers"), *(F.avg(name).alias(name) for name in NAMES)).first()
    assert row is not None
    return {name: float(row[name] or 0) for name in ("customers", *NAMES)}


def coverage(ranked: DataFrame, products: DataFrame, k: int) -> float:
    """The share of `products` (shop_code, product_id) that stand on at least one list among the first K places."""
    key = ["shop_code", "product_id"]
    every = products.select(*key).distinct()
    shown = every.join(ranked.where(F.col("rank") <= k).select(*key), key, "left_semi")
    return shown.count() / max(every.count(), 1)

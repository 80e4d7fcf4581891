"""Metrics computed by hand, and beside Spark's own."""

import random
from dataclasses import astuple
from math import log2, sqrt

import numpy as np
import pytest
from pyspark.ml.evaluation import RankingEvaluator
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.recommend import metrics
from lakehouse.recommend.metrics import NAMES, Exposure, Summary, by_group, exposure, gini, order_count_band, per_customer

LIST = "a list"
RANKED = "shop_code string, customer_key string, rank int, product_id bigint"
PAIR = "shop_code string, customer_key string, product_id bigint"
# Anna's list is 1 2 3 4, Bob's 9 8 7 6, Cleo has none, Dora's is one long; another Anna is of another shop, where nobody is judged.
LISTS = [("nl", "anna", r, r) for r in range(1, 5)] + [("nl", "bob", r, 10 - r) for r in range(1, 5)]
LISTS += [("nl", "dora", 1, 1), ("de", "anna", 1, 1)]
# Anna bought the first, the third and two that are not shown; Bob the one at place 4, below K.
TRUTH = [("nl", "anna", p) for p in (1, 3, 50, 60)] + [("nl", "bob", 6), ("nl", "cleo", 1), ("nl", "dora", 1)]
# Anna had bought 1 (in two rows) and 2 before, and 4, which stands below K; Bob 9; Cleo 1; in the other shop is another Dora.
KNOWN = [("nl", "anna", p) for p in (1, 1, 2, 4)] + [("nl", "bob", 9), ("nl", "cleo", 1), ("nl", "eve", 1), ("de", "dora", 1)]
# Gains 1 at place 1 and 1/log2(4) at place 3, over those of three hits in three places.
ANNAS_NDCG = (1 + 1 / log2(4)) / (1 + 1 / log2(3) + 1 / log2(4))


def means(judged: DataFrame) -> dict[str, float]:
    return metrics.means(judged, [LIST])[LIST]


def summary(judged: DataFrame) -> dict[str, Summary]:
    return metrics.summary(judged, [LIST])[LIST]


@pytest.fixture(scope="module")
def every(spark: SparkSession) -> DataFrame:
    """Both methods, at K = 3."""
    known = frame_from(spark, KNOWN, PAIR).withColumn("weight", F.lit(2.0))
    lists = frame_from(spark, LISTS, RANKED)
    # Of `backwards` Anna's list is 3 2 1: judged beside the other, and not mixed with it.
    backwards = lists.where("customer_key = 'anna' AND rank <= 3").withColumn("rank", 4 - F.col("rank"))
    return per_customer({LIST: lists, "backwards": backwards}, frame_from(spark, TRUTH, PAIR), known, 3).persist()


@pytest.fixture(scope="module")
def judged(every: DataFrame) -> DataFrame:
    return every.where(F.col("method") == LIST)


def test_every_customer_of_the_truth_is_judged_at_3(judged: DataFrame) -> None:
    found = {(row["shop_code"], row["customer_key"]): {name: row[name] for name in NAMES} for row in judged.collect()}
    nothing = dict.fromkeys(NAMES, 0.0)
    assert found == {
        # 2 of 4 bought, in 3 places; precision is 1 at the first hit and 2/3 at the second, of at most 3 hits. Of 1 bought before one
        # is shown, of 3, 50, 60 one; two of three shown were bought before.
        ("nl", "anna"): {
            "recall": 0.5,
            "precision": pytest.approx(2 / 3),
            "ndcg": pytest.approx(ANNAS_NDCG),
            "map": pytest.approx((1 + 2 / 3) / 3),
            "hit_rate": 1.0,
            "repeat_recall": 1.0,
            "explore_recall": pytest.approx(1 / 3),
            "repeat_share": pytest.approx(2 / 3),
        },
        # Bob bought nothing again, Cleo nothing new, and she is shown nothing.
        ("nl", "bob"): {**nothing, "repeat_recall": None, "repeat_share": pytest.approx(1 / 3)},
        ("nl", "cleo"): {**nothing, "explore_recall": None, "repeat_share": None},
        # One hit in a list of one: as good as can be, but for precision, which is of K places.
        ("nl", "dora"): {**dict.fromkeys(NAMES, 1.0), "precision": pytest.approx(1 / 3), "repeat_recall": None, "repeat_share": 0.0},
    }


def test_several_methods_are_judged_in_one_pass_and_each_by_its_own_list(every: DataFrame) -> None:
    # Hits at 3 and 1 the other way round: the same NDCG, other places of the product that was known.
    found = metrics.means(every, [LIST, "backwards", "never asked"])
    assert found[LIST]["ndcg"] == pytest.approx((ANNAS_NDCG + 1) / 4)
    assert found["backwards"]["ndcg"] == pytest.approx(ANNAS_NDCG / 4)
    assert found["backwards"]["customers"] == 4
    assert found["never asked"] == {"customers": 0, **dict.fromkeys(NAMES, 0.0)}


def test_means_are_over_the_customers_that_have_the_metric(judged: DataFrame) -> None:
    assert means(judged) == {
        "customers": 4,
        "recall": pytest.approx(1.5 / 4),
        "precision": pytest.approx(1 / 4),
        "ndcg": pytest.approx((ANNAS_NDCG + 1) / 4),
        "map": pytest.approx((5 / 9 + 1) / 4),
        "hit_rate": pytest.approx(2 / 4),
        "repeat_recall": pytest.approx((1 + 0) / 2),
        "explore_recall": pytest.approx((1 / 3 + 0 + 1) / 3),
        "repeat_share": pytest.approx((2 / 3 + 1 / 3 + 0) / 3),
    }


def test_the_interval_is_196_standard_errors_wide_on_both_sides(judged: DataFrame) -> None:
    found = summary(judged)
    # Recalls 0.5 0 0 1: squares around 0.375 sum to 0.6875. Repeat recalls 1 0: to 0.5.
    half = 1.96 * sqrt(0.6875 / 3) / sqrt(4)
    assert astuple(found["recall"]) == pytest.approx((0.375, 0.375 - half, 0.375 + half, 4))
    half = 1.96 * sqrt(0.5) / sqrt(2)
    assert astuple(found["repeat_recall"]) == pytest.approx((0.5, 0.5 - half, 0.5 + half, 2))


def test_of_one_customer_or_nobody_the_interval_is_all_that_a_share_can_be(judged: DataFrame) -> None:
    assert summary(judged.where("customer_key = 'dora'"))["recall"] == Summary(1.0, 0.0, 1.0, 1)
    nobody = judged.where("customer_key = 'eve'")
    assert means(nobody) == {"customers": 0, **dict.fromkeys(NAMES, 0.0)}
    assert summary(nobody)["ndcg"] == Summary(0.0, 0.0, 1.0, 0)


def test_means_by_group_and_customers_without_a_group_are_unknown(spark: SparkSession, judged: DataFrame) -> None:
    rows = [("nl", "anna", "NL"), ("nl", "dora", "NL"), ("nl", "bob", "BE"), ("nl", "cleo", None), ("de", "anna", "DE")]
    groups = frame_from(spark, rows, "shop_code string, customer_key string, country_code string")
    found = by_group(judged, groups, "country_code")
    assert {name: (one["customers"], one["recall"]) for name, one in found.items()} == {
        "NL": (2, 0.75),
        "BE": (1, 0.0),
        "unknown": (1, 0.0),
    }
    assert found["NL"] == means(judged.where("customer_key in ('anna', 'dora')"))
    only_anna = groups.where("shop_code = 'de'")
    assert {name: one["customers"] for name, one in by_group(judged, only_anna, "country_code").items()} == {"unknown": 4}


def test_bands_of_order_counts(spark: SparkSession) -> None:
    counts = frame_from(spark, [(n,) for n in (0, 1, 2, 3, 4, 9, 10, 500)], "n int")
    found = [row[0] for row in counts.orderBy("n").select(order_count_band(F.col("n"))).collect()]
    assert found == [None, "1", "2-3", "2-3", "4-9", "4-9", "10+", "10+"]


def test_the_means_are_those_of_sparks_ranking_evaluator(spark: SparkSession) -> None:
    k, dice = 5, random.Random(3)
    # Exactly K places, more, and fewer.
    lists = {f"c{i}": dice.sample(range(1, 21), k if i < 30 else dice.randint(1, 8)) for i in range(60)}
    bought = {key: dice.sample(range(1, 21), dice.randint(1, 9)) for key in lists}
    ranked = [("nl", key, rank, product) for key, products in lists.items() for rank, product in enumerate(products, 1)]
    truth = [("nl", key, product) for key, products in bought.items() for product in products]
    lists_of_all = {LIST: frame_from(spark, ranked, RANKED)}
    judged = per_customer(lists_of_all, frame_from(spark, truth, PAIR), frame_from(spark, [], PAIR), k).persist()
    for keys in (list(lists)[:30], list(lists)):
        found = means(judged.where(F.col("customer_key").isin(keys)))
        both = [([float(p) for p in lists[key]], [float(p) for p in bought[key]]) for key in keys]
        frame = frame_from(spark, both, "prediction array<double>, label array<double>")
        theirs = {"recall": "recallAtK", "precision": "precisionAtK", "ndcg": "ndcgAtK", "map": "meanAveragePrecisionAtK"}
        for ours, metric in theirs.items():
            assert found[ours] == pytest.approx(RankingEvaluator(metricName=metric, k=k).evaluate(frame)), metric  # type: ignore[arg-type]
            assert 0.05 < found[ours] < 0.95


def test_exposure_counts_places_among_the_first_3_in_their_shop(spark: SparkSession) -> None:
    # Of nl 1 and 9 are shown (1 twice), 4 is fourth, 5 nowhere; de's 1 is shown, its 9 not; 2 3 7 8 of nl are not offered any more.
    products = [("nl", 1), ("nl", 4), ("nl", 9), ("nl", 5), ("nl", 1), ("de", 1), ("de", 9)]
    popularity = [("nl", 1, 8), ("nl", 9, 4), ("nl", 2, 16), ("nl", 3, 2), ("nl", 7, 1), ("de", 1, 5), ("de", 9, 1), ("nl", 5, 3)]
    found = exposure(
        frame_from(spark, LISTS, RANKED),
        frame_from(spark, products, "shop_code string, product_id bigint"),
        frame_from(spark, popularity, "shop_code string, product_id bigint, customer_count bigint"),
        {"nl": 16, "de": 10},
        3,
    )
    # Bits: 1 has 1 (two places), 2 has 0, 3 has 3; 9 has 2, 7 has 4, and 8, which nobody bought, 4; de's 1 has 1.
    assert found.novelty == pytest.approx((1 + 1 + 0 + 3 + 2 + 4 + 4 + 1) / 8)
    assert found.coverage == 3 / 6
    # Places of the six offered: 0 0 0 1 1 2; weights -5 -3 -1 1 3 5.
    assert found.gini == pytest.approx((1 + 3 + 10) / (5 * 4))


def test_lists_that_show_nothing_have_no_exposure(spark: SparkSession) -> None:
    nothing = frame_from(spark, [], "shop_code string, product_id bigint, customer_count bigint")
    products = frame_from(spark, [("nl", 1), ("nl", 2)], "shop_code string, product_id bigint")
    lists = frame_from(spark, [], RANKED)
    assert exposure(lists, products, nothing, {"nl": 1}, 3) == Exposure(0.0, 0.0, 0.0)
    assert exposure(lists, nothing, nothing, {}, 3) == Exposure(0.0, 0.0, 0.0)


def test_gini_is_0_where_all_is_equal_and_1_where_one_has_all() -> None:
    assert gini(np.array([3, 3, 3])) == 0
    assert gini(np.array([0, 7, 0])) == 1
    # Weights -3 -1 1 3 of 1 2 3 4: 10 over 3 x 10.
    assert gini(np.array([4, 1, 3, 2])) == pytest.approx(1 / 3)
    assert gini(np.array([5])) == gini(np.array([], dtype=int)) == gini(np.array([0, 0])) == 0

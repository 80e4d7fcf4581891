"""Metrics computed by hand."""

from math import log2

import pytest
from pyspark.sql import SparkSession

from lakehouse.recommend.metrics import coverage, means, per_customer

RANKED = "shop_code string, customer_key string, rank int, product_id bigint"
PAIR = "shop_code string, customer_key string, product_id bigint"
# Anna's list is 1 2 3 4, Bob's 9 8 7 6, Cleo has none; Dora's is of another shop.
LISTS = [("nl", "anna", r, r) for r in range(1, 5)] + [("nl", "bob", r, 10 - r) for r in range(1, 5)] + [("de", "anna", 1, 1)]
# Anna bought the first, the third and two that are not shown; Bob the one at place 4, below K.
TRUTH = [("nl", "anna", p) for p in (1, 3, 50, 60)] + [("nl", "bob", 6), ("nl", "cleo", 1), ("nl", "dora", 1)]


def test_recall_ndcg_and_hit_rate_at_3(spark: SparkSession) -> None:
    lists = [*LISTS, ("nl", "dora", 1, 1)]
    judged = per_customer(spark.createDataFrame(lists, RANKED), spark.createDataFrame(TRUTH, PAIR), 3).persist()
    found = {row["customer_key"]: (row["recall"], row["ndcg"], row["hit_rate"]) for row in judged.collect()}
    # Anna: 2 of 4 bought; gains 1 at place 1 and 1/log2(4) at place 3, over those of three hits in three places.
    ndcg = (1 + 1 / log2(4)) / (1 + 1 / log2(3) + 1 / log2(4))
    assert found == {
        "anna": (0.5, pytest.approx(ndcg), 1.0),
        "bob": (0.0, 0.0, 0.0),
        "cleo": (0.0, 0.0, 0.0),
        "dora": (1.0, pytest.approx(1.0), 1.0),
    }
    assert means(judged) == {
        "customers": 4,
        "recall": pytest.approx(1.5 / 4),
        "ndcg": pytest.approx((ndcg + 1) / 4),
        "hit_rate": pytest.approx(2 / 4),
    }


def test_with_nobody_to_judge_all_is_0(spark: SparkSession) -> None:
    empty = per_customer(spark.createDataFrame(LISTS, RANKED), spark.createDataFrame([], PAIR), 3)
    assert means(empty) == {"customers": 0, "recall": 0, "ndcg": 0, "hit_rate": 0}


def test_coverage_is_the_share_of_products_on_any_list_in_their_shop(spark: SparkSession) -> None:
    # Of products 1, 4, 9 and 5 of nl 1 and 9 are among the first three; 4 is fourth; product 9 of de is on no list there.
    products = spark.createDataFrame(
        [("nl", 1), ("nl", 4), ("nl", 9), ("nl", 5), ("nl", 1), ("de", 9)], "shop_code string, product_id bigint"
    )
    assert coverage(spark.createDataFrame(LISTS, RANKED), products, 3) == 2 / 5

"""The scorer against brute force."""

import numpy as np
from pyspark.sql import SparkSession

from lakehouse.recommend.scorer import BLOCK, ItemFactors, best, top_products

RANK = 3


def brute_force(features: np.ndarray, items: ItemFactors, n: int) -> list[int]:
    """All products sorted by score, larger first, and of equal ones the smaller id first."""
    scores = (features.astype(np.float32)[None, :] @ items.factors.T)[0]
    return [int(items.product_ids[i]) for i in sorted(range(len(scores)), key=lambda i: (-scores[i], items.product_ids[i]))[:n]]


def test_the_lists_are_those_of_brute_force_and_shops_never_mix(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    # Small whole numbers: many equal scores, and sums without rounding.
    items = {
        "nl": ItemFactors(np.arange(100, 140), rng.integers(-2, 3, (40, RANK)).astype(np.float32)),
        "de": ItemFactors(np.arange(500, 503), rng.integers(-2, 3, (3, RANK)).astype(np.float32)),
    }
    # More than a block of each shop, mixed.
    customers = [(("nl", "de")[i % 2], f"c{i}", [float(x) for x in rng.integers(-2, 3, RANK)]) for i in range(2 * BLOCK + 20)]
    frame = spark.createDataFrame(customers, "shop_code string, customer_key string, features array<float>")
    found = {(r["shop_code"], r["customer_key"]): (r["product_ids"], r["scores"]) for r in top_products(frame, items, 5).collect()}
    assert len(found) == len(customers)
    for shop, customer, features in customers:
        ids, scores = found[shop, customer]
        assert ids == brute_force(np.array(features), items[shop], 5)
        # Of the shop with three products all three are given.
        assert len(ids) == (3 if shop == "de" else 5)
        by_id = dict(zip(items[shop].product_ids.tolist(), items[shop].factors @ np.array(features, np.float32), strict=True))
        assert scores == [by_id[i] for i in ids]


def test_of_equal_scores_the_smaller_ids_are_taken_in_order() -> None:
    ids = np.array([3, 5, 8, 9, 11])
    found, scores = best(np.array([[1, 2, 1, 2, 1], [0, 0, 0, 0, 0]], np.float32), ids, 3)
    assert found.tolist() == [[5, 9, 3], [3, 5, 8]]
    assert scores.tolist() == [[2, 2, 1], [0, 0, 0]]


def test_more_than_there_is_gives_all_there_is() -> None:
    found, scores = best(np.array([[1, 3, 2]], np.float32), np.array([7, 8, 9]), 10)
    assert found.tolist() == [[8, 9, 7]]
    assert scores.tolist() == [[3, 2, 1]]


def test_ties_at_the_end_of_a_list_are_broken_by_id_among_many_products() -> None:
    rng = np.random.default_rng(7)
    scores, ids = rng.integers(0, 3, (20, 500)).astype(np.float32), np.arange(1000, 1500)
    found, _ = best(scores, ids, 10)
    for row, listed in zip(scores, found.tolist(), strict=True):
        score_of = dict(zip(ids.tolist(), row.tolist(), strict=True))
        assert listed == sorted(score_of, key=lambda i: (-score_of[i], i))[:10]

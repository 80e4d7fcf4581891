"""ALS: ids that can be made again, and factors that do not depend on the order of rows."""

import random
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.keys import PRODUCT
from lakehouse.recommend.als import Factors, fit, index, training_pairs
from lakehouse.recommend.lists.contributions import NormalEquations, of_als
from lakehouse.recommend.params import Als

PARAMS = Als(rank=4, alpha=10.0, reg_param=0.3, iterations=2, seed=7, blocks=2)
SCHEMA = "shop_code string, customer_key string, product_id bigint, weight double"


def pairs() -> list[tuple[str, str, int, float]]:
    chance = random.Random(7)
    found = {(("nl", "de")[c % 2], f"c{c:02}", 100 + chance.randrange(12)): chance.random() for c in range(20) for _ in range(5)}
    return [(*pair, weight) for pair, weight in sorted(found.items())]


@pytest.fixture(scope="module")
def fitted(spark: SparkSession) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The factors of customers and of products that a fit on `pairs` gives."""
    customers, products = fit(frame_from(spark, pairs(), SCHEMA), PARAMS).factors()
    return customers.toArrow().to_pylist(), products.toArrow().to_pylist()


def test_an_index_is_dense_and_sorted_by_the_key(spark: SparkSession) -> None:
    rows = frame_from(spark, [("nl", 30), ("de", 200), ("nl", 4), ("nl", 30), ("de", 3)], "shop_code string, product_id bigint")
    found = index(rows, PRODUCT, "product_idx").collect()
    assert {(row["shop_code"], row["product_id"]): row["product_idx"] for row in found} == {
        ("de", 3): 0,
        ("de", 200): 1,
        ("nl", 4): 2,
        ("nl", 30): 3,
    }


def test_two_fits_on_the_same_rows_in_another_order_give_equal_factors(
    spark: SparkSession, fitted: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    rows = pairs()
    shuffled = random.Random(1).sample(rows, len(rows))
    # An unknown product is left out, so the second fit gets one more row.
    second = fit(frame_from(spark, [("nl", "c00", 0, 9.0), *shuffled], SCHEMA).repartition(3), PARAMS).factors()
    for one, other, key in ((fitted[0], second.customers, "customer_key"), (fitted[1], second.products, "product_id")):
        found = {(r["shop_code"], r[key]): r["features"] for r in one}
        assert found == {(r["shop_code"], r[key]): r["features"] for r in other.collect()}
        assert set(found) == {(row[0], row[1] if key == "customer_key" else row[2]) for row in rows}
        assert {len(features) for features in found.values()} == {4}


def test_weights_in_another_unit_give_the_same_factors(
    spark: SparkSession, fitted: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    in_orders = {row["customer_key"]: row["features"] for row in fitted[0]}
    in_pieces = frame_from(spark, [(*row[:3], row[3] * 64) for row in pairs()], SCHEMA)
    found = {row["customer_key"]: row["features"] for row in fit(in_pieces, PARAMS).factors().customers.collect()}
    assert set(found) == set(in_orders)
    for key, features in found.items():
        assert features == pytest.approx(in_orders[key], abs=1e-3)


def test_the_parts_of_each_score_that_the_training_pairs_give_add_up_to_it(
    spark: SparkSession, fitted: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """Of all customers and products of two shops: the equations are over the products of both."""
    customers, products = fitted
    by_shop = {code: sorted((p["product_id"], p["features"]) for p in products if p["shop_code"] == code) for code in ("de", "nl")}
    factors = {code: np.array([features for _, features in known], dtype=np.float32) for code, known in by_shop.items()}
    normal = NormalEquations.of(factors.values(), PARAMS.reg_param)
    # An unknown product and a pair of which nothing is left have taught nothing.
    rows = frame_from(spark, [*pairs(), ("nl", "c00", 0, 5.0), ("nl", "c00", 101, 0.0)], SCHEMA)
    trained = {row["customer_key"]: row["training_pairs"] for row in training_pairs(rows, PARAMS.alpha).toArrow().to_pylist()}
    assert set(trained) == {who["customer_key"] for who in customers}
    for who in customers:
        ids, of_shop = [product for product, _ in by_shop[who["shop_code"]]], factors[who["shop_code"]]
        history = of_shop[[ids.index(pair["product_id"]) for pair in trained[who["customer_key"]]]]
        confidence = np.array([[pair["confidence"] for pair in trained[who["customer_key"]]]])
        parts = of_als(of_shop[None], history[None], confidence, normal)[0]
        assert parts.sum(axis=1) == pytest.approx(of_shop @ np.array(who["features"], dtype=np.float32), abs=1e-5)


def test_the_model_that_knows_nobody_has_no_factors(spark: SparkSession) -> None:
    nothing = Factors.none(spark)
    assert (nothing.customers.count(), nothing.products.count()) == (0, 0)

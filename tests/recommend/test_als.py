"""ALS: ids that can be made again, and factors that do not depend on the order of rows."""

import random

import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.keys import PRODUCT
from lakehouse.recommend.als import Factors, fit, index
from lakehouse.recommend.params import Als

PARAMS = Als(rank=4, alpha=10.0, reg_param=0.3, iterations=2, seed=7, blocks=2)
SCHEMA = "shop_code string, customer_key string, product_id bigint, weight double"


def pairs() -> list[tuple[str, str, int, float]]:
    chance = random.Random(7)
    found = {(("nl", "de")[c % 2], f"c{c:02}", 100 + chance.randrange(12)): chance.random() for c in range(20) for _ in range(5)}
    return [(*pair, weight) for pair, weight in sorted(found.items())]


def test_an_index_is_dense_and_sorted_by_the_key(spark: SparkSession) -> None:
    rows = frame_from(spark, [("nl", 30), ("de", 200), ("nl", 4), ("nl", 30), ("de", 3)], "shop_code string, product_id bigint")
    found = index(rows, PRODUCT, "product_idx").collect()
    assert {(row["shop_code"], row["product_id"]): row["product_idx"] for row in found} == {
        ("de", 3): 0,
        ("de", 200): 1,
        ("nl", 4): 2,
        ("nl", 30): 3,
    }


def test_two_fits_on_the_same_rows_in_another_order_give_equal_factors(spark: SparkSession) -> None:
    rows = pairs()
    shuffled = random.Random(1).sample(rows, len(rows))
    # An unknown product is left out, so the second fit gets one more row.
    first = fit(frame_from(spark, rows, SCHEMA), PARAMS).factors()
    second = fit(frame_from(spark, [("nl", "c00", 0, 9.0), *shuffled], SCHEMA).repartition(3), PARAMS).factors()
    for one, other, key in ((first.customers, second.customers, "customer_key"), (first.products, second.products, "product_id")):
        found = {(r["shop_code"], r[key]): r["features"] for r in one.collect()}
        assert found == {(r["shop_code"], r[key]): r["features"] for r in other.collect()}
        assert set(found) == {(row[0], row[1] if key == "customer_key" else row[2]) for row in rows}
        assert {len(features) for features in found.values()} == {4}


def test_weights_in_another_unit_give_the_same_factors(spark: SparkSession) -> None:
    in_orders, in_pieces = (frame_from(spark, [(*row[:3], row[3] * unit) for row in pairs()], SCHEMA) for unit in (1, 64))
    factors = [
        {r["customer_key"]: r["features"] for r in fit(frame, PARAMS).factors().customers.collect()} for frame in (in_orders, in_pieces)
    ]
    assert set(factors[0]) == set(factors[1])
    for key, features in factors[0].items():
        assert features == pytest.approx(factors[1][key], abs=1e-3)


def test_the_model_that_knows_nobody_has_no_factors(spark: SparkSession) -> None:
    nothing = Factors.none(spark)
    assert (nothing.customers.count(), nothing.products.count()) == (0, 0)

"""Purchases as of a moment: ages and what is recent, by hand."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.purchases import Clock, as_of, evening

SCHEMA = "shop_code string, customer_key string, order_id string, product_id bigint, order_day double"


def aged(frame: DataFrame) -> dict[str, tuple[float, bool]]:
    return {row["order_id"]: (row["age"], row["is_recent"]) for row in frame.collect()}


def test_the_evening_of_a_day_knows_the_orders_of_that_day(spark: SparkSession) -> None:
    day = float((date(2026, 7, 1) - date(1970, 1, 1)).days)
    rows = [("nl", "anna", name, 1, at) for name, at in (("today", day), ("week", day - 7), ("older", day - 8), ("tomorrow", day + 1))]
    found = aged(as_of(frame_from(spark, rows, SCHEMA), evening(date(2026, 7, 1)), Clock("days", 8)))
    assert found == {"today": (0.0, True), "week": (7.0, True), "older": (8.0, False)}


def test_of_times_whole_days_that_have_passed_count(spark: SparkSession) -> None:
    rows = [("nl", "anna", name, 1, at) for name, at in (("hour", 99.96), ("day", 99.0), ("two", 98.5), ("now", 100.0))]
    assert aged(as_of(frame_from(spark, rows, SCHEMA), 100.0, Clock("days", 1))) == {
        "hour": (0.0, True),
        "day": (0.0, True),
        "two": (1.0, False),
    }


def test_baskets_are_counted_back_from_each_customers_last_one(spark: SparkSession) -> None:
    # Anna has four baskets, one of them with two products; Bob one. Recent is the latest half, rounded up.
    rows = [("nl", "anna", "a1", 1, 1.0), ("nl", "anna", "a2", 1, 2.0), ("nl", "anna", "a3", 1, 3.0), ("nl", "anna", "a5", 1, 5.0)]
    rows += [("nl", "anna", "a5", 2, 5.0), ("nl", "bob", "b2", 1, 2.0)]
    frame = frame_from(spark, rows, SCHEMA)
    assert aged(as_of(frame, None, Clock("baskets", 0.5))) == {
        "a1": (4.0, False),
        "a2": (3.0, False),
        "a3": (2.0, True),
        "a5": (0.0, True),
        "b2": (0.0, True),
    }
    # As of basket 3: Anna's last is 2.
    assert aged(as_of(frame, 3.0, Clock("baskets", 1.0))) == {"a1": (1.0, True), "a2": (0.0, True), "b2": (0.0, True)}

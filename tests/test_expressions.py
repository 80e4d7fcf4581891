"""Column helpers. Each test puts its cases into one frame and compares all answers."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from lakehouse.expressions import (
    is_anonymised_email,
    local_date,
    money,
    normalised_email,
    null_if_empty,
    pivot_meta,
    quantity,
    unescape_html,
)


def answers(spark: SparkSession, texts: Sequence[str | None], expression: Callable[[Column], Column]) -> dict[str | None, object]:
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    return {row[0]: row[1] for row in frame.select("text", expression(F.col("text"))).collect()}


def test_money_is_exact_to_eight_digits_and_null_where_there_is_no_number(spark: SparkSession) -> None:
    # The second and third have more digits than a double holds: through double they would end in …84 and …00.
    expected: dict[str | None, Decimal | None] = {
        "0.1000000000000000055": Decimal("0.10000000"),
        "123456789012345678.12345678": Decimal("123456789012345678.12345678"),
        "90071992547409.93000001": Decimal("90071992547409.93000001"),
        "-3.5": Decimal("-3.50000000"),
        "": None,
        "twelve": None,
        None: None,
    }
    assert answers(spark, list(expected), money) == expected


def test_a_quantity_keeps_four_digits(spark: SparkSession) -> None:
    expected: dict[str | None, Decimal | None] = {"0.25": Decimal("0.2500"), "3": Decimal("3.0000"), "": None, "1 kg": None}
    assert answers(spark, list(expected), quantity) == expected


def test_an_address_is_normalised_by_case_and_outer_white_space_only(spark: SparkSession) -> None:
    expected: dict[str | None, str | None] = {
        " Anna.B+food@Shop.Example\t\n": "anna.b+food@shop.example",
        "anna.b+food@shop.example": "anna.b+food@shop.example",
        "a nna@shop.example": "a nna@shop.example",
        "": "",
        None: None,
    }
    assert answers(spark, list(expected), normalised_email) == expected


def test_the_addresses_that_woocommerce_writes_over_erased_ones_are_anonymised(spark: SparkSession) -> None:
    expected: dict[str | None, bool] = {
        "deleted@site.invalid": True,
        " Deleted@Site.INVALID ": True,
        "[deleted]": True,
        "anna@shop.example": False,
        "invalid@shop.example": False,
        "": False,
        None: False,
    }
    assert answers(spark, list(expected), is_anonymised_email) == expected


def test_the_local_day_follows_midnight_and_both_clock_changes_in_amsterdam(spark: SparkSession) -> None:
    # In 2026 clocks go forward on 29 March and back on 25 October, both at 01:00 UTC; winter is UTC+1, summer UTC+2.
    expected = {
        datetime(2026, 7, 1, 21, 59, 59): date(2026, 7, 1),
        datetime(2026, 7, 1, 22, 0): date(2026, 7, 2),
        datetime(2026, 7, 1, 22, 30): date(2026, 7, 2),
        datetime(2026, 1, 15, 22, 30): date(2026, 1, 15),
        datetime(2026, 1, 15, 23, 0): date(2026, 1, 16),
        datetime(2026, 3, 28, 22, 30): date(2026, 3, 28),
        datetime(2026, 3, 28, 23, 0): date(2026, 3, 29),
        datetime(2026, 3, 29, 22, 0): date(2026, 3, 30),
        datetime(2026, 10, 24, 22, 0): date(2026, 10, 25),
        datetime(2026, 10, 25, 22, 30): date(2026, 10, 25),
        datetime(2026, 10, 25, 23, 0): date(2026, 10, 26),
    }
    frame = spark.createDataFrame([(at,) for at in expected], "at timestamp")
    found = frame.select("at", local_date(F.col("at"), F.lit("Europe/Amsterdam"))).collect()
    assert {row[0]: row[1] for row in found} == expected


def test_the_local_day_is_that_of_the_zone_given(spark: SparkSession) -> None:
    row = spark.sql("select timestamp'2026-01-01 04:30:00' as at").select(
        local_date(F.col("at"), F.lit("America/New_York")), local_date(F.col("at"), F.lit("UTC"))
    )
    assert tuple(row.collect()[0]) == (date(2025, 12, 31), date(2026, 1, 1))


def test_text_of_white_space_only_is_null(spark: SparkSession) -> None:
    blank = ["", "  ", "\t", " \n ", None]
    assert answers(spark, blank, null_if_empty) == dict.fromkeys(blank)


def test_text_loses_its_outer_blanks(spark: SparkSession) -> None:
    assert answers(spark, [" a b ", "c"], null_if_empty) == {" a b ": "a b", "c": "c"}


def test_html_entities_are_decoded_once(spark: SparkSession) -> None:
    expected: dict[str | None, str | None] = {
        "Fruits &amp; Vegetables": "Fruits & Vegetables",
        "&amp;amp;": "&amp;",
        "Caf&eacute; &#8211; 1 &lt; 2": "Café – 1 < 2",
        "Salt & Pepper": "Salt & Pepper",
        "plain": "plain",
        None: None,
    }
    assert answers(spark, list(expected), unescape_html) == expected


def test_a_repeated_meta_key_gives_the_value_of_its_highest_id(spark: SparkSession) -> None:
    rows = [
        (7, 12, "_price", "2.00"),
        (7, 30, "_sku", "A"),
        (7, 11, "_price", "3.00"),
        (7, 40, "_other", "not asked for"),
        (8, 13, "_sku", "B"),
        (8, 14, "_sku", None),
    ]
    frame = spark.createDataFrame(rows, "post_id bigint, meta_id bigint, meta_key string, meta_value string")
    found = pivot_meta(frame, ["post_id"], "meta_id", {"price": "_price", "sku": "_sku"})
    assert found.columns == ["post_id", "price", "sku"]
    # Of 8 the last write cleared the SKU.
    assert sorted(map(tuple, found.collect())) == [(7, "2.00", "A"), (8, None, None)]

"""silver.wholesale_offers: three dialects, one shape."""

from datetime import date
from decimal import Decimal as D
from typing import Any

from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.io.delta.delta_store import DeltaStore, Written
from lakehouse.pipeline.loader import load
from lakehouse.silver import product_codes
from lakehouse.silver.wholesale_offers import TABLE, build
from lakehouse.sources.wholesalers import ARTICLES, OFFERS_B, PRICES_A, TARIFF_C
from lakehouse.table import broken_rules, conform

Row = dict[str, Any]
PLAIN: Row = {"description": "Tea", "units_per_case": 6, "currency_code": "EUR", "valid_from": date(2026, 1, 1), "valid_to": None}
A: Row = {**PLAIN, "article_code": "a1", "unit_price_amount": "2.5", "available_cases": 10}
B: Row = {**PLAIN, "article_code": "b1", "case_price_amount": 12, "available_cases": 10}
C: Row = {**PLAIN, "article_code": "c1", "unit_price_amount": "2.5", "available_units": 10}
CODES = [("nl", "gtin", "08710000000017", 1, 0), ("nl", "sku", "MUG-RED", 2, 21), ("de", "sku", "POT", 3, 0)]


def offers(spark: SparkSession, a: tuple[Row, ...] = (), b: tuple[Row, ...] = (), c: tuple[Row, ...] = (), **maps: Row) -> Any:
    """`maps`: by wholesaler, its article → the shop's article number."""
    known = [[{"article_code": code, "shop_sku": sku} for code, sku in maps.get(feed.sender, {}).items()] for feed in ARTICLES]
    files = zip((PRICES_A, OFFERS_B, TARIFF_C, *ARTICLES), (a, b, c, *known), strict=True)
    prices_a, offers_b, tariff_c, articles_a, articles_b, articles_c = (frame_of(spark, feed.bronze, rows) for feed, rows in files)
    names = ("shop_code", "code_type", "code", "product_id", "variation_id")
    codes = frame_of(spark, product_codes.TABLE, [dict(zip(names, row, strict=True)) for row in CODES])
    return build(prices_a, offers_b, tariff_c, articles_a, articles_b, articles_c, codes, feed_shop="nl")


def built(spark: SparkSession, *args: Any, **named: Any) -> list[Row]:
    """The conformed rows by article, with the rules that they break."""
    frame = conform(offers(spark, *args, **named), TABLE).withColumn("broken", broken_rules(TABLE))
    return sorted((row.asDict() for row in frame.collect()), key=lambda row: row["article_code"])


def tiers(row: Row) -> list[tuple[D, D]]:
    return [tuple(tier) for tier in row["tiers"]]


def test_the_same_article_looks_the_same_in_all_three_lists(spark: SparkSession) -> None:
    gtin = {"gtin": "871-0000000017", "valid_to": date(2026, 12, 31)}
    rows = built(
        spark,
        a=({**A, **gtin, "discount_from_units": 60, "discount_percent": "5.5"},),
        b=({**B, **gtin, "case_price_amount": 15, "min_cases_1": 10, "discount_1": "0.055"},),
        c=({**C, **gtin, "available_units": 60, "discounts": "60>5,5%"},),
    )
    assert [(row.pop("wholesaler_code"), row.pop("article_code")) for row in rows] == [
        ("wholesaler_a", "a1"),
        ("wholesaler_b", "b1"),
        ("wholesaler_c", "c1"),
    ]
    same = {
        "gtin": "871-0000000017",
        "description": "Tea",
        "units_per_case": D(6),
        "unit_price_amount": D("2.5"),
        "currency_code": "EUR",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "available_units": D(60),
        "tiers": [(D(60), D("5.5"))],
        "product_id": 1,
        "variation_id": 0,
        "product_match": "gtin",
        "broken": [],
    }
    assert rows == [same, same, same]


def test_a_unit_of_a_case_costs_its_part_to_eight_decimals(spark: SparkSession) -> None:
    prices = {"b1": (10, 3), "b2": (20, 3), "b3": ("0.00000001", 2), "b4": ("999999999999.99999999", "0.5")}
    rows = built(spark, b=tuple({**B, "article_code": k, "case_price_amount": p, "units_per_case": n} for k, (p, n) in prices.items()))
    assert [row["unit_price_amount"] for row in rows] == [
        D("3.33333333"),
        D("6.66666667"),
        D("0.00000001"),
        D("1999999999999.99999998"),
    ]


def test_a_case_of_nothing_is_a_broken_rule_and_no_error(spark: SparkSession) -> None:
    rows = built(spark, a=({**A, "units_per_case": 0},), b=({**B, "units_per_case": 0},), c=({**C, "units_per_case": -6},))
    assert [row["broken"] for row in rows] == [
        ["units_per_case_is_positive"],
        ["units_per_case_is_positive", "unit_price_is_not_negative"],
        ["units_per_case_is_positive"],
    ]


def test_an_offer_that_cannot_be_is_told(spark: SparkSession) -> None:
    wrong: dict[str, tuple[Row, list[str]]] = {
        "c1": ({"unit_price_amount": "-0.01"}, ["unit_price_is_not_negative"]),
        "c2": ({"unit_price_amount": None}, ["unit_price_is_not_negative"]),
        "c3": ({"valid_to": date(2025, 12, 31)}, ["valid_to_is_not_before_valid_from"]),
        "c4": ({"currency_code": "EURO"}, ["currency_is_a_code"]),
        "c5": ({"currency_code": None}, ["currency_is_a_code"]),
        "c6": ({"discounts": "10>5%|50>120%"}, ["discounts_are_at_most_all"]),
        "c7": ({"valid_to": C["valid_from"], "unit_price_amount": 0, "discounts": "1>0%|50>100%"}, []),
    }
    rows = built(spark, c=tuple({**C, "article_code": code, **differing} for code, (differing, _) in wrong.items()))
    assert {row["article_code"]: row["broken"] for row in rows} == {code: rules for code, (_, rules) in wrong.items()}


def test_discounts_of_wholesaler_c_are_read_out_of_one_text(spark: SparkSession) -> None:
    texts: dict[str | None, list[Any]] = {
        "10>5%|50>12,5%": [(10, 5), (50, "12.5")],
        "50>12,5%|10>5%": [(10, 5), (50, "12.5")],
        "100>8%": [(100, 8)],
        None: [],
        "": [],
        "10>5%|50>": [(10, 5)],
        ">5%|10>5.5%|ten>5%|10-5%|10>5": [],
        "99999999999999999>5%|10>12345678%|20>3%": [(20, 3)],  # no such numbers
    }
    rows = built(spark, c=tuple({**C, "article_code": f"c{n}", "discounts": text} for n, text in enumerate(texts)))
    assert [tiers(row) for row in rows] == [[(D(units), D(percent)) for units, percent in expected] for expected in texts.values()]
    assert not any(row["broken"] for row in rows)


def test_discounts_of_wholesaler_b_are_fractions_from_cases(spark: SparkSession) -> None:
    both = {"min_cases_1": 10, "discount_1": "0.05", "min_cases_2": 2, "discount_2": "0.025"}
    rows = built(
        spark,
        b=(
            {**B, **both},
            {**B, **both, "article_code": "b2", "discount_1": None},
            {**B, **both, "article_code": "b3", "min_cases_2": None},
            {**B, "article_code": "b4"},
            {**B, **both, "article_code": "b5", "discount_1": "5"},
        ),
    )
    assert [tiers(row) for row in rows] == [
        [(D(12), D("2.5")), (D(60), D(5))],
        [(D(12), D("2.5"))],
        [(D(60), D(5))],
        [],
        [(D(12), D("2.5")), (D(60), D(500))],
    ]
    # Percent where a fraction belongs would make a price negative.
    assert [row["article_code"] for row in rows if row["broken"]] == ["b5"]


def test_a_discount_of_wholesaler_a_needs_both_its_parts(spark: SparkSession) -> None:
    rows = built(
        spark,
        a=(
            {**A, "discount_from_units": 24, "discount_percent": "3.5"},
            {**A, "article_code": "a2", "discount_from_units": 24},
            {**A, "article_code": "a3", "discount_percent": "3.5"},
        ),
    )
    assert [tiers(row) for row in rows] == [[(D(24), D("3.5"))], [], []]


def test_stock_far_too_large_to_be_one_is_unknown(spark: SparkSession) -> None:
    (row,) = built(spark, a=({**A, "available_cases": 10**12, "units_per_case": 10**12},))
    assert row["available_units"] is None
    assert row["broken"] == []


def test_an_article_is_found_by_gtin_else_by_the_wholesalers_own_list(spark: SparkSession) -> None:
    rows = built(
        spark,
        a=({**A, "gtin": "8710000000017"}, {**A, "article_code": "a2", "gtin": "8719999999999"}, {**A, "article_code": "a3", "gtin": "?"}),
        b=({**B, "article_code": "b2"},),
        wholesaler_a={"a1": "mug-red", "a2": " mug-red ", "a3": "pot"},
        wholesaler_c={"b2": "mug-red"},
    )
    assert [(row["article_code"], row["product_id"], row["variation_id"], row["product_match"]) for row in rows] == [
        ("a1", 1, 0, "gtin"),
        ("a2", 2, 21, "article_map"),
        ("a3", None, None, None),  # an article of another shop
        ("b2", None, None, None),  # the list of another wholesaler
    ]


def test_wrong_rows_are_left_out_and_do_not_stop_the_night(spark: SparkSession, store: DeltaStore) -> None:
    kept = {**A, "discount_from_units": 1, "discount_percent": 1}
    first = load(store, TABLE, offers(spark, a=(kept, {**A, "article_code": "a2", "units_per_case": 0})), "sync", "r1")
    assert (first.read, first.rejected, first.written) == (2, 1, Written(inserted=1))
    mended = load(store, TABLE, offers(spark, a=(kept, {**kept, "article_code": "a2"})), "sync", "r2")
    assert (mended.read, mended.rejected, mended.written) == (2, 0, Written(inserted=1))
    assert [tiers(row.asDict()) for row in store.read(TABLE.name).collect()] == [[(D(1), D(1))]] * 2

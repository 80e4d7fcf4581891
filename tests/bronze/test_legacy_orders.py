"""Orders out of posts and text keys: what the order tables would hold of the same orders."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.legacy_orders import addresses, operational_data, order_meta, orders, shaped
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce.legacy_orders import ORDER_POST_META, ORDER_POSTS
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDER_META, ORDER_OPERATIONAL_DATA, ORDERS
from lakehouse.table import schema_of

ZONE = "Europe/Amsterdam"
PLACED, CHANGED = datetime(2026, 7, 1, 21, 30), datetime(2026, 7, 2, 8, 0)
LOCAL = datetime(2026, 7, 1, 23, 30)
# Order 10 with all keys; its refund 12; order 11, made by hand, with no key at all.
POSTS = [
    (10, "shop_order", "wc-completed", 0, LOCAL, PLACED, CHANGED),
    (11, "shop_order", "auto-draft", 0, LOCAL, None, None),
    (12, "shop_order_refund", "wc-completed", 10, LOCAL, PLACED, CHANGED),
]
KEYS = {
    "_order_currency": "EUR",
    "_order_tax": "2.160000001",
    "_order_total": "30.51",
    "_customer_user": "7",
    "_billing_email": " Anna@Shop.Example",
    "_billing_first_name": "Anna",
    "_billing_country": "NL",
    "_payment_method": "ideal",
    "_created_via": "checkout",
    "_date_paid": "1782941460",
    "_date_completed": "1782972000",
    "_order_shipping": "3.95",
    "_order_shipping_tax": "0.83",
    "_cart_discount": "1.5",
}
REFUND_KEYS = {"_order_currency": "EUR", "_order_total": "-5.00", "_order_tax": "-0.45", "_order_shipping": "0", "_refund_type": "partial"}


def frame(spark: SparkSession, table: JdbcTable, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    return frame_from(spark, rows, schema_of(table.columns))


def posts(spark: SparkSession, rows: Sequence[tuple[Any, ...]] = POSTS) -> DataFrame:
    return frame(spark, ORDER_POSTS, rows)


def meta(spark: SparkSession, *rows: tuple[int, str, str | None]) -> DataFrame:
    """(post, key, value) with ids in that order."""
    return frame(spark, ORDER_POST_META, [(n, *row) for n, row in enumerate(rows, 1)])


def all_meta(spark: SparkSession) -> DataFrame:
    return meta(spark, *((10, *key) for key in KEYS.items()), *((12, *key) for key in REFUND_KEYS.items()))


def by_id(found: DataFrame) -> dict[int, Row]:
    return {row["id"]: row for row in found.collect()}


def moments(spark: SparkSession, *rows: tuple[str, str]) -> tuple[datetime | None, datetime | None]:
    """When order 10 with these keys was paid and completed."""
    row = by_id(operational_data(posts(spark), meta(spark, *((10, *row) for row in rows)), ZONE, "."))[10]
    return row["date_paid_gmt"], row["date_completed_gmt"]


def test_an_order_a_refund_and_an_order_without_keys_have_the_columns_of_the_order_table(spark: SparkSession) -> None:
    found = by_id(orders(posts(spark), all_meta(spark), ZONE, "."))
    assert {id_: tuple(row) for id_, row in found.items()} == {
        10: (
            *(10, "wc-completed", "EUR", "shop_order", Decimal("2.16000000"), Decimal("30.51000000")),
            *(7, " Anna@Shop.Example", PLACED, CHANGED, 0, "ideal"),
        ),
        # Created by the wall clock, since the UTC date of a draft is zero, which is read as null.
        11: (11, "auto-draft", None, "shop_order", Decimal(0), Decimal(0), 0, None, PLACED, None, 0, ""),
        12: (
            *(12, "wc-completed", "EUR", "shop_order_refund", Decimal("-0.45000000"), Decimal("-5.00000000")),
            *(None, None, PLACED, CHANGED, 10, None),
        ),
    }


def test_orders_have_a_billing_address_and_refunds_have_none(spark: SparkSession) -> None:
    found = addresses(posts(spark), all_meta(spark))
    assert sorted(map(tuple, found.collect())) == [(10, 10, "billing", "Anna", "NL"), (11, 11, "billing", "", "")]


def test_orders_and_refunds_have_operational_data_and_no_text_is_no_amount(spark: SparkSession) -> None:
    found = by_id(operational_data(posts(spark), all_meta(spark), ZONE, "."))
    assert {id_: tuple(row) for id_, row in found.items()} == {
        10: (
            *(10, 10, "checkout", datetime(2026, 7, 1, 21, 31), datetime(2026, 7, 2, 6, 0)),
            *(Decimal("3.95"), Decimal("0.83"), Decimal("1.5")),
        ),
        11: (11, 11, None, None, None, Decimal(0), Decimal(0), Decimal(0)),
        12: (12, 12, None, None, None, Decimal(0), Decimal(0), Decimal(0)),
    }


@pytest.mark.parametrize("extra", [(), ("newsletter",)])
def test_keys_without_a_column_stay_keys_and_may_repeat(spark: SparkSession, extra: tuple[str, ...]) -> None:
    rows = meta(spark, (12, "_refund_type", "full"), (10, "newsletter", "yes"), (10, "newsletter", "no"), (10, "_order_total", "1"))
    expected = [(1, 12, "_refund_type", "full"), (2, 10, "newsletter", "yes"), (3, 10, "newsletter", "no")]
    assert sorted(map(tuple, order_meta(rows, extra).collect())) == expected[: 3 if extra else 1]


def test_the_frames_are_those_of_the_order_tables_in_names_and_types(spark: SparkSession) -> None:
    found = shaped({"order_posts": posts(spark), "order_post_meta": all_meta(spark)}, ZONE, ("newsletter",), ".")
    assert {name: [(f.name, f.dataType) for f in frame.schema] for name, frame in found.items()} == {
        table.name: [(c.name, c.type) for c in table.columns] for table in (ORDERS, ORDER_ADDRESSES, ORDER_OPERATIONAL_DATA, ORDER_META)
    }
    assert {name: frame.count() for name, frame in found.items()} == {
        "orders": 3,
        "order_addresses": 2,
        "order_operational_data": 3,
        "order_meta": 1,
    }


def test_of_a_repeated_key_the_first_row_counts_also_if_it_is_empty(spark: SparkSession) -> None:
    rows = [
        (9, 10, "_order_total", "9"),
        (3, 10, "_order_total", "3"),
        (4, 10, "_billing_email", ""),
        (5, 10, "_billing_email", "b@b.example"),
    ]
    order = by_id(orders(posts(spark), frame(spark, ORDER_POST_META, rows), ZONE, "."))[10]
    assert order["total_amount"] == 3
    assert order["billing_email"] is None


def test_keys_of_other_posts_and_keys_in_other_letters_are_not_the_orders(spark: SparkSession) -> None:
    # MySQL's IN takes both spellings, PHP only the first.
    rows = meta(spark, (99, "_order_total", "1"), (10, "_Order_Total", "2"), (10, "_order_total", "3"))
    found = by_id(orders(posts(spark), rows, ZONE, "."))
    assert set(found) == {10, 11, 12}
    assert found[10]["total_amount"] == 3


def test_an_amount_is_exact_and_zero_where_there_is_no_number(spark: SparkSession) -> None:
    # As a double the first would end in …672.
    expected = {"123456789012345678.12345678": Decimal("123456789012345678.12345678"), "": Decimal(0), None: Decimal(0), "free": Decimal(0)}
    totals = frame(spark, ORDER_POSTS, [(n, *POSTS[0][1:]) for n in range(len(expected))])
    rows = meta(spark, *((n, "_order_total", text) for n, text in enumerate(expected)))
    found = by_id(orders(totals, rows, ZONE, "."))
    assert [found[n]["total_amount"] for n in range(len(expected))] == list(expected.values())


def test_an_amount_with_the_shops_own_decimal_sign_is_read_with_it(spark: SparkSession) -> None:
    rows = meta(spark, (10, "_order_total", "1.012,50"), (10, "_order_shipping", "4,95"))
    assert by_id(orders(posts(spark), rows, ZONE, ","))[10]["total_amount"] == Decimal("1012.5")
    assert by_id(operational_data(posts(spark), rows, ZONE, ","))[10]["shipping_total_amount"] == Decimal("4.95")


@pytest.mark.parametrize(("text", "customer"), [("0", 0), ("", 0), ("12", 12), ("nobody", 0)])
def test_who_is_no_user_is_a_guest(spark: SparkSession, text: str, customer: int) -> None:
    assert by_id(orders(posts(spark), meta(spark, (10, "_customer_user", text)), ZONE, "."))[10]["customer_id"] == customer


def test_unix_seconds_come_before_the_wall_clock_and_each_event_has_its_own(spark: SparkSession) -> None:
    seconds, local = ("_date_paid", "1782941460"), ("_paid_date", "2020-01-01 00:00:00")
    assert moments(spark, local, seconds) == (datetime(2026, 7, 1, 21, 31), None)
    assert moments(spark, local, ("_date_completed", "0"), ("_completed_date", "2026-07-02 10:00:00")) == (
        datetime(2019, 12, 31, 23, 0),
        datetime(2026, 7, 2, 8, 0),
    )


@pytest.mark.parametrize(
    ("seconds", "local", "utc"),
    [
        ("", "2016-07-01 12:00:00", datetime(2016, 7, 1, 10, 0)),
        ("0", "2016-01-01 12:00:00", datetime(2016, 1, 1, 11, 0)),
        # Clocks went back at 03:00 and this stood on them twice: summer time, as PHP takes it.
        ("", "2016-10-30 02:30:00", datetime(2016, 10, 30, 0, 30)),
        ("", "2016-10-30 03:00:00", datetime(2016, 10, 30, 2, 0)),
        # Milliseconds would be the year 49503, and longer numbers no time at all.
        ("1500000000000", "", None),
        ("9223372036854775807", "2016-07-01 12:00:00", datetime(2016, 7, 1, 10, 0)),
        ("", "0000-00-00 00:00:00", None),
        ("", "", None),
        ("yesterday", "12:00:00", None),
    ],
)
def test_without_unix_seconds_the_shops_wall_clock_counts(spark: SparkSession, seconds: str, local: str, utc: datetime | None) -> None:
    assert moments(spark, ("_date_paid", seconds), ("_paid_date", local)) == (utc, None)


def test_the_keys_that_are_read_are_those_that_are_used() -> None:
    assert {*KEYS, *REFUND_KEYS, "_paid_date", "_completed_date", *ORDER_META.meta_keys} == set(ORDER_POST_META.meta_keys)

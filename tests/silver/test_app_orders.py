"""silver.app_orders: which order stands for each order of the app."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.silver.app_orders import TABLE, build
from lakehouse.sources.mobile_app import ORDERS as APP_ORDERS
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.table import conform

# (shop, id, type, status)
SHOPS = [
    ("nl", 101, "shop_order", "wc-completed"),
    ("nl", 102, "shop_order_refund", "wc-completed"),
    ("nl", 103, "shop_order", "wc-checkout-draft"),
    ("nl", 104, "shop_order", "trash"),
    ("nl", 105, "shop_order", "wc-completed"),
    ("de", 106, "shop_order", "wc-completed"),
]
# app order → the shop's order that the vendor names
NAMED = {1: 101, 2: 102, 3: 103, 4: 104, 5: None, 6: 106, 7: 999, 8: 101, 105: None}


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = [{"app_order_id": i, "woo_order_id": woo, "status": "paid", "currency": "EUR"} for i, woo in NAMED.items()]
    sent[4] |= {
        "country": "NL",
        "created_at": datetime(2026, 7, 1, 9),
        "updated_at": datetime(2026, 7, 2, 9),
        "paid_at": datetime(2026, 7, 1, 10),
        "user_pseudonym": "au1",
        "order_pseudonym": "ao5",
        "total_amount": Decimal("12.1"),
        "tax_amount": Decimal("2.1"),
        "shipping_amount": Decimal(3),
        "discount_amount": Decimal("0.5"),
    }
    of_shops = [{"shop_code": s, "_root_order_id": i, "id": i, "type": kind, "status": status} for s, i, kind, status in SHOPS]
    frame = build(frame_of(spark, APP_ORDERS.bronze, sent), frame_of(spark, ORDERS.bronze, of_shops), feed_shop="nl")
    rows = conform(frame, TABLE).collect()
    assert len(rows) == len(NAMED)
    return {row["app_order_id"]: row.asDict() for row in rows}


def stands(built: dict[int, dict[str, Any]], app_order: int) -> tuple[str, int, bool]:
    return tuple(built[app_order][name] for name in ("shop_code", "order_id", "is_shops"))


def test_an_order_whose_date_can_not_be_is_flagged_by_when_its_file_arrived(spark: SparkSession) -> None:
    dates = {1: datetime(2062, 7, 1), 2: datetime(1970, 1, 1), 3: datetime(2026, 7, 4, 5), 4: datetime(2026, 7, 4, 5, 1), 5: None}
    sent = [{"app_order_id": i, "status": "paid", "created_at": date, "_arrived_at": datetime(2026, 7, 2, 5)} for i, date in dates.items()]
    found = build(frame_of(spark, APP_ORDERS.bronze, sent), frame_of(spark, ORDERS.bronze, []), feed_shop="nl").collect()
    assert {row["app_order_id"] for row in found if row["is_misdated"]} == {1, 2, 4}
    assert [row["is_misdated"] for row in found if row["app_order_id"] == 5] == [False]


def test_an_order_that_the_shop_has_is_the_shops(built: dict[int, dict[str, Any]]) -> None:
    assert stands(built, 1) == ("nl", 101, True)
    # An order in the bin is one that silver has.
    assert stands(built, 4) == ("nl", 104, True)


def test_two_orders_of_the_app_may_name_one_of_the_shop(built: dict[int, dict[str, Any]]) -> None:
    assert stands(built, 8) == stands(built, 1)


def test_an_order_stands_for_itself_where_no_shops_order_is_named(built: dict[int, dict[str, Any]]) -> None:
    assert stands(built, 5) == ("app", 5, False)
    # The shop has an order of the same number, which is another one.
    assert stands(built, 105) == ("app", 105, False)


def test_an_order_stands_for_itself_until_the_shop_has_the_one_that_is_named(built: dict[int, dict[str, Any]]) -> None:
    # A refund, a draft, an order of another shop, one that is nowhere.
    assert [stands(built, i) for i in (2, 3, 6, 7)] == [("app", i, False) for i in (2, 3, 6, 7)]


def test_the_facts_are_those_that_the_vendor_sends(built: dict[int, dict[str, Any]]) -> None:
    assert built[5] == {
        "shop_code": "app",
        "order_id": 5,
        "app_order_id": 5,
        "is_shops": False,
        "is_misdated": False,
        "status": "paid",
        "currency_code": "EUR",
        "created_at": datetime(2026, 7, 1, 9),
        "updated_at": datetime(2026, 7, 2, 9),
        "paid_at": datetime(2026, 7, 1, 10),
        "user_pseudonym": "au1",
        "order_pseudonym": "ao5",
        "country_code": "NL",
        "total_amount": Decimal("12.1"),
        "tax_amount": Decimal("2.1"),
        "shipping_amount": Decimal(3),
        "discount_amount": Decimal("0.5"),
        "root_order_id": 5,
    }

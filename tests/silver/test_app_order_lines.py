"""silver.app_order_lines: lines of the app's own orders with the feed shop's products."""

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.silver import app_orders, product_codes
from lakehouse.silver.app_order_lines import TABLE, build
from lakehouse.sources.mobile_app import ORDER_LINES
from lakehouse.table import conform

# (app order, line, GTIN, SKU)
LINES = [
    (1, 1, "8712345678906", "A-1"),
    (1, 2, None, "b-2 "),
    (1, 3, "00000000", "none"),
    (1, 4, None, None),
    (2, 1, "8712345678906", None),
    (9, 1, "8712345678906", None),
]
# (shop, type, code, product, variation)
CODES = [
    ("nl", "gtin", "08712345678906", 100, 0),
    ("nl", "sku", "A-1", 900, 0),
    ("nl", "sku", "B-2", 200, 201),
    ("de", "sku", "NONE", 300, 0),
]


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[tuple[str, int, int], dict[str, Any]]:
    sent = [
        {
            "app_order_id": order,
            "line_no": line,
            "gtin": gtin,
            "sku": sku,
            "product_name": "Rice",
            "quantity": "0.25",
            "net_amount": "8.26",
            "tax_amount": "0.74",
        }
        for order, line, gtin, sku in LINES
    ]
    orders = [
        {"shop_code": "app", "order_id": 1, "app_order_id": 1, "is_shops": False, "currency_code": "EUR"},
        {"shop_code": "nl", "order_id": 101, "app_order_id": 2, "is_shops": True, "currency_code": "EUR"},
    ]
    codes = [
        {"shop_code": s, "code_type": kind, "code": code, "product_id": p, "variation_id": v, "product_count": 1}
        for s, kind, code, p, v in CODES
    ]
    frame = build(
        frame_of(spark, ORDER_LINES.bronze, sent),
        frame_of(spark, app_orders.TABLE, orders),
        frame_of(spark, product_codes.TABLE, codes),
        feed_shop="nl",
    )
    rows = conform(frame, TABLE).collect()
    found = {(row["shop_code"], row["order_id"], row["line_no"]): row.asDict() for row in rows}
    assert len(found) == len(rows)
    return found


def test_lines_are_those_of_orders_that_stand_for_themselves(built: dict[tuple[str, int, int], dict[str, Any]]) -> None:
    # Order 2 is the shop's, with the shop's lines; order 9 is not there yet.
    assert set(built) == {("app", 1, line) for line in (1, 2, 3, 4)}


def test_the_product_is_the_feed_shops_by_gtin_else_by_sku_else_0(built: dict[tuple[str, int, int], dict[str, Any]]) -> None:
    found = {key[2]: tuple(row[name] for name in ("product_id", "variation_id", "product_match")) for key, row in built.items()}
    # The SKU of line 3 is another shop's.
    assert found == {1: (100, 0, "gtin"), 2: (200, 201, "sku"), 3: (0, 0, None), 4: (0, 0, None)}


def test_the_facts_are_those_that_the_vendor_sends_in_the_orders_currency(built: dict[tuple[str, int, int], dict[str, Any]]) -> None:
    line = built["app", 1, 2]
    names = ("sku", "gtin", "product_name", "quantity", "currency_code", "net_amount", "tax_amount")
    assert tuple(line[name] for name in names) == ("b-2 ", None, "Rice", Decimal("0.25"), "EUR", Decimal("8.26"), Decimal("0.74"))

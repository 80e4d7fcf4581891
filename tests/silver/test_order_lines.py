"""silver.order_lines."""

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.silver import app_order_lines, shops
from lakehouse.silver.order_lines import TABLE, build
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDERS
from lakehouse.table import broken_rules, conform

ORDER_ROWS = [
    {"shop_code": "nl", "_root_order_id": 1, "id": 1, "type": "shop_order", "status": "wc-completed", "currency": "EUR"},
    {"shop_code": "nl", "_root_order_id": 1, "id": 2, "type": "shop_order_refund", "status": "wc-completed", "currency": "EUR"},
    {"shop_code": "nl", "_root_order_id": 3, "id": 3, "type": "shop_order", "status": "wc-checkout-draft", "currency": "EUR"},
    {"shop_code": "de", "_root_order_id": 1, "id": 1, "type": "shop_order", "status": "wc-pending", "currency": "CHF"},
]
# (shop, item, order, type, name)
ITEMS = [
    ("nl", 10, 1, "line_item", "Cheese &amp; more"),
    ("nl", 11, 1, "line_item", "Rice 5 kg"),
    ("nl", 12, 1, "line_item", "Gone"),
    ("nl", 13, 1, "shipping", "Post"),
    ("nl", 14, 2, "line_item", "Refunded"),
    ("nl", 15, 3, "line_item", "In a cart"),
    ("nl", 16, 99, "line_item", "Of no order"),
    ("de", 10, 1, "line_item", "Käse"),
]
META: dict[tuple[str, int], dict[str, str]] = {
    ("nl", 10): {
        "_product_id": "100",
        "_variation_id": "0",
        "_qty": "0.25",
        "_line_subtotal": "0.30000000000000004",
        "_line_total": "12345678901.123456789",
        "_line_tax": "0.21000000000000002",
    },
    ("nl", 11): {"_product_id": "200", "_variation_id": "201", "_qty": "2", "_line_subtotal": "9", "_line_total": "8.1", "_line_tax": ""},
    ("nl", 12): {"_product_id": "none", "_line_total": ""},
    ("nl", 13): {"_line_total": "4.95"},
    ("nl", 14): {"_product_id": "100", "_qty": "-1", "_line_total": "-5"},
    ("nl", 15): {"_product_id": "100", "_qty": "1", "_line_total": "5"},
    ("nl", 16): {"_product_id": "100", "_qty": "1", "_line_total": "5"},
    ("de", 10): {"_product_id": "300", "_qty": "1", "_line_subtotal": "1.007,50", "_line_total": "7,50", "_line_tax": "0.54"},
}
# Only the German shop writes a comma before decimals.
SHOPS = [{"shop_code": "nl", "decimal_sign": "."}, {"shop_code": "de", "decimal_sign": ","}]
# Two orders of the app with a line 1 each.
APP_LINES = [
    {
        "shop_code": "app",
        "order_id": 7,
        "line_no": 1,
        "product_name": "Rice",
        "product_id": 200,
        "variation_id": 201,
        "quantity": "2",
        "currency_code": "EUR",
        "net_amount": "8.1",
        "tax_amount": "0.73",
    },
    {"shop_code": "app", "order_id": 8, "line_no": 1, "product_id": 0, "variation_id": 0, "quantity": "1", "net_amount": "3"},
]

OF_A_DATABASE = [
    {"shop_code": "erp", "order_id": 1, "_root_order_id": 1, "line_id": 70, "quantity": 2, "net_amount": 5, "tax_amount": 1},
    {"shop_code": "erp", "order_id": 1, "_root_order_id": 1, "line_id": 71, "product_id": 9, "quantity": 1, "net_amount": 3}
    | {"subtotal_amount": 4},
]


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[tuple[str, int], dict[str, Any]]:
    items = [
        {"shop_code": s, "_root_order_id": o, "order_item_id": i, "order_id": o, "order_item_type": t, "order_item_name": n}
        for s, i, o, t, n in ITEMS
    ]
    meta = [
        {"shop_code": shop, "_root_order_id": 1, "meta_id": 0, "order_item_id": item, "meta_key": key, "meta_value": value}
        for (shop, item), values in META.items()
        for key, value in values.items()
    ]
    for number, row in enumerate(meta):
        row["meta_id"] = number
    frame = build(
        frame_of(spark, ORDERS.bronze, ORDER_ROWS),
        frame_of(spark, ORDER_ITEMS.bronze, items),
        frame_of(spark, ORDER_ITEM_META.bronze, meta),
        frame_of(spark, app_order_lines.TABLE, APP_LINES),
        frame_of(spark, entities.ORDER_LINES.bronze, OF_A_DATABASE),
        frame_of(spark, shops.TABLE, SHOPS),
    )
    rows = conform(frame, TABLE).withColumn("broken", broken_rules(TABLE)).collect()
    assert len(rows) == 8
    # An item id is unique in its shop; of the app the order's id stands for the line.
    return {(row["shop_code"], row["order_id" if row["shop_code"] == "app" else "order_line_id"]): row.asDict() for row in rows}


def test_lines_are_the_product_items_of_orders(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    # Neither shipping, nor lines of refunds, of carts, or of an order that is not there; and the app's.
    assert set(built) == {("nl", 10), ("nl", 11), ("nl", 12), ("de", 10), ("app", 7), ("app", 8), ("erp", 70), ("erp", 71)}


def test_amounts_and_quantities_are_decimals_as_stored(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    line = built["nl", 10]
    assert line["quantity"] == Decimal("0.25")
    # Rounded to eight digits; a double would have lost the last ones.
    assert line["net_amount"] == Decimal("12345678901.12345679")
    assert line["tax_amount"] == Decimal("0.21")


def test_a_variations_line_names_its_parent_and_the_variation(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert (built["nl", 11]["product_id"], built["nl", 11]["variation_id"]) == (200, 201)
    assert (built["nl", 10]["product_id"], built["nl", 10]["variation_id"]) == (100, 0)


def test_what_is_missing_empty_or_no_number_is_0_as_woocommerce_reads_it(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    line = built["nl", 12]
    assert (line["product_id"], line["variation_id"], line["quantity"], line["net_amount"], line["broken"]) == (0, 0, 0, 0, [])
    assert (built["nl", 11]["tax_amount"], built["nl", 11]["broken"]) == (0, [])


def test_a_subtotal_that_is_missing_or_below_its_total_is_the_total(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert built["nl", 10]["subtotal_amount"] == built["nl", 10]["net_amount"] == Decimal("12345678901.12345679")
    assert (built["nl", 12]["subtotal_amount"], built["nl", 11]["subtotal_amount"]) == (0, 9)


def test_a_decimal_comma_is_one_where_the_shop_writes_so(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    line = built["de", 10]
    assert (line["net_amount"], line["subtotal_amount"], line["tax_amount"]) == (Decimal("7.5"), Decimal("1007.5"), Decimal("0.54"))


def test_the_same_ids_of_two_shops_are_two_lines(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    line = built["de", 10]
    assert (line["order_id"], line["product_id"], line["currency_code"], line["product_name"]) == (1, 300, "CHF", "Käse")
    assert built["nl", 10]["currency_code"] == "EUR"


def test_a_line_of_a_database_has_no_product_where_none_is_named_and_a_discount_where_one_is(built: dict[tuple[str, int], Any]) -> None:
    names = ("product_id", "subtotal_amount", "net_amount", "root_order_id", "broken")
    assert [[built["erp", line][name] for name in names] for line in (70, 71)] == [[0, 5, 5, 1, []], [9, 4, 3, 1, []]]


def test_a_line_of_the_app_is_known_by_its_order_and_number_and_has_no_discount(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert [built["app", order]["order_line_id"] for order in (7, 8)] == [1, 1]
    line = built["app", 7]
    names = ("product_id", "variation_id", "product_name", "quantity", "currency_code")
    assert [line[name] for name in names] == [200, 201, "Rice", Decimal(2), "EUR"]
    assert [line[name] for name in ("subtotal_amount", "net_amount", "tax_amount")] == [Decimal("8.1"), Decimal("8.1"), Decimal("0.73")]

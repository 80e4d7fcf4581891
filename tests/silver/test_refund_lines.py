"""silver.refund_lines."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.silver import shops
from lakehouse.silver.refund_lines import TABLE, build
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDERS


def test_the_sign_of_a_refund_is_not_that_of_what_was_stored(spark: SparkSession) -> None:
    """A till stored refunds with a plus, a program with a minus.

    Item 10 was sold for 9, item 11 for -4 (a deposit), and item 12 came back in an exchange.
    """
    orders = [
        {"shop_code": "nl", "_root_order_id": 1, "id": 1, "type": "shop_order", "status": "wc-completed", "currency": "GBP"},
        {"shop_code": "nl", "_root_order_id": 1, "id": 2, "type": "shop_order_refund", "status": "wc-completed", "currency": ""},
    ]
    orders[1]["is_misdated"] = True
    items = [
        ("nl", 10, 1, {"_qty": "3", "_line_total": "9"}),
        ("nl", 11, 1, {"_qty": "1", "_line_total": "-4"}),
        ("nl", 12, 1, {"_qty": "-1", "_line_total": "-4"}),
        ("nl", 20, 2, {"_qty": "1", "_line_total": "3", "_line_tax": "0.3", "_refunded_item_id": "10"}),
        ("nl", 21, 2, {"_qty": "-1", "_line_total": "-3", "_line_tax": "-0.3", "_refunded_item_id": "10"}),
        ("nl", 22, 2, {"_qty": "-1", "_line_total": "4", "_line_tax": "0.4", "_refunded_item_id": "11"}),
        ("nl", 23, 2, {"_qty": "1", "_line_total": "-4", "_line_tax": "-0.4", "_refunded_item_id": "11"}),
        ("nl", 24, 2, {"_qty": "1", "_line_total": "5"}),
        ("nl", 25, 2, {"_qty": "-1", "_line_total": "-4", "_refunded_item_id": "12"}),
    ]
    frame = built(spark, orders, items)
    assert rows_of(frame, TABLE, "refund_line_id", "quantity", "net_amount", "tax_amount", "currency_code") == [
        (20, -1, Decimal("-3"), Decimal("-0.3"), "GBP"),
        (21, -1, Decimal("-3"), Decimal("-0.3"), "GBP"),
        (22, -1, Decimal("4"), Decimal("0.4"), "GBP"),
        (23, -1, Decimal("4"), Decimal("0.4"), "GBP"),
        (24, -1, Decimal("-5"), Decimal("0"), "GBP"),
        (25, 1, Decimal("4"), Decimal("0"), "GBP"),
    ]
    assert {row["is_misdated"] for row in frame.collect()} == {True}  # as their refund


def test_a_refunded_product_that_is_gone_is_known_by_the_orders_line(spark: SparkSession) -> None:
    orders = [
        {"shop_code": shop, "_root_order_id": 1, "id": i, "type": kind, "status": "wc-completed", "currency": "EUR"}
        for shop, i, kind in [
            ("nl", 1, "shop_order"),
            ("nl", 2, "shop_order_refund"),
            ("de", 1, "shop_order"),
            ("de", 2, "shop_order_refund"),
        ]
    ]
    # (shop, item, order, its meta); items 10 and 11 were ordered, the others refunded.
    items = [
        ("nl", 10, 1, {"_product_id": "100", "_variation_id": "101", "_qty": "3", "_line_total": "9"}),
        ("nl", 11, 1, {"_product_id": "200", "_qty": "1", "_line_total": "4"}),
        ("nl", 20, 2, {"_product_id": "100", "_variation_id": "101", "_qty": "-1", "_line_total": "-3", "_refunded_item_id": "10"}),
        ("nl", 21, 2, {"_product_id": "0", "_qty": "-0.5", "_line_total": "-2", "_line_tax": "-0.18", "_refunded_item_id": "11"}),
        ("nl", 22, 2, {"_product_id": "0", "_qty": "-1", "_line_total": "-1", "_refunded_item_id": "999"}),
        ("nl", 23, 2, {"_qty": "-1", "_line_total": "-1"}),
        # The item 11 that it names is one of the other shop.
        ("de", 24, 2, {"_product_id": "0", "_qty": "-1", "_line_total": "-1", "_refunded_item_id": "11"}),
    ]
    frame = built(spark, orders, items)
    names = (
        "refund_line_id",
        "shop_code",
        "order_id",
        "refund_id",
        "order_line_id",
        "product_id",
        "variation_id",
        "quantity",
        "net_amount",
    )
    assert rows_of(frame, TABLE, *names) == [
        (20, "nl", 1, 2, 10, 100, 101, Decimal("-1"), Decimal("-3")),
        (21, "nl", 1, 2, 11, 200, 0, Decimal("-0.5"), Decimal("-2")),
        (22, "nl", 1, 2, 999, 0, 0, Decimal("-1"), Decimal("-1")),
        (23, "nl", 1, 2, 0, 0, 0, Decimal("-1"), Decimal("-1")),
        (24, "de", 1, 2, 11, 0, 0, Decimal("-1"), Decimal("-1")),
    ]


def built(spark: SparkSession, orders: list[dict[str, object]], items: Sequence[tuple[str, int, int, Mapping[str, str]]]) -> DataFrame:
    """The refunded lines of (shop, item, order, its meta)."""
    stored = [
        {"shop_code": s, "_root_order_id": 1, "order_item_id": i, "order_id": o, "order_item_type": "line_item", "order_item_name": "x"}
        for s, i, o, _ in items
    ]
    meta = [
        {"shop_code": s, "_root_order_id": 1, "meta_id": i * 10 + n, "order_item_id": i, "meta_key": key, "meta_value": value}
        for s, i, _, values in items
        for n, (key, value) in enumerate(values.items())
    ]
    return build(
        frame_of(spark, ORDERS.bronze, orders),
        frame_of(spark, ORDER_ITEMS.bronze, stored),
        frame_of(spark, ORDER_ITEM_META.bronze, meta),
        frame_of(spark, shops.TABLE, []),
    )

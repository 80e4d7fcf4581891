"""silver.refunds."""

from datetime import date, datetime
from decimal import Decimal

from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.parameters import ShopRules
from lakehouse.silver.refunds import TABLE, build
from lakehouse.sources.woocommerce.orders import ORDER_OPERATIONAL_DATA, ORDERS
from lakehouse.table import broken_rules, conform

SHOPS = (ShopRules("nl", "Europe/Amsterdam"),)
AT = datetime(2026, 12, 31, 23, 30)


def test_a_refund_is_a_row_of_its_own_with_all_its_tax_on_its_own_day(spark: SparkSession) -> None:
    common = {"shop_code": "nl", "status": "wc-completed", "currency": "EUR", "type": "shop_order_refund"}
    orders = [
        {**common, "_root_order_id": 1, "id": 1, "type": "shop_order", "total_amount": Decimal("20"), "date_created_gmt": AT},
        {**common, "_root_order_id": 1, "id": 2, "total_amount": Decimal("-12.10"), "tax_amount": Decimal("-1.50"), "date_created_gmt": AT},
        {**common, "_root_order_id": 1, "id": 3, "total_amount": Decimal("-2"), "date_created_gmt": datetime(2026, 12, 31, 22, 59)},
        {**common, "_root_order_id": 1, "id": 4, "total_amount": Decimal("2")},
        {**common, "_root_order_id": 0, "id": 5, "total_amount": Decimal("0"), "date_created_gmt": AT, "shop_code": "xx"},
    ]
    operational = [
        {
            "shop_code": "nl",
            "_root_order_id": 1,
            "id": 11,
            "order_id": 2,
            "shipping_tax_amount": Decimal("-0.87"),
            "shipping_total_amount": Decimal("-4.13"),
        },
        {"shop_code": "nl", "_root_order_id": 1, "id": 12, "order_id": 1, "shipping_tax_amount": Decimal("0.99")},
    ]
    frame = build(frame_of(spark, ORDERS.bronze, orders), frame_of(spark, ORDER_OPERATIONAL_DATA.bronze, operational), shops=SHOPS)
    rows = conform(frame, TABLE).withColumn("broken", broken_rules(TABLE)).orderBy("refund_id").collect()
    names = (
        "refund_id",
        "order_id",
        "refunded_at",
        "refund_date",
        "currency_code",
        "total_amount",
        "tax_amount",
        "shipping_amount",
        "broken",
    )
    assert [tuple(row[name] for name in names) for row in rows[:2]] == [
        # 23:30 UTC on New Year's Eve is next year in Amsterdam; tax -1.50 - 0.87.
        (2, 1, AT, date(2027, 1, 1), "EUR", Decimal("-12.10"), Decimal("-2.37"), Decimal("-4.13"), []),
        # An amount only: no tax known anywhere.
        (3, 1, datetime(2026, 12, 31, 22, 59), date(2026, 12, 31), "EUR", Decimal("-2"), Decimal("0"), Decimal("0"), []),
    ]
    assert [(row["refund_id"], row["broken"]) for row in rows[2:]] == [
        (4, ["refunded_at_is_known"]),
        (5, ["order_is_known", "shop_is_in_the_settings"]),
    ]


def test_currency_and_sign_are_those_that_a_refund_of_its_order_has(spark: SparkSession) -> None:
    order = {"shop_code": "nl", "_root_order_id": 1, "status": "wc-completed", "date_created_gmt": AT}
    refund = {**order, "type": "shop_order_refund", "total_amount": Decimal("-2"), "tax_amount": Decimal("-0.2")}
    orders = [
        {**order, "id": 1, "type": "shop_order", "total_amount": Decimal("20"), "currency": "GBP"},
        {**refund, "id": 2, "currency": None},
        {**refund, "id": 3, "currency": " "},
        {**refund, "id": 4, "currency": "GBP", "total_amount": Decimal("2"), "tax_amount": Decimal("0.2")},
        {**refund, "id": 5, "currency": "EUR"},
    ]
    frame = build(frame_of(spark, ORDERS.bronze, orders), frame_of(spark, ORDER_OPERATIONAL_DATA.bronze, []), shops=SHOPS)
    names = ("refund_id", "currency_code", "has_other_currency", "total_amount", "tax_amount")
    rows = [tuple(row[name] for name in names) for row in conform(frame, TABLE).orderBy("refund_id").collect()]
    assert rows == [
        (2, "GBP", False, Decimal("-2"), Decimal("-0.2")),
        (3, "GBP", False, Decimal("-2"), Decimal("-0.2")),
        (4, "GBP", False, Decimal("-2"), Decimal("-0.2")),
        (5, "EUR", True, Decimal("-2"), Decimal("-0.2")),
    ]


def test_a_refund_of_a_sellers_copy_is_one_of_the_paid_order_unless_that_was_refunded_too(spark: SparkSession) -> None:
    """Orders 1 and 11 were paid, 2 and 12 are copies. Of 12 the copy and the paid order were refunded: the same money."""
    common = {"shop_code": "nl", "status": "wc-completed", "currency": "EUR", "date_created_gmt": AT, "total_amount": Decimal("-2")}
    orders = [
        {**common, "_root_order_id": root, "id": order_id, "parent_order_id": parent, "type": kind}
        for root, order_id, parent, kind in [
            (1, 1, 0, "shop_order"),
            (1, 2, 1, "shop_order"),
            (1, 3, 2, "shop_order_refund"),
            (11, 11, 0, "shop_order"),
            (11, 12, 11, "shop_order"),
            (11, 13, 12, "shop_order_refund"),
            (11, 14, 11, "shop_order_refund"),
        ]
    ]
    frame = build(frame_of(spark, ORDERS.bronze, orders), frame_of(spark, ORDER_OPERATIONAL_DATA.bronze, []), shops=SHOPS)
    found = [(row["refund_id"], row["order_id"], row["root_order_id"]) for row in frame.orderBy("refund_id").collect()]
    assert found == [(3, 1, 1), (13, 12, 11), (14, 11, 11)]

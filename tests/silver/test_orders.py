"""silver.orders: one built frame for all cases, two shops with rules of their own."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.parameters import ShopRules
from lakehouse.silver import app_orders
from lakehouse.silver.orders import TABLE, build
from lakehouse.sources.databases import entities
from lakehouse.sources.mobile_app import COUNTS_AS_SALE, STATUSES
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDER_META, ORDER_OPERATIONAL_DATA, ORDERS
from lakehouse.table import broken_rules, conform

SHOPS = (
    ShopRules("nl", "Europe/Amsterdam", consent_meta_key="newsletter"),
    ShopRules("us", "America/New_York", ("completed", "on-hold")),
    ShopRules("de", "Europe/Berlin", ("completed", "ready-for-collection")),
    ShopRules("app", "Europe/Amsterdam", COUNTS_AS_SALE),
    ShopRules("erp", "Europe/Vienna", ("shipped",)),
)
AT = datetime(2026, 7, 1, 22, 30)


def order(order_id: int, status: str | None = "wc-completed", shop: str = "nl", **more: Any) -> dict[str, Any]:
    common = {"type": "shop_order", "currency": "EUR", "total_amount": Decimal("10"), "date_created_gmt": AT}
    return {"shop_code": shop, "_root_order_id": order_id, "id": order_id, "status": status, **common, **more}


OF_A_DATABASE = [
    {"shop_code": "erp", "order_id": i, "_root_order_id": i, "customer_id": who, "status": status, "total_amount": 10, "created_at": AT}
    | {"currency_code": "EUR", "country": "at", "is_misdated": i == 3, "order_pseudonym": f"eo{i}"}
    for i, who, status in [(1, 5, "shipped"), (2, None, "draft"), (3, 5, "shipped")]
]


def of_app(order_id: int, status: str = "paid", shop: str = "app", **more: Any) -> dict[str, Any]:
    facts = {"status": status, "currency_code": "EUR", "total_amount": Decimal("10"), "created_at": AT, "user_pseudonym": "au1"}
    return {
        "shop_code": shop,
        "order_id": order_id,
        "app_order_id": order_id,
        "root_order_id": order_id,
        "is_shops": shop != "app",
        **facts,
        **more,
    }


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[tuple[str, int], dict[str, Any]]:
    orders = [
        order(1, tax_amount=Decimal("1.5"), customer_id=7, user_pseudonym="u7", email_pseudonym="e1"),
        order(2, "wc-on-hold"),
        order(3, "wc-shipped-abroad", customer_id=None),
        order(4, "wc-checkout-draft"),
        order(5, "auto-draft"),
        order(6, "trash", currency="eur"),
        order(7, None, tax_amount=Decimal("2")),
        order(8, "wc-completed", type="shop_order_refund"),
        order(9, "wc-completed", type="shop_subscription"),
        order(1, "wc-on-hold", "us"),
        order(2, "wc-processing", "us"),
        order(1, "wc-completed", "xx"),
        # At a marketplace order 1 of shop de was paid; 2 is a seller's copy, and 3 the rest of a down payment.
        order(1, shop="de"),
        order(2, shop="de", _root_order_id=1, parent_order_id=1),
        order(3, shop="de", parent_order_id=1),
        order(4, shop="de"),
        order(5, shop="de"),
        order(6, shop="de", is_misdated=True),
        order(7, "wc-ready-for-collect", "de"),
        order(8, shop="de", total_amount=Decimal("-3")),
    ]
    operational = [
        {
            "shop_code": "nl",
            "id": 901,
            "_root_order_id": 1,
            "order_id": 1,
            "created_via": "checkout",
            "date_paid_gmt": datetime(2026, 7, 1, 22, 31),
            "shipping_total_amount": Decimal("4.13"),
            "shipping_tax_amount": Decimal("0.87"),
            "discount_total_amount": Decimal("2.5"),
        }
    ]
    addresses = [{"shop_code": "nl", "id": 801, "_root_order_id": 1, "order_id": 1, "address_type": "billing", "country": "nl"}]
    answers = {1: "yes", 2: " NO ", 3: "0", 6: "2026-07-01", 7: ""}
    meta = [
        {"shop_code": "nl", "id": i, "_root_order_id": i, "order_id": i, "meta_key": "newsletter", "meta_value": v}
        for i, v in answers.items()
    ]
    modes = [(4, "_wcpay_mode", "test"), (5, "_wcpay_mode", "prod"), (5, "_wcpay_mode", "test"), (4, "_till", "training")]
    meta += [
        {"shop_code": "de", "id": n, "_root_order_id": i, "order_id": i, "meta_key": key, "meta_value": value}
        for n, (i, key, value) in enumerate(modes)
    ]
    meta.append({"shop_code": "us", "id": 99, "_root_order_id": 1, "order_id": 1, "meta_key": "newsletter", "meta_value": "yes"})
    made_in_app = [
        of_app(
            1,
            country_code="BE",
            paid_at=datetime(2026, 7, 1, 22, 40),
            updated_at=datetime(2026, 7, 3),
            order_pseudonym="ao1",
            tax_amount=Decimal("1.7"),
            shipping_amount=Decimal("4.95"),
            discount_amount=Decimal("0.5"),
        ),
        *(of_app(11 + i, status) for i, status in enumerate(STATUSES)),
        of_app(90, is_misdated=True),
        # The vendor has another opinion of the shop's order 2, twice.
        of_app(2, "cancelled", "nl", app_order_id=98, total_amount=Decimal("99")),
        of_app(2, "delivered", "nl", app_order_id=99, total_amount=Decimal("99")),
    ]
    frame = build(
        frame_of(spark, ORDERS.bronze, orders),
        frame_of(spark, ORDER_OPERATIONAL_DATA.bronze, operational),
        frame_of(spark, ORDER_ADDRESSES.bronze, addresses),
        frame_of(spark, ORDER_META.bronze, meta),
        frame_of(spark, app_orders.TABLE, made_in_app),
        frame_of(spark, entities.ORDERS.bronze, OF_A_DATABASE),
        shops=SHOPS,
    )
    rows = conform(frame, TABLE).withColumn("broken", broken_rules(TABLE)).collect()
    found = {(row["shop_code"], row["order_id"]): row.asDict() for row in rows}
    assert len(found) == len(rows)
    return found


def column(built: dict[tuple[str, int], dict[str, Any]], name: str, shop: str = "nl") -> dict[int, Any]:
    return {order_id: row[name] for (code, order_id), row in built.items() if code == shop}


def test_drafts_refunds_and_plugin_types_are_no_orders(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    of_shops = {key for key in built if key[0] not in ("app", "erp")}
    assert {key for key in of_shops if key[0] != "de"} == {
        *(("nl", 1), ("nl", 2), ("nl", 3), ("nl", 6), ("nl", 7)),
        *(("us", 1), ("us", 2), ("xx", 1)),
    }


def test_a_status_loses_its_prefix_only(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "status") == {1: "completed", 2: "on-hold", 3: "shipped-abroad", 6: "trash", 7: "pending"}


def test_each_shop_says_which_statuses_are_sales(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "is_sale") == {1: True, 2: False, 3: False, 6: False, 7: False}
    assert column(built, "is_sale", "us") == {1: True, 2: False}
    assert column(built, "is_sale", "xx") == {1: False}


def test_what_is_no_sale_says_why(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    """Of a key that stands twice the first row counts."""
    assert column(built, "no_sale_reason", "de") == {
        1: None,
        2: "sub_order",
        3: None,
        4: "test_order",
        5: None,
        6: "date",
        7: None,
        8: None,
    }
    assert {row["is_sale"] is (row["no_sale_reason"] is None) for row in built.values()} == {True}
    assert column(built, "root_order_id", "de") == {1: 1, 2: 1, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8}


def test_a_total_below_zero_is_what_the_shop_says(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    """A fee or a plugin's coupon took off more than there was: WooCommerce's own report adds it up as it stands."""
    order = built["de", 8]
    assert (order["total_amount"], order["is_sale"], order["broken"]) == (Decimal("-3"), True, [])


def test_public_plugins_marks_of_test_orders_are_known_and_a_shop_may_name_its_own(spark: SparkSession) -> None:
    keys = {
        1: ("_till", " training "),
        3: ("_stripe_mode", "test"),
        4: ("_stripe_mode", "sandbox"),
        5: ("_wc_klarna_environment", "us-test"),
    }
    keys |= {6: ("_wc_klarna_environment", "live"), 7: ("_wc_braintree_paypal_environment", "sandbox"), 8: ("_is_test_order", "")}
    meta = [
        {"shop_code": "nl", "id": i, "_root_order_id": i, "order_id": i, "meta_key": key, "meta_value": value}
        for i, (key, value) in keys.items()
    ]
    frame = build(
        frame_of(spark, ORDERS.bronze, [order(i) for i in range(1, 9)]),
        frame_of(spark, ORDER_OPERATIONAL_DATA.bronze, []),
        frame_of(spark, ORDER_ADDRESSES.bronze, []),
        frame_of(spark, ORDER_META.bronze, meta),
        frame_of(spark, app_orders.TABLE, []),
        frame_of(spark, entities.ORDERS.bronze, []),
        shops=(ShopRules("nl", test_order_values=(("_till", ("Training",)), ("_stripe_mode", ("sandbox",)))),),
    )
    assert {row["order_id"]: row["no_sale_reason"] for row in frame.collect()} == {
        1: "test_order",
        2: None,
        3: "test_order",
        4: "test_order",
        5: "test_order",
        6: None,
        7: "test_order",
        8: None,
    }


def test_the_day_is_that_of_the_shops_zone(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    # 22:30 UTC in July is half past midnight in Amsterdam and half past six in the evening in New York.
    assert built["nl", 1]["created_at"] == AT
    assert built["nl", 1]["order_date"] == date(2026, 7, 2)
    assert built["us", 1]["order_date"] == date(2026, 7, 1)


def test_the_tax_is_that_on_items_and_on_shipping(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    # 1.50 + 0.87; of order 7 there is no operational data.
    assert column(built, "tax_amount") == {1: Decimal("2.37"), 2: 0, 3: 0, 6: 0, 7: Decimal("2")}


def test_operational_data_and_address_stand_beside_the_order(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    names = ("created_via", "paid_at", "completed_at", "shipping_amount", "discount_amount", "country_code")
    expected = ("checkout", datetime(2026, 7, 1, 22, 31), None, Decimal("4.13"), Decimal("2.5"), "NL")
    assert tuple(built["nl", 1][name] for name in names) == expected
    assert tuple(built["nl", 2][name] for name in names) == (None, None, None, 0, 0, None)
    # The same number in another shop is another order.
    assert built["us", 1]["created_via"] is None


def test_a_guest_has_user_0(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "customer_user_id") == {1: 7, 2: 0, 3: 0, 6: 0, 7: 0}
    assert (built["nl", 1]["user_pseudonym"], built["nl", 1]["email_pseudonym"]) == ("u7", "e1")


def test_rows_that_cannot_be_right_break_a_rule(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "broken") == {1: [], 2: [], 3: [], 6: ["currency_is_a_code"], 7: []}
    assert column(built, "broken", "xx") == {1: ["shop_is_in_the_settings"]}


def test_an_order_of_the_shop_made_in_the_app_is_the_shops_with_channel_app(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "channel_code") == {1: "web", 2: "app", 3: "web", 6: "web", 7: "web"}
    assert column(built, "channel_code", "us") == {1: "web", 2: "web"}
    assert (built["nl", 2]["status"], built["nl", 2]["total_amount"]) == ("on-hold", Decimal("10"))


def test_an_order_that_no_shop_has_is_one_of_shop_app(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert set(column(built, "channel_code", "app").items()) == {(i, "app") for i in (1, 90, *range(11, 11 + len(STATUSES)))}
    assert [built["app", 90][name] for name in ("is_misdated", "is_sale", "no_sale_reason", "broken")] == [True, False, "date", []]
    row = built["app", 1]
    # 22:30 UTC is the next day in the feed shop's zone.
    assert (row["order_date"], row["paid_at"], row["updated_at"]) == (date(2026, 7, 2), datetime(2026, 7, 1, 22, 40), datetime(2026, 7, 3))
    amounts = ("total_amount", "tax_amount", "shipping_amount", "discount_amount")
    assert [row[name] for name in amounts] == [Decimal("10"), Decimal("1.7"), Decimal("4.95"), Decimal("0.5")]
    facts = ("user_pseudonym", "order_pseudonym", "country_code", "currency_code", "created_via", "is_anonymised", "broken")
    assert [row[name] for name in facts] == ["au1", "ao1", "BE", "EUR", "app", False, []]
    # The vendor knows neither the shop's accounts nor how it was paid; addresses are those of its users.
    unknown = ("customer_user_id", "email_pseudonym", "payment_method", "completed_at")
    assert [row[name] for name in unknown] == [None] * len(unknown)


def test_an_order_of_a_database_is_one_of_a_shop_of_its_own(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert column(built, "no_sale_reason", "erp") == {1: None, 2: "status", 3: "date"}
    # Whoever is not named is a guest.
    assert column(built, "customer_user_id", "erp") == {1: 5, 2: 0, 3: 5}
    names = ("channel_code", "order_date", "country_code", "root_order_id", "order_pseudonym", "broken")
    assert [built["erp", 1][name] for name in names] == ["database", date(2026, 7, 2), "AT", 1, "eo1", []]


def test_cancelled_and_refunded_orders_of_the_app_are_no_sales(built: dict[tuple[str, int], dict[str, Any]]) -> None:
    sales = {row["status"]: row["is_sale"] for (shop, order_id), row in built.items() if shop == "app" and order_id != 90}
    assert sales == {"placed": True, "paid": True, "shipped": True, "delivered": True, "cancelled": False, "refunded": False}

"""gold.interactions: weights computed by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.gold.interactions import TABLE, build
from lakehouse.silver import customer_identities, order_lines, orders, refund_lines
from lakehouse.table import conform

RUN_DATE = date(2026, 7, 1)
# (shop, order, days before the run date, status is a sale, e-mail)
ORDERS = [
    ("nl", 1, 0, True, "anna"),
    ("nl", 2, 10, True, "anna"),
    ("nl", 3, 20, True, "anna"),
    ("nl", 4, 10, True, "bob"),
    ("nl", 5, -1, True, "bob"),  # the day after
    ("nl", 6, 5, False, "bob"),  # no sale
    ("de", 1, 10, True, "anna"),
]
# (shop, order, product, quantity)
LINES = [
    ("nl", 1, 100, "1"),
    ("nl", 1, 100, "2"),  # a second line of the same order
    ("nl", 2, 100, "1"),
    ("nl", 3, 100, "4"),
    ("nl", 1, 200, "2"),
    ("nl", 1, 300, "0.75"),
    ("nl", 4, 0, "1"),
    ("nl", 4, 100, "1"),
    ("nl", 5, 100, "1"),
    ("nl", 5, 400, "1"),
    ("nl", 6, 500, "1"),
    ("de", 1, 100, "1"),
]
# Anna gave back 4 of product 100 in order 3, all of 200, and 0.5 of 300; a product that was never in order 4 too.
REFUNDS = [("nl", 3, 100, "-4"), ("nl", 1, 200, "-1"), ("nl", 1, 200, "-1"), ("nl", 1, 300, "-0.5"), ("nl", 4, 600, "-1")]


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[tuple[str, str, int], dict[str, Any]]:
    day = datetime(2026, 7, 1, 12)
    bought = [
        {
            "shop_code": s,
            "order_id": i,
            "is_sale": is_sale,
            "email_pseudonym": who,
            "order_pseudonym": f"o{i}",
            "created_at": day - timedelta(days=age),
            "order_date": (day - timedelta(days=age)).date(),
        }
        for s, i, age, is_sale, who in ORDERS
    ]
    lines = [
        {"shop_code": s, "order_id": o, "order_line_id": i, "product_id": p, "quantity": Decimal(q)} for i, (s, o, p, q) in enumerate(LINES)
    ]
    returned = [
        {"shop_code": s, "order_id": o, "refund_line_id": i, "product_id": p, "quantity": Decimal(q)}
        for i, (s, o, p, q) in enumerate(REFUNDS)
    ]
    # Of a refund of the year 2062 nobody knows when it was made.
    returned.append({**returned[0], "refund_line_id": 99, "quantity": Decimal(-4), "is_misdated": True})
    people = [
        {"shop_code": s, "identity_type": "email", "identity_pseudonym": who, "customer_key": who.upper()}
        for s in ("nl", "de")
        for who in ("anna", "bob")
    ]
    frame = build(
        frame_of(spark, orders.TABLE, bought),
        frame_of(spark, order_lines.TABLE, lines),
        frame_of(spark, refund_lines.TABLE, returned),
        frame_of(spark, customer_identities.TABLE, people),
        run_date=RUN_DATE,
        half_life_days=10,
        feed_shop="nl",
    )
    rows = conform(frame, TABLE).collect()
    assert len({tuple(row)[:3] for row in rows}) == len(rows)
    return {tuple(row)[:3]: row.asDict() for row in rows}


def test_only_sales_up_to_the_run_date_with_something_left_are_interactions(built: dict[tuple[str, str, int], dict[str, Any]]) -> None:
    assert set(built) == {("nl", "ANNA", 100), ("nl", "ANNA", 300), ("nl", "BOB", 0), ("nl", "BOB", 100), ("de", "ANNA", 100)}


def test_the_weight_halves_with_every_half_life_and_is_summed_over_orders(built: dict[tuple[str, str, int], dict[str, Any]]) -> None:
    # Half-life 10 days: 2^0 + 2^-1 + 2^-2 of Anna's orders 0, 10 and 20 days ago; two lines of an order count once.
    assert built["nl", "ANNA", 100]["weight"] == 1.75
    assert built["nl", "ANNA", 300]["weight"] == 1.0
    # Bob's order of tomorrow weighs nothing.
    assert built["nl", "BOB", 100]["weight"] == 0.5


def test_quantities_are_net_of_refunds_and_orders_are_counted_once(built: dict[tuple[str, str, int], dict[str, Any]]) -> None:
    # 1 + 2 + 1 + 4 - 4; 0.75 - 0.5.
    assert (built["nl", "ANNA", 100]["net_quantity"], built["nl", "ANNA", 100]["order_count"]) == (Decimal("4"), 3)
    assert built["nl", "ANNA", 300]["net_quantity"] == Decimal("0.25")
    assert (built["nl", "BOB", 100]["net_quantity"], built["nl", "BOB", 100]["order_count"]) == (1, 1)


def test_first_and_last_are_the_orders_times(built: dict[tuple[str, str, int], dict[str, Any]]) -> None:
    row = built["nl", "ANNA", 100]
    assert (row["first_ordered_at"], row["last_ordered_at"]) == (datetime(2026, 6, 11, 12), datetime(2026, 7, 1, 12))


def test_what_was_bought_in_the_app_was_bought_in_the_shop_whose_articles_it_sells(spark: SparkSession) -> None:
    day = datetime(2026, 7, 1, 12)
    # Order 1 of the app is another one than order 1 of the shop; u2 is a user whom the shop does not know.
    bought = [("nl", 1, 10, None, "anna"), ("app", 1, 0, "u1", None), ("app", 2, 0, "u2", None), ("de", 1, 0, None, "anna")]
    sold = [
        {
            "shop_code": s,
            "order_id": i,
            "is_sale": True,
            "user_pseudonym": user,
            "email_pseudonym": address,
            "order_pseudonym": f"{s}{i}",
            "created_at": day - timedelta(days=age),
            "order_date": (day - timedelta(days=age)).date(),
        }
        for s, i, age, user, address in bought
    ]
    lines = [{"shop_code": s, "order_id": i, "order_line_id": i, "product_id": 100, "quantity": Decimal(i)} for s, i, *_ in bought]
    people = [("nl", "email", "anna", "ANNA"), ("de", "email", "anna", "ANNA"), ("app", "app_user", "u1", "ANNA")]
    names = ("shop_code", "identity_type", "identity_pseudonym", "customer_key")
    frame = build(
        frame_of(spark, orders.TABLE, sold),
        frame_of(spark, order_lines.TABLE, lines),
        frame_of(spark, refund_lines.TABLE, []),
        frame_of(spark, customer_identities.TABLE, [dict(zip(names, row, strict=True)) for row in people]),
        run_date=RUN_DATE,
        half_life_days=10,
        feed_shop="nl",
    )
    found = {
        (row["shop_code"], row["customer_key"]): (row["order_count"], row["net_quantity"], row["recency_days"], row["weight"])
        for row in frame.collect()
    }
    assert found == {("nl", "ANNA"): (2, 2, 0.0, 1.5), ("nl", "u2"): (1, 2, 0.0, 1.0), ("de", "ANNA"): (1, 1, 0.0, 1.0)}

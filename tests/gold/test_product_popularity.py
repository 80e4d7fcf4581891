"""gold.product_popularity: edges of the window, countries."""

from datetime import date, timedelta
from decimal import Decimal

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.gold.product_popularity import TABLE, build
from lakehouse.silver import customer_identities, order_lines, orders, refund_lines

RUN_DATE = date(2026, 7, 29)
# (order, days before the run date, who, country, product, ordered, refunded)
SALES: list[tuple[int, int, str, str | None, int, str, str]] = [
    (1, 0, "anna", "NL", 100, "1", "0"),
    (2, 27, "anna", "NL", 100, "5", "-1"),  # the last day that counts as recent
    (3, 28, "bob", "DE", 100, "1", "0"),  # the first that does not
    (4, 3, "bob", None, 100, "1", "0"),
    (5, 3, "cleo", "", 100, "1", "0"),
    (6, -1, "cleo", "NL", 100, "1", "0"),  # tomorrow
    (7, 3, "cleo", "NL", 100, "1", "-1"),  # given back
    (8, 3, "cleo", "NL", 0, "1", "0"),  # unknown product
    (9, 300, "anna", "BE", 200, "1", "0"),
]


def test_orders_of_the_last_28_days_are_recent_and_all_count_everywhere(spark: SparkSession) -> None:
    bought = [
        {
            "shop_code": "nl",
            "order_id": i,
            "is_sale": True,
            "email_pseudonym": who,
            "order_pseudonym": f"o{i}",
            "order_date": RUN_DATE - timedelta(days=age),
            "country_code": country,
        }
        for i, age, who, country, *_ in SALES
    ]
    bought.append({**bought[0], "order_id": 10, "is_sale": False})
    lines = [
        {"shop_code": "nl", "order_id": i, "order_line_id": i, "product_id": product, "quantity": Decimal(quantity)}
        for i, _, _, _, product, quantity, _ in [*SALES, (10, 0, "", "", 100, "1", "0")]
    ]
    returned = [
        {"shop_code": "nl", "order_id": i, "refund_line_id": i, "product_id": product, "quantity": Decimal(quantity)}
        for i, _, _, _, product, _, quantity in SALES
        if quantity != "0"
    ]
    frame = build(
        frame_of(spark, orders.TABLE, bought),
        frame_of(spark, order_lines.TABLE, lines),
        frame_of(spark, refund_lines.TABLE, returned),
        frame_of(spark, customer_identities.TABLE, []),
        run_date=RUN_DATE,
        popularity_days=28,
        feed_shop="nl",
    )
    found = rows_of(frame, TABLE, "country_code", "product_id", "recent_order_count", "order_count", "recent_quantity")
    assert found == [
        ("*", 100, 4, 5, 7),  # recent: orders 1, 2, 4, 5; ever: 3 too; pieces 1 + (5 - 1) + 1 + 1
        ("*", 200, 0, 1, 0),
        ("BE", 200, 0, 1, 0),
        ("DE", 100, 0, 1, 0),
        ("NL", 100, 2, 2, 5),
    ]


def test_customers_are_counted_once_each_also_if_they_bought_in_the_app_too(spark: SparkSession) -> None:
    bought = [
        {"shop_code": "nl", "order_id": i, "is_sale": True, "email_pseudonym": who, "order_pseudonym": f"o{i}", "order_date": day}
        for i, who, day in [(1, "anna", RUN_DATE), (2, "anna", RUN_DATE), (3, "bob", RUN_DATE), (4, "cleo", date(2026, 1, 1))]
    ]
    bought.append({"shop_code": "app", "order_id": 1, "is_sale": True, "user_pseudonym": "u", "order_date": RUN_DATE})
    lines = [{"shop_code": "nl", "order_id": i, "order_line_id": i, "product_id": 100, "quantity": Decimal(1)} for i in range(1, 5)]
    lines.append({**lines[0], "shop_code": "app"})
    people = [
        {"shop_code": "nl", "identity_type": "email", "identity_pseudonym": who, "customer_key": who} for who in ("anna", "bob", "cleo")
    ]
    people.append({"shop_code": "app", "identity_type": "app_user", "identity_pseudonym": "u", "customer_key": "anna"})
    frame = build(
        frame_of(spark, orders.TABLE, bought),
        frame_of(spark, order_lines.TABLE, lines),
        frame_of(spark, refund_lines.TABLE, []),
        frame_of(spark, customer_identities.TABLE, people),
        run_date=RUN_DATE,
        popularity_days=28,
        feed_shop="nl",
    )
    assert rows_of(frame, TABLE) == [("nl", "*", 100, 4, 2, 5, 4)]

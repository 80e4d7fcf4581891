"""gold.customer_facts: who can be reached, and what was bought, by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.gold.customer_facts import TABLE, build
from lakehouse.recommend import customer_products
from lakehouse.silver import customer_identities, customers, orders


def test_sale_orders_are_summed_by_currency_for_who_can_be_reached(spark: SparkSession) -> None:
    def person(key: str, status: str = "valid", is_customer: bool = True, shop: str = "nl") -> dict[str, Any]:
        said = {"email_status": status, "is_customer": is_customer, "consent": "no", "email_pseudonym": f"@{key}"}
        return {"shop_code": shop, "customer_key": key, "last_order_id": 99, **said}

    def order(i: int, key: str, day: int, total: str, currency: str = "EUR", is_sale: bool = True, shop: str = "nl") -> dict[str, Any]:
        what = {"currency_code": currency, "total_amount": total, "is_sale": is_sale, "created_at": at(day)}
        return {"shop_code": shop, "order_id": i, "user_pseudonym": key, **what}

    def at(day: int) -> datetime:
        return datetime(2026, 11, day, tzinfo=UTC)

    people = [
        person("anna"),
        person("bob", "bounced"),
        person("carl", "anonymised"),
        person("staff", is_customer=False),
        person("dora", shop="app"),
    ]
    bought = [
        order(1, "anna", 3, "10.10"),
        order(2, "anna", 5, "20.20"),
        order(3, "anna", 4, "7", "CHF"),
        order(4, "anna", 9, "999", is_sale=False),
        order(5, "dora", 9, "5", shop="app"),
    ]
    days = {1: 9, 2: 3, 3: None, 4: 7, 5: 8, 6: 30, 7: 12}
    due = [
        {"shop_code": "nl", "customer_key": "anna", "list_name": name, "product_id": i, "due_date": day and at(day).date()}
        for name in ("buy_again", "mixed")
        for i, day in days.items()
    ]
    frame = build(
        frame_of(spark, customers.TABLE, people),
        frame_of(spark, orders.TABLE, bought),
        frame_of(spark, customer_identities.TABLE, []),
        frame_of(spark, customer_products.TABLE, due),
    )
    names = ("customer_key", "order_count", "first_ordered_at", "last_ordered_at", "last_order_id", "spent", "next_due")
    utc = [(row[0], row[1], *(t and t.replace(tzinfo=UTC) for t in row[2:4]), *row[4:]) for row in rows_of(frame, TABLE, *names)]
    in_order = [(at(day).date(), product) for product, day in ((2, 3), (4, 7), (5, 8), (1, 9), (7, 12))]
    assert utc == [
        ("anna", 3, at(3), at(5), 2, [("CHF", Decimal(7)), ("EUR", Decimal("30.30"))], in_order),
        ("bob", 0, None, None, None, [], []),
    ]

"""gold.daily_sales: the five measures by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.gold.daily_sales import TABLE, build
from lakehouse.silver import customer_identities, order_lines, orders, refunds

DAY, NEXT = date(2026, 7, 1), date(2026, 7, 2)


def test_measures_are_per_day_and_currency_and_refunds_on_their_own_day(spark: SparkSession) -> None:
    def order(i: int, total: str, who: str, currency: str = "EUR", shop: str = "nl", is_sale: bool = True) -> dict[str, Any]:
        common = {"tax_amount": Decimal("1.05"), "shipping_amount": Decimal("4.95"), "order_date": DAY, "order_pseudonym": f"o{i}"}
        return {
            **common,
            "shop_code": shop,
            "order_id": i,
            "total_amount": Decimal(total),
            "email_pseudonym": who,
            "currency_code": currency,
            "is_sale": is_sale,
        }

    bought = [
        order(1, "10.10", "anna"),
        order(2, "20.20", "anna"),
        order(3, "0.03", "bob"),
        order(4, "100", "bob", "CHF"),
        order(5, "999", "bob", is_sale=False),
        order(1, "7", "anna", shop="de"),
    ]
    # (shop, order, line, product): 100 stands in two orders, 0 is unknown, 300 was not sold.
    lines = [
        ("nl", 1, 1, 100),
        ("nl", 2, 2, 100),
        ("nl", 2, 3, 200),
        ("nl", 3, 4, 0),
        ("nl", 4, 5, 100),
        ("nl", 5, 6, 300),
        ("de", 1, 7, 400),
    ]
    # (refund, order, day, total): one the same day, one on a day without orders, one of an order that is no sale.
    back = [(51, 1, DAY, "-5"), (52, 2, NEXT, "-1.5"), (53, 2, NEXT, "-0.5"), (54, 5, NEXT, "-999")]
    frame = build(
        frame_of(spark, orders.TABLE, bought),
        frame_of(
            spark,
            order_lines.TABLE,
            [{"shop_code": s, "order_id": o, "order_line_id": i, "product_id": p} for s, o, i, p in lines],
        ),
        frame_of(
            spark,
            refunds.TABLE,
            [
                {"shop_code": "nl", "refund_id": i, "order_id": o, "refund_date": d, "currency_code": "EUR", "total_amount": Decimal(t)}
                for i, o, d, t in back
            ],
        ),
        frame_of(
            spark,
            customer_identities.TABLE,
            [{"shop_code": "nl", "identity_type": "email", "identity_pseudonym": who, "customer_key": who} for who in ("anna", "bob")],
        ),
    )
    found = {row[:3]: row[3:] for row in rows_of(frame, TABLE)}
    d = Decimal
    assert found == {
        # 10.10 + 20.20 + 0.03 = 30.33 in 3 orders of 2 customers; products 100 and 200; 3 × 1.05 tax; 3 × 4.95 shipping.
        ("nl", DAY, "EUR"): (d("30.33"), 3, 2, d("10.11"), 2, d("3.15"), d("14.85"), 1, d("-5")),
        ("nl", DAY, "CHF"): (d("100"), 1, 1, d("100"), 1, d("1.05"), d("4.95"), 0, d(0)),
        # Nothing was sold, so there is no average.
        ("nl", NEXT, "EUR"): (d(0), 0, 0, None, 0, d(0), d(0), 2, d("-2")),
        ("de", DAY, "EUR"): (d("7"), 1, 1, d("7"), 1, d("1.05"), d("4.95"), 0, d(0)),
    }


def test_an_average_that_does_not_come_out_even_keeps_eight_digits(spark: SparkSession) -> None:
    bought = [
        {
            "shop_code": "nl",
            "order_id": i,
            "is_sale": True,
            "order_date": DAY,
            "currency_code": "EUR",
            "total_amount": Decimal(10 if i == 1 else 0),
            "order_pseudonym": f"o{i}",
        }
        for i in (1, 2, 3)
    ]
    frames = [frame_of(spark, table, []) for table in (order_lines.TABLE, refunds.TABLE, customer_identities.TABLE)]
    row = rows_of(build(frame_of(spark, orders.TABLE, bought), *frames), TABLE, "average_order_amount", "customer_count", "product_count")
    assert row == [(Decimal("3.33333333"), 3, 0)]

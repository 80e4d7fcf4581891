"""The split in time."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.recommend.split import Sales, bought_after, cut_date, known_at
from lakehouse.silver import customer_identities, order_lines, orders, refund_lines

CUT, UNTIL = date(2026, 7, 1), date(2026, 7, 29)
# (order, who, days after the cut, product, a sale, refunded)
BOUGHT = [
    (1, "anna", 0, 100, True, False),  # the last day of the past
    (2, "anna", 1, 100, True, False),  # the first of the window
    (3, "anna", 28, 200, True, False),  # its last
    (4, "anna", 29, 300, True, False),  # after it
    (5, "bob", -50, 200, True, False),
    (6, "bob", -50, 300, True, False),
    (7, "bob", 5, 400, True, False),  # not sold before the cut
    (8, "bob", 5, 100, False, False),  # no sale
    (9, "bob", 5, 300, True, True),  # given back
    (10, "cleo", 5, 100, True, False),  # no history
    (11, "anna", 3, 100, True, False),  # the same pair once more
    (12, "anna", 3, 0, True, False),  # unknown product
    (13, "anna", -3, 0, True, False),
]


@pytest.fixture(scope="module")
def sales(spark: SparkSession) -> Sales:
    def day(after: int) -> date:
        return CUT + timedelta(days=after)

    return Sales(
        frame_of(
            spark,
            orders.TABLE,
            [
                {
                    "shop_code": "nl",
                    "order_id": i,
                    "is_sale": sale,
                    "order_date": day(after),
                    "created_at": datetime.combine(day(after), datetime.min.time()),
                    "email_pseudonym": who,
                    "order_pseudonym": f"o{i}",
                }
                for i, who, after, _, sale, _ in BOUGHT
            ],
        ),
        frame_of(
            spark,
            order_lines.TABLE,
            [
                {"shop_code": "nl", "order_id": i, "order_line_id": i, "product_id": p, "quantity": Decimal(1)}
                for i, _, _, p, _, _ in BOUGHT
            ],
        ),
        frame_of(
            spark,
            refund_lines.TABLE,
            [
                {"shop_code": "nl", "order_id": i, "refund_line_id": i, "product_id": p, "quantity": Decimal(-1)}
                for i, _, _, p, _, back in BOUGHT
                if back
            ],
        ),
        frame_of(
            spark,
            customer_identities.TABLE,
            [
                {"shop_code": "nl", "identity_type": "email", "identity_pseudonym": who, "customer_key": who}
                for who in ("anna", "bob", "cleo")
            ],
        ),
    )


def test_the_cut_is_so_many_days_before_the_run_date() -> None:
    assert cut_date(UNTIL, 28) == CUT
    assert cut_date(date(2026, 3, 1), 1) == date(2026, 2, 28)


def test_what_is_known_ends_on_the_evening_of_the_cut_and_the_truth_begins_after_it(sales: Sales) -> None:
    known = known_at(sales, CUT, 50)
    rows = {(row["customer_key"], row["product_id"]): row["weight"] for row in known.collect()}
    # As of the cut: Anna's order of that day weighs 1, Bob's of 50 days before half as much.
    assert {pair: weight for pair, weight in rows.items() if pair[1] > 0} == {("anna", 100): 1.0, ("bob", 200): 0.5, ("bob", 300): 0.5}

    truth = bought_after(sales, CUT, UNTIL, known)
    # Cleo has no history; 400 is new; 300 was given back by Bob and bought too late by Anna.
    assert sorted(map(tuple, truth.collect())) == [("nl", "anna", 100), ("nl", "anna", 200)]

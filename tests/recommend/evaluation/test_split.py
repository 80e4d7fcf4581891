"""The split in time."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.interactions import weighed
from lakehouse.gold.purchases import Clock, evening, purchases
from lakehouse.recommend.evaluation.split import held_out, window
from lakehouse.silver import customer_identities, order_lines, orders, refund_lines

CUT = date(2026, 7, 1)
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
def sales(spark: SparkSession) -> tuple[DataFrame, ...]:
    def day(after: int) -> date:
        return CUT + timedelta(days=after)

    return (
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


@pytest.fixture(scope="module")
def bought(sales: tuple[DataFrame, ...]) -> DataFrame:
    return purchases(*sales, feed_shop="nl")


def pairs(frame: DataFrame) -> list[tuple[str, int]]:
    return sorted((row["customer_key"], row["product_id"]) for row in frame.collect())


def test_what_is_known_ends_on_the_evening_of_the_cut_and_the_truth_begins_after_it(bought: DataFrame) -> None:
    fold = window(bought, evening(CUT), 28, Clock())
    weights = {(row["customer_key"], row["product_id"]): row["weight"] for row in weighed(fold.known, 50).collect()}
    # As of the cut: Anna's order of that day weighs 1, Bob's of 50 days before half as much.
    assert {pair: weight for pair, weight in weights.items() if pair[1] > 0} == {("anna", 100): 1.0, ("bob", 200): 0.5, ("bob", 300): 0.5}
    # Cleo has no history; 400 is new; 300 was given back by Bob and bought too late by Anna.
    assert pairs(fold.truth) == [("anna", 100), ("anna", 200)]


BASKETS = "shop_code string, customer_key string, order_id string, product_id bigint, order_day double, net_quantity decimal(18,3)"


def baskets(spark: SparkSession, rows: list[tuple[str, float, int]]) -> DataFrame:
    """(customer, number of the basket, product)."""
    return frame_from(spark, [("x", c, f"{c}{at}", p, at, Decimal(1)) for c, at, p in rows], BASKETS)


def test_without_a_date_each_customers_last_basket_is_held_out(spark: SparkSession) -> None:
    rows = [
        ("anna", 1.0, 1),
        ("anna", 2.0, 1),
        ("anna", 2.0, 2),
        ("anna", 3.0, 1),
        ("anna", 3.0, 9),
        ("bob", 1.0, 2),
        ("cleo", 1.0, 1),
        ("cleo", 4.0, 2),
    ]
    fold = held_out(baskets(spark, rows), Clock("baskets", 1.0), 7)
    # 9 was never bought before, Bob has one basket only. Ages count from the last basket that is known.
    assert pairs(fold.truth) == [("anna", 1), ("cleo", 2)]
    assert sorted((r["customer_key"], r["product_id"], r["age"]) for r in fold.known.collect()) == [
        ("anna", 1, 0.0),
        ("anna", 1, 1.0),
        ("anna", 2, 0.0),
        ("cleo", 1, 0.0),
    ]


def test_where_nothing_is_bought_twice_a_seeded_fifth_of_the_pairs_is_held_out(spark: SparkSession) -> None:
    rows = [(f"c{c}", float(p), p) for c in range(30) for p in range(1, 21)]
    folds = [held_out(baskets(spark, rows), Clock("baskets", 1.0), seed) for seed in (7, 7, 8)]
    first, again, other = (pairs(fold.truth) for fold in folds)
    assert first == again != other
    assert 80 < len(first) < 160
    known = pairs(folds[0].known)
    assert sorted(known + first) == sorted((c, p) for c, _, p in rows)

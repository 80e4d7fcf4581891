"""recommendations.customer_products: one built frame, one customer per case."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.gold import interactions, product_popularity
from lakehouse.recommend import candidates
from lakehouse.recommend.customer_products import TABLE, build
from lakehouse.recommend.params import Lists
from lakehouse.silver import customers, products
from lakehouse.table import conform

RUN_DATE = date(2026, 7, 1)
LENGTH = 4
LISTS = Lists(length=LENGTH, candidates=10, popularity_days=28, mixed_own=0.6, mixed_als=0.3, mixed_popularity=0.1, discover_popularity=0.1)
# Product 9 can't be sold, and would be the best of everything.
CUSTOMERS = [("cold", "NL", False), ("cold-de", "DE", False), ("homeless", None, False), ("nobody", "NL", True), ("anna", "NL", False)]
CUSTOMERS += [("bob", "NL", False), ("tied", "FR", False), ("disliked", "FR", False)]
INTERACTIONS = [("anna", 1, 1.0), ("anna", 2, 3.0), ("anna", 9, 50.0), ("nobody", 1, 5.0), ("tied", 6, 1.0), ("tied", 5, 1.0)]
INTERACTIONS += [("disliked", 1, 1.0), *[("bob", i, float(i)) for i in range(1, 9) if i != 4]]
CANDIDATES = [("anna", 2, 0.9), ("anna", 5, 0.8), ("anna", 6, 0.4), ("anna", 9, 5.0), ("nobody", 5, 1.0), ("disliked", 7, -0.5)]
CANDIDATES += [("bob", 4, 0.2), ("bob", 1, 0.8), ("gone", 5, 1.0)]
# (country, product, recent orders, orders)
POPULAR = [("*", 1, 40, 99), ("*", 2, 20, 99), ("*", 3, 20, 98), ("*", 4, 10, 10), ("*", 7, 0, 5), ("*", 9, 1000, 1000)]
POPULAR += [("NL", 4, 8, 8), ("NL", 3, 4, 4), ("NL", 9, 500, 500), ("DE", 2, 1, 1)]

Row = tuple[int, str, float]
Listed = dict[tuple[str, str], list[Row]]


@pytest.fixture(scope="module")
def make(spark: SparkSession) -> Callable[[str | None], DataFrame]:
    def make(model_version: str | None) -> DataFrame:
        frames = (
            frame_of(
                spark,
                customers.TABLE,
                [{"shop_code": "nl", "customer_key": c, "country_code": at, "is_anonymous": a} for c, at, a in CUSTOMERS],
            ),
            frame_of(spark, products.TABLE, [{"shop_code": "nl", "product_id": i, "is_sellable": i != 9} for i in range(1, 10)]),
            frame_of(
                spark,
                interactions.TABLE,
                [{"shop_code": "nl", "customer_key": c, "product_id": p, "weight": w} for c, p, w in INTERACTIONS],
            ),
            frame_of(
                spark,
                product_popularity.TABLE,
                [
                    {"shop_code": "nl", "country_code": c, "product_id": p, "recent_order_count": r, "order_count": n}
                    for c, p, r, n in POPULAR
                ],
            ),
            frame_of(
                spark, candidates.TABLE, [{"shop_code": "nl", "customer_key": c, "product_id": p, "score": s} for c, p, s in CANDIDATES]
            ),
        )
        return conform(build(*frames, run_date=RUN_DATE, model_version=model_version, lists=LISTS), TABLE)

    return make


@pytest.fixture(scope="module")
def rows(make: Callable[[str | None], DataFrame]) -> list[dict[str, Any]]:
    return [row.asDict() for row in make("7").orderBy("customer_key", "list", "rank").collect()]


@pytest.fixture(scope="module")
def listed(rows: list[dict[str, Any]]) -> Listed:
    """(customer, list) → (product, source, score) by rank."""
    found: Listed = {}
    for row in rows:
        found.setdefault((row["customer_key"], row["list"]), []).append((row["product_id"], row["source"], row["score"]))
    return found


def ids(listed: Listed, customer: str, name: str) -> list[int]:
    return [product for product, _, _ in listed.get((customer, name), [])]


def test_anonymous_buyers_and_strangers_have_no_lists(listed: Listed) -> None:
    assert {customer for customer, _ in listed} == {"cold", "cold-de", "homeless", "anna", "bob", "tied", "disliked"}


def test_nothing_is_shown_that_cannot_be_sold(rows: list[dict[str, Any]]) -> None:
    assert 9 not in {row["product_id"] for row in rows}


def test_ranks_have_no_gaps_and_no_product_stands_twice_on_a_list(rows: list[dict[str, Any]], listed: Listed) -> None:
    for (customer, name), shown in listed.items():
        ranks = [row["rank"] for row in rows if (row["customer_key"], row["list"]) == (customer, name)]
        assert ranks == list(range(1, len(shown) + 1))
        assert len(shown) <= LENGTH
        assert len({product for product, _, _ in shown}) == len(shown)


def test_buy_again_is_ones_own_frequency_lifted_by_popularity(listed: Listed) -> None:
    # Anna: 2 has 3 × (1 + 20/40) = 4.5, 1 has 1 × (1 + 40/40) = 2. Shares are of the sellable products' largest.
    assert listed["anna", "buy_again"] == [(2, "own_frequency", 4.5), (1, "own_frequency", 2.0)]
    assert ("cold", "buy_again") not in listed


def test_equal_scores_are_in_the_order_of_ids(listed: Listed) -> None:
    assert listed["tied", "buy_again"] == [(5, "own_frequency", 1.0), (6, "own_frequency", 1.0)]


def test_discover_has_nothing_that_was_bought_before_and_the_model_comes_first(listed: Listed) -> None:
    # Of the candidates 2 was bought; 5 is the best of the rest: 1; 6 has half of it; neither is popular. Then the country's 4 and 3.
    shown = listed["anna", "discover"]
    assert [(product, source) for product, source, _ in shown] == [(5, "als"), (6, "als"), (4, "popularity"), (3, "popularity")]
    assert [score for _, _, score in shown[:2]] == pytest.approx([1.0, 0.5])
    # Bob bought all but 4; 0.2 is his largest of what is new: 1 + 0.1 × 10/40.
    assert listed["bob", "discover"] == [(4, "als", pytest.approx(1.025))]


def test_who_is_new_gets_what_is_popular_in_the_own_country_then_everywhere(listed: Listed) -> None:
    assert ids(listed, "cold", "discover") == [4, 3, 1, 2]
    assert ids(listed, "cold", "mixed") == [4, 3, 1, 2]
    assert ids(listed, "cold-de", "discover") == [2, 1, 3, 4]
    assert ids(listed, "homeless", "discover") == [1, 2, 3, 4]
    assert {source for _, source, _ in listed["cold", "discover"]} == {"popularity"}


def test_mixed_weighs_own_frequency_model_and_popularity(listed: Listed) -> None:
    # Product: 0.6 × own + 0.3 × als + 0.1 × popularity, own scaled by 3, als by 0.9.
    # 2: 0.6 + 0.3 + 0.05; 1: 0.2 + 0 + 0.1; 5: 0.3 × 0.8/0.9; 6: 0.3 × 0.4/0.9.
    assert listed["anna", "mixed"] == [
        (2, "own_frequency", pytest.approx(0.95)),
        (1, "own_frequency", pytest.approx(0.3)),
        (5, "als", pytest.approx(0.3 * 0.8 / 0.9)),
        (6, "als", pytest.approx(0.3 * 0.4 / 0.9)),
    ]


def test_what_was_never_bought_is_never_called_own_frequency(listed: Listed) -> None:
    # The model's only proposal scores below 0, so both parts of its mixed score are 0.
    bought = {(customer, product) for customer, product, _ in INTERACTIONS}
    wrong = [
        (customer, name, product)
        for (customer, name), shown in listed.items()
        for product, source, _ in shown
        if source == "own_frequency" and (customer, product) not in bought
    ]
    assert wrong == []


def test_rows_say_which_model_and_day_they_are_of(rows: list[dict[str, Any]]) -> None:
    assert {(row["model_version"], row["run_date"]) for row in rows} == {("7", RUN_DATE)}


def test_without_a_champion_the_model_version_is_null(make: Callable[[str | None], DataFrame]) -> None:
    assert [row[0] for row in make(None).select("model_version").distinct().collect()] == [None]

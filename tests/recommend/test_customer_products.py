"""recommendations.customer_products: one built frame, one customer per case."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.gold import interactions, product_popularity
from lakehouse.recommend.als import Factors
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.customer_products import TABLE, build
from lakehouse.recommend.params import Hidden, Lists
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.silver import customers, products
from lakehouse.table import conform

RUN_DATE = date(2026, 7, 1)
LENGTH = 4
# buy_again is weight alone; discover is ALS times the root of recent orders; in mixed what was bought comes first.
BLEND = Blend((1.0, 0, 0, 0, 0, 0, 0), (1.0, 0.0, 0.5, 0.0), (100.0, 1.0, 1.0))
# Everybody is a customer of the app too, which has no products of its own.
SHOPS = ("nl", "app")
# Product 9 can't be sold, and would be the best of everything.
CUSTOMERS = [("cold", "NL", False), ("cold-de", "DE", False), ("homeless", None, False), ("nobody", "NL", True), ("anna", "NL", False)]
CUSTOMERS += [("bob", "NL", False), ("tied", "FR", False), ("carl", "NL", False), ("dora", "NL", False)]
INTERACTIONS = [("anna", 1, 1.0), ("anna", 2, 3.0), ("anna", 9, 50.0), ("nobody", 1, 5.0), ("tied", 6, 1.0), ("tied", 5, 1.0)]
INTERACTIONS += [("carl", 1, 1.0), ("carl", 3, 9.0)]
INTERACTIONS += [("bob", i, float(i)) for i in range(1, 9) if i != 4]
# With dates, dora alone: product, weight, orders, days since the last one, days from the first to the last. Every interval is 27 days.
DORAS = [(1, 9.0, 3, 3, 54), (5, 1.0, 3, 20, 54), (3, 0.5, 1, 40, 0)]
# One factor: what a customer likes. Anna likes all that has much of it: 5, then 6.
LIKES, HAS = {"anna": 1.0, "nobody": 1.0, "bob": 1.0, "gone": 1.0}, {1: 0.9, 2: 0.9, 5: 0.8, 6: 0.4, 9: 5.0}
# (country, product, recent orders, orders)
POPULAR = [("*", 1, 40, 99), ("*", 2, 20, 99), ("*", 3, 20, 98), ("*", 4, 10, 10), ("*", 7, 0, 5), ("*", 9, 1000, 1000)]
POPULAR += [("NL", 4, 80, 80), ("NL", 3, 40, 40), ("NL", 9, 500, 500), ("DE", 2, 100, 100)]

# 20 and 21 are new, and so is 23, which is restricted; 22 is not, and nobody ever bought it. Anna buys of category 1 only, "tied" of 3.
OLD, NEW = datetime(2026, 6, 2, 23), datetime(2026, 6, 3)
CATEGORIES = {1: [1], 2: [1], 3: [2], 4: [2], 5: [3], 6: [3], 7: [2], 8: [2], 9: [1], 20: [1], 21: [2, 4], 22: [1], 23: [1]}

Listed = dict[tuple[str, str], list[tuple[int, str]]]


@pytest.fixture(scope="module")
def make(spark: SparkSession) -> Callable[..., DataFrame]:
    def make(version: str | None, hidden: tuple[Hidden, ...] = ()) -> DataFrame:
        frames = (
            frame_of(
                spark,
                customers.TABLE,
                [
                    {"shop_code": s, "customer_key": c, "country_code": at, "is_anonymous": a, "is_customer": True}
                    for s in SHOPS
                    for c, at, a in CUSTOMERS
                ],
            ),
            frame_of(
                spark,
                products.TABLE,
                [
                    {
                        "shop_code": "nl",
                        "product_id": i,
                        "is_sellable": i != 9,
                        "is_restricted": i == 23,
                        "category_ids": CATEGORIES[i],
                        "created_at": created,
                    }
                    for i, created in ((*((i, OLD) for i in range(1, 10)), (20, NEW), (21, NEW), (22, OLD), (23, NEW)))
                ],
            ),
            frame_of(
                spark,
                interactions.TABLE,
                [
                    {"shop_code": "nl", "customer_key": c, "product_id": p, "weight": w, "order_count": 2, "recency_days": 3.0}
                    for c, p, w in INTERACTIONS
                ]
                + [dated("dora", *pair) for pair in DORAS],
            ),
            frame_of(
                spark,
                product_popularity.TABLE,
                [
                    {"shop_code": "nl", "country_code": c, "product_id": p, "recent_order_count": r, "order_count": n}
                    for c, p, r, n in POPULAR
                ],
            ),
        )
        factors = Factors(
            frame_from(spark, [("nl", c, [x]) for c, x in LIKES.items()], "shop_code string, customer_key string, features array<float>"),
            frame_from(spark, [("nl", p, [x]) for p, x in HAS.items()], "shop_code string, product_id bigint, features array<float>"),
        )
        model = RegisteredModel(version, None, lambda: (factors, {})) if version else RegisteredModel.none(spark)
        return conform(
            build(
                *frames,
                run_date=RUN_DATE,
                model=model,
                lists=Lists(length=LENGTH, hidden=hidden, new_product_share=0.25, new_product_days=28, due_days=21),
                blend=BLEND,
                country_smoothing=1.0,
            ),
            TABLE,
        )

    return make


@pytest.fixture(scope="module")
def rows(make: Callable[..., DataFrame]) -> list[dict[str, Any]]:
    return in_order(make("7"))


@pytest.fixture(scope="module")
def listed(rows: list[dict[str, Any]]) -> Listed:
    return by_list(rows)


def dated(customer: str, product: int, weight: float, orders: int, recency: int, span: int) -> dict[str, Any]:
    last = datetime(2026, 7, 1, 9) - timedelta(days=recency)
    return {
        "shop_code": "nl",
        "customer_key": customer,
        "product_id": product,
        "weight": weight,
        "order_count": orders,
        "recency_days": float(recency),
        "first_ordered_at": last - timedelta(days=span),
        "last_ordered_at": last,
    }


def in_order(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.orderBy("customer_key", "list_name", "rank").collect()]


def by_list(rows: list[dict[str, Any]]) -> Listed:
    """(customer, list) → (product, source) by rank."""
    found: Listed = {}
    for row in rows:
        found.setdefault((row["customer_key"], row["list_name"]), []).append((row["product_id"], row["candidate_source"]))
    return found


def ids(listed: Listed, customer: str, name: str) -> list[int]:
    return [product for product, _ in listed.get((customer, name), [])]


def test_anonymous_buyers_and_strangers_have_no_lists(listed: Listed) -> None:
    assert {customer for customer, _ in listed} == {"cold", "cold-de", "homeless", "anna", "bob", "tied", "carl", "dora"}


@pytest.mark.parametrize("version", ["7", None])
def test_there_are_no_lists_in_the_app(make: Callable[..., DataFrame], version: str | None) -> None:
    assert {row["shop_code"] for row in make(version).select("shop_code").distinct().collect()} == {"nl"}


def test_nothing_is_shown_that_cannot_be_sold(rows: list[dict[str, Any]]) -> None:
    assert 9 not in {row["product_id"] for row in rows}


def test_ranks_have_no_gaps_and_no_product_stands_twice_on_a_list(rows: list[dict[str, Any]], listed: Listed) -> None:
    for (customer, name), shown in listed.items():
        ranks = [row["rank"] for row in rows if (row["customer_key"], row["list_name"]) == (customer, name)]
        assert ranks == list(range(1, len(shown) + 1))
        assert len(shown) <= LENGTH
        assert len({product for product, _ in shown}) == len(shown)


def test_buy_again_has_what_was_bought_by_weight(listed: Listed) -> None:
    assert listed["anna", "buy_again"] == [(2, "own_frequency"), (1, "own_frequency")]
    assert ("cold", "buy_again") not in listed


def test_equal_scores_are_in_the_order_of_ids(listed: Listed) -> None:
    assert ids(listed, "tied", "buy_again") == [5, 6]


def test_discover_has_nothing_that_was_bought_and_blends_the_model_with_the_countrys_popularity(listed: Listed) -> None:
    # In NL 4 and 3 are 120 of 620 orders and, with one order of everywhere's mix, about as much of everywhere's 1,090; 5 and 6 none.
    # 5: 0.81 x 1; 6: 0.41 x 1; 4: 0.01 x √(1 + 141); 3: 0.01 x √(1 + 70); 7: 0.01.
    # One place of four is for a new product.
    assert listed["anna", "discover"] == [(5, "als"), (6, "als"), (4, "als"), (20, "new_product")]
    # Bob bought all but 4; 9 can't be sold.
    assert ids(listed, "bob", "discover")[0] == 4


def test_a_new_product_is_shown_to_who_buys_of_its_categories(listed: Listed, rows: list[dict[str, Any]]) -> None:
    # Carl: √9 of √1 + √9 are of category 2, but 21 has a second one: 0.375, more than the 0.25 of 20.
    assert listed["carl", "discover"][-1] == (21, "new_product")
    (score,) = [r["score"] for r in rows if (r["customer_key"], r["list_name"], r["product_id"]) == ("carl", "discover", 21)]
    assert score == pytest.approx(0.375)
    shown = {customer for (customer, _), places in listed.items() for _, source in places if source == "new_product"}
    assert shown == {"anna", "carl", "dora"}  # nothing new is of what "tied" buys, and Bob's few places have both anyway
    assert 22 not in {product for places in listed.values() for product, _ in places}


def test_who_is_new_gets_what_is_popular_in_the_own_country(listed: Listed) -> None:
    assert ids(listed, "cold", "discover") == [4, 3, 1, 2]
    assert ids(listed, "cold", "mixed") == [4, 3, 1, 2]
    assert ids(listed, "cold-de", "discover")[0] == 2
    assert ids(listed, "homeless", "discover") == [1, 2, 3, 4]
    assert {source for _, source in listed["cold", "discover"]} == {"popularity"}


def test_mixed_weighs_what_was_bought_against_what_was_not(listed: Listed) -> None:
    assert listed["anna", "mixed"] == [(2, "own_frequency"), (1, "own_frequency"), (5, "als"), (6, "als")]


def test_what_was_just_bought_and_is_due_later_than_in_three_weeks_stands_behind_what_else_was_bought(listed: Listed) -> None:
    # By weight it would be 1, 5, 3. But 1 was bought three days ago and lasts 27; it stays where nothing else is there.
    assert ids(listed, "dora", "buy_again") == [5, 3, 1]
    assert ids(listed, "dora", "mixed") == [5, 3, 1, 4]


def test_what_was_bought_before_has_the_day_on_which_it_is_due(rows: list[dict[str, Any]]) -> None:
    due = {(row["list_name"], row["product_id"]): row["due_date"] for row in rows if row["customer_key"] == "dora"}
    # 7 days after the run date, 13 before it, and 24 after it.
    assert [due["buy_again", product] for product in (5, 3, 1)] == [date(2026, 7, 8), date(2026, 6, 18), date(2026, 7, 25)]
    assert [due["mixed", product] for product in (5, 3, 1, 4)] == [date(2026, 7, 8), date(2026, 6, 18), date(2026, 7, 25), None]
    assert {row["due_date"] for row in rows if row["customer_key"] == "anna"} == {None}  # nobody knows when she bought


def test_rows_say_which_model_and_day_they_are_of(rows: list[dict[str, Any]]) -> None:
    assert {(row["model_version"], row["run_date"]) for row in rows} == {("7", RUN_DATE)}


def test_a_hidden_category_is_shown_to_nobody_of_the_country_of_the_rule(make: Callable[..., DataFrame]) -> None:
    rules = (
        Hidden(shop="nl", category_id=3, countries=("NL", "SE")),  # 5 and 6
        Hidden(shop="nl", category_id=1, countries=("*",)),  # 1, 2 and the new 20
        Hidden(shop="de", category_id=2, countries=("*",)),  # of another shop
    )
    found = by_list(in_order(make("7", rules)))
    assert ("anna", "buy_again") not in found
    assert ids(found, "anna", "discover") == ids(found, "anna", "mixed") == [4, 3, 7, 21]
    assert ids(found, "tied", "buy_again") == [5, 6]
    assert {6, 5} & set(ids(found, "cold-de", "discover"))
    assert not {1, 2, 9, 20} & {product for places in found.values() for product, _ in places}


def test_without_a_champion_lists_are_own_purchases_and_popularity(make: Callable[..., DataFrame]) -> None:
    found = make(None).collect()
    assert {row["model_version"] for row in found} == {None}
    # Bought before, so not new; of what was not bought the popular ones come first; 20 is new.
    assert [
        row["product_id"]
        for row in sorted(found, key=lambda r: r["rank"])
        if (row["customer_key"], row["list_name"]) == ("anna", "discover")
    ] == [4, 3, 7, 20]

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
from lakehouse.recommend.params import Lists
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.rule_set import Rules, parse_rule_file, rules_of
from lakehouse.silver import categories, customers, product_codes, products, wholesale_offers
from lakehouse.sources.other_feeds import STOCK_LEVELS
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
POPULAR += [("*", 5, 0, 9), ("*", 6, 0, 9)]
POPULAR += [("NL", 4, 80, 80), ("NL", 3, 40, 40), ("NL", 9, 500, 500), ("DE", 2, 100, 100)]

SOLD = {5: 28, 6: 1}

# 20 and 21 are new, and so is 23, which is restricted; 22 is not, and nobody ever bought it. Anna buys of category 1 only, "tied" of 3.
OLD, NEW = datetime(2026, 6, 2, 23), datetime(2026, 6, 3)
CATEGORIES = {1: [1], 2: [1], 3: [2], 4: [2], 5: [3], 6: [3], 7: [2], 8: [2], 9: [1], 20: [1], 21: [2, 4], 22: [1], 23: [1]}

# Facts that only rules ask for. 5 sold 28 in 28 days, and the warehouse has 9 - 3; of 6 one sold and 99 are there.
OF_PRODUCT: dict[int, dict[str, Any]] = {
    3: {"brand_name": "Acme", "price_amount": 10, "currency_code": "EUR"},
    4: {"brand_name": "ACME", "tag_names": ["Summer", "Sale"], "price_amount": 10, "currency_code": "EUR"},
    5: {"stock_quantity": 1000},
    6: {"stock_quantity": 99},
}
TREE: list[dict[str, Any]] = [
    {"category_id": 1, "category_name": "Tea", "slug": "tea"},
    {"category_id": 3, "category_name": "Rotwein", "slug": "red-wine", "parent_category_id": 30},
    {"category_id": 30, "category_name": "Wine", "slug": "wine"},
]
CODES = [{"shop_code": "nl", "code_type": "sku", "code": "FIVE", "product_id": 5, "variation_id": 0}]
OFFERS: list[dict[str, Any]] = [
    {"product_id": 3, "currency_code": "EUR", "unit_price_amount": 4, "wholesaler_code": "wholesaler_a", "article_code": "1"}
    | {"tiers": [{"min_units": 10, "discount_percent": 30}]},
    # Not yet valid, and in another currency.
    {"product_id": 4, "currency_code": "EUR", "unit_price_amount": 1, "valid_from": date(2026, 7, 2), "article_code": "2"},
    {"product_id": 4, "currency_code": "CHF", "unit_price_amount": 1, "article_code": "3"},
]

Listed = dict[tuple[str, str], list[tuple[int, str]]]


@pytest.fixture(scope="module")
def make(spark: SparkSession) -> Callable[..., DataFrame]:
    def make(version: str | None, rules: Rules | None = None) -> DataFrame:
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
                        **OF_PRODUCT.get(i, {}),
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
                    {
                        "shop_code": "nl",
                        "country_code": c,
                        "product_id": p,
                        "recent_order_count": r,
                        "order_count": n,
                        "recent_quantity": SOLD.get(p, r),
                    }
                    for c, p, r, n in POPULAR
                ],
            ),
            frame_of(spark, categories.TABLE, [{"shop_code": "nl", **category} for category in TREE]),
            frame_of(spark, product_codes.TABLE, CODES),
            frame_of(spark, STOCK_LEVELS.bronze, [{"sku": "five", "location_code": "x", "quantity_on_hand": 9, "quantity_reserved": 3}]),
            frame_of(spark, wholesale_offers.TABLE, OFFERS),
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
                lists=Lists(length=LENGTH, new_product_share=0.25, new_product_days=28, due_days=21),
                rules=rules or Rules(),
                blend=BLEND,
                country_smoothing=1.0,
                popularity_days=28,
                feed_shop="nl",
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


def rules(*declared: dict[str, Any]) -> Rules:
    named = [{"name": f"rule_{number}", **rule} for number, rule in enumerate(declared)]
    return rules_of({"set": parse_rule_file("set", {"rules": named})})


def test_what_a_rule_hides_is_shown_to_nobody_of_its_countries_and_stays_elsewhere(make: Callable[..., DataFrame]) -> None:
    hide = (
        {"kind": "hide", "categories": ["Wine"], "countries": ["NL", "SE"]},  # 5 and 6, of the category below
        {"kind": "hide", "shop": "nl", "categories": [1]},  # 1, 2 and the new 20
        {"kind": "hide", "shop": "de", "categories": [2]},  # of another shop
        {"kind": "hide", "tags": ["sale"], "lists": ["mixed"]},  # 4
    )
    rows = in_order(make("7", rules(*hide)))
    found = by_list(rows)
    assert ("anna", "buy_again") not in found
    assert ids(found, "anna", "discover") == [4, 3, 7, 21]
    assert ids(found, "anna", "mixed") == [3, 7, 21]
    assert ids(found, "tied", "buy_again") == [5, 6]
    assert {6, 5} & set(ids(found, "cold-de", "discover"))
    assert not {1, 2, 9, 20} & {product for places in found.values() for product, _ in places}
    # Anna had 2 and 1 to buy again and on mixed, 5 and 6 on both others, and 20 as a new product.
    (told,) = [row["removed_by_rules"] for row in rows if row["customer_key"] == "anna" and row["removed_by_rules"]]
    assert sorted((entry["list_name"], entry["rule"], entry["product_id"]) for entry in told) == [
        ("buy_again", "set.rule_1", 1),
        ("buy_again", "set.rule_1", 2),
        ("discover", "set.rule_0", 5),
        ("discover", "set.rule_0", 6),
        ("discover", "set.rule_1", 20),
        ("mixed", "set.rule_0", 5),
        ("mixed", "set.rule_0", 6),
        ("mixed", "set.rule_1", 1),
        ("mixed", "set.rule_1", 2),
    ]


def test_facts_of_stock_and_offers_reach_the_rules(make: Callable[..., DataFrame]) -> None:
    asked = (
        {"kind": "stock_cover", "days": 7, "categories": ["red-*"]},  # 5 lasts 6 days, 6 for 2,772
        {"kind": "boost", "by": "margin", "give_up": 0.99},  # 3 alone has a purchase price tonight
    )
    found = by_list(in_order(make("7", rules(*asked))))
    assert 5 not in ids(found, "anna", "discover") and 6 in ids(found, "anna", "discover")
    assert ids(found, "cold", "discover") == [3, 4, 1, 2]


def test_without_a_champion_lists_are_own_purchases_and_popularity(make: Callable[..., DataFrame]) -> None:
    found = make(None).collect()
    assert {row["model_version"] for row in found} == {None}
    # Bought before, so not new; of what was not bought the popular ones come first; 20 is new.
    assert [
        row["product_id"]
        for row in sorted(found, key=lambda r: r["rank"])
        if (row["customer_key"], row["list_name"]) == ("anna", "discover")
    ] == [4, 3, 5, 20]


def test_what_is_due_about_now_is_there_for_that_and_else_because_it_was_bought(rows: list[dict[str, Any]]) -> None:
    why = {row["product_id"]: row["reason_code"] for row in rows if (row["customer_key"], row["list_name"]) == ("dora", "mixed")}
    # 5 is due in seven days and 3 was thirteen days ago; 1 is due in 24, later than in three weeks.
    assert [why[product] for product in (5, 3, 1)] == ["due_again", "due_again", "own_frequency"]
    assert {row["reason_code"] for row in rows if row["candidate_source"] == "als"} == {"als"}


def told(rows: list[dict[str, Any]], customer: str, name: str) -> list[tuple[int, str, str]]:
    return [
        (row["product_id"], row["candidate_source"], row["reason_code"])
        for row in rows
        if (row["customer_key"], row["list_name"]) == (customer, name)
    ]


def test_popular_in_the_own_country_is_said_of_what_was_sold_there_lately(rows: list[dict[str, Any]]) -> None:
    # In NL 4 and 3 are sold, 1 and 2 elsewhere; in Germany 2 alone. Nobody knows where "homeless" is.
    assert [(product, code) for product, _, code in told(rows, "cold", "mixed")] == [
        (4, "popular_in_country"),
        (3, "popular_in_country"),
        (1, "popularity"),
        (2, "popularity"),
    ]
    assert [code for _, _, code in told(rows, "cold-de", "discover")] == ["popular_in_country", "popularity", "popularity", "popularity"]
    assert {code for _, _, code in told(rows, "homeless", "discover")} == {"popularity"}
    assert {source for _, source, _ in told(rows, "cold", "mixed")} == {"popularity"}


def test_what_a_pin_or_a_wholesalers_deal_moved_up_says_so_unless_it_was_bought_before(make: Callable[..., DataFrame]) -> None:
    pin = {"kind": "pin", "products": [1, 7], "share": 0.5, "lists": ["discover", "mixed"]}
    deal = {"kind": "boost", "by": "deal", "give_up": 0.99}
    margin = {"kind": "boost", "by": "margin", "give_up": 0.99, "lists": ["discover"]}
    rows = in_order(make("7", rules(pin)))
    # 7 is new to Anna, and 1 was bought before: of both pinned ones the mail tells what is true of each.
    assert [told(rows, "anna", "discover")[0], told(rows, "anna", "mixed")[2]] == [(7, "als", "pinned"), (7, "als", "pinned")]
    assert told(rows, "anna", "mixed")[0] == (1, "own_frequency", "own_frequency")
    assert {len(row["reason_product_ids"]) for row in rows if row["reason_code"] == "pinned"} == {0}
    # 3 alone has a discount, of 30 %; it passes 4, of which it is said. By margin it passes too, for what the customer may like.
    assert told(in_order(make("7", rules(deal))), "cold", "discover")[:2] == [
        (3, "popularity", "deal"),
        (4, "popularity", "popular_in_country"),
    ]
    by_margin = told(in_order(make("7", rules(margin))), "cold", "discover")
    assert by_margin[0] == (3, "popularity", "popular_in_country")

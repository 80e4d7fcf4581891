"""silver.products: one built frame; each product differs from a sellable one in one thing."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.one_product import SHOP, built_of

from lakehouse.silver import categories, shops
from lakehouse.silver.products import TABLE, build
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.products import POST_META, POSTS, PROTECTED_POSTS, TERM_RELATIONSHIPS, TERM_TAXONOMY, TERMS
from lakehouse.table import broken_rules, conform

PLAIN, VARIABLE, HIDDEN, DRAFT, PRICELESS, SOLD_OUT, BACK_ORDER, UNCOUNTED, PRIVATE, LOCKED, MEMBERS, WINE, EXTERNAL, BARE = range(1, 15)
SELLABLE = {"_price": "2.50", "_stock_status": "instock"}
META: dict[int, dict[str, str]] = {
    PLAIN: {
        **SELLABLE,
        "_sku": " A-1 ",
        "_global_unique_id": "8710000000017",
        "_manage_stock": "yes",
        "_stock": "12.5",
        "_thumbnail_id": "500",
    },
    VARIABLE: {"_stock_status": "instock"},
    HIDDEN: SELLABLE,
    # Stock that was counted once.
    DRAFT: {**SELLABLE, "_manage_stock": "no", "_stock": "7"},
    PRICELESS: {"_price": "", "_stock_status": "instock"},
    SOLD_OUT: {"_price": "2.50", "_stock_status": "outofstock", "_manage_stock": "yes", "_stock": "0"},
    BACK_ORDER: {"_price": "2.50", "_stock_status": "onbackorder", "_manage_stock": "1", "_stock": "-3", "_thumbnail_id": "999"},
    UNCOUNTED: {"_price": "0", "_sku": "", "_manage_stock": "yes", "_stock": ""},
    PRIVATE: SELLABLE,
    LOCKED: SELLABLE,
    MEMBERS: SELLABLE,
    WINE: {**SELLABLE, "_stock": "7"},
    EXTERNAL: SELLABLE,
    500: {"_wp_attached_file": "2026/07/tea.jpg"},
}
STATUS = {DRAFT: "draft", PRIVATE: "private"}
# taxonomy row: term, taxonomy, name
TERMS_OF = {
    61: (71, "product_cat", "Tea &amp; Coffee"),
    62: (70, "product_cat", "Drinks"),
    63: (73, "product_brand", "Zest"),
    64: (74, "product_brand", "Ant &amp; Co"),
    65: (75, "product_type", "simple"),
    66: (76, "product_type", "variable"),
    67: (77, "product_visibility", "exclude-from-catalog"),
    68: (78, "product_visibility", "featured"),
    69: (79, "product_cat", "Members"),
    70: (80, "product_cat", "Wine"),
    71: (81, "product_tag", "Summer &amp; sun"),
    72: (82, "product_tag", "Gift"),
    73: (83, "product_type", "external"),
}
RELATED = {PLAIN: (61, 62, 63, 64, 65, 68, 71, 72), VARIABLE: (66,), HIDDEN: (65, 67, 68), MEMBERS: (61, 69), WINE: (62, 70)}
RELATED |= {EXTERNAL: (62, 73)}
# (id, name, category, price, stock, is it sold)
ROWS_OF_A_DATABASE = [
    (1, "Chair", "Furniture", "49.95", "3", True),
    (2, "Merlot", "Red wine", "9", None, True),
    (3, "Grape juice", "Alcohol-free wine", "3", None, True),
    (4, "Sold out", None, "1", "0", True),
    (5, "Given up", None, "1", "7", False),
    (6, "On request", None, None, None, True),
]
OF_A_DATABASE = [
    {"shop_code": "erp", "product_id": i, "product_name": name, "category_name": group, "price_amount": price, "currency_code": "EUR"}
    | {"stock_quantity": stock, "is_active": is_active}
    for i, name, group, price, stock, is_active in ROWS_OF_A_DATABASE
]


@pytest.fixture(scope="module")
def everything(spark: SparkSession) -> dict[Any, dict[str, Any]]:
    posts = [
        {
            "shop_code": "nl",
            "id": i,
            "post_title": "Salt &amp; Pepper",
            "post_status": STATUS.get(i, "publish"),
            "post_type": "product",
            "post_date_gmt": datetime(2026, 1, 1),
        }
        for i in range(PLAIN, BARE + 1)
    ]
    posts.append({"shop_code": "nl", "id": 40, "post_title": "v", "post_status": "publish", "post_type": "product_variation"})
    meta = [(i, key, value) for i, values in META.items() for key, value in values.items()]
    # A product with variations has a row per price; as text 10.00 would be the smallest.
    meta += [(VARIABLE, "_price", "9.95"), (VARIABLE, "_price", "10.00"), (VARIABLE, "_price", "100")]
    frame = build(
        frame_of(spark, POSTS.bronze, posts),
        frame_of(
            spark,
            POST_META.bronze,
            [{"shop_code": "nl", "meta_id": n, "post_id": i, "meta_key": k, "meta_value": v} for n, (i, k, v) in enumerate(meta)],
        ),
        frame_of(spark, TERMS.bronze, [{"shop_code": "nl", "term_id": t, "name": n, "slug": "x"} for t, _, n in TERMS_OF.values()]),
        frame_of(
            spark,
            TERM_TAXONOMY.bronze,
            [{"shop_code": "nl", "term_taxonomy_id": i, "term_id": t, "taxonomy": kind} for i, (t, kind, _) in TERMS_OF.items()],
        ),
        frame_of(
            spark,
            TERM_RELATIONSHIPS.bronze,
            [{"shop_code": "nl", "object_id": i, "term_taxonomy_id": term} for i, terms in RELATED.items() for term in terms],
        ),
        frame_of(spark, shops.TABLE, [SHOP]),
        frame_of(
            spark,
            categories.TABLE,
            [{"shop_code": "nl", "category_id": t, "is_private": t == 79, "is_restricted": t == 80} for t in (70, 71, 79, 80)],
        ),
        frame_of(spark, PROTECTED_POSTS.bronze, [{"shop_code": "nl", "id": LOCKED}]),
        frame_of(spark, entities.PRODUCTS.bronze, OF_A_DATABASE),
        restricted_categories=("wine", "*wijn", "!alcohol-free wine"),
    )
    rows = conform(frame, TABLE).withColumn("broken", broken_rules(TABLE)).collect()
    assert len(rows) == BARE + len(OF_A_DATABASE)
    # Those of the database by their names.
    return {row["product_id"] if row["shop_code"] == "nl" else row["product_name"]: row.asDict() for row in rows}


@pytest.fixture(scope="module")
def built(everything: dict[Any, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Those of the shop."""
    return {key: row for key, row in everything.items() if isinstance(key, int)}


def test_of_a_database_what_is_sold_priced_and_in_stock_is_sellable(everything: dict[Any, dict[str, Any]]) -> None:
    of_database = {key: row for key, row in everything.items() if isinstance(key, str)}
    assert {key for key, row in of_database.items() if row["is_sellable"]} == {"Chair", "Merlot", "Grape juice"}
    assert {key for key, row in of_database.items() if row["is_restricted"]} == {"Merlot"}
    assert of_database["Sold out"]["stock_status"] == "outofstock"
    assert not any(row["broken"] for row in of_database.values())


def test_variations_are_no_rows_of_their_own(built: dict[int, dict[str, Any]]) -> None:
    assert set(built) == set(range(PLAIN, BARE + 1))


def test_sellable_is_published_visible_priced_and_to_be_had(built: dict[int, dict[str, Any]]) -> None:
    # Without a stock status nobody counts the stock; 0.00 is a price; an external product is bought elsewhere.
    assert {i for i, row in built.items() if row["is_sellable"]} == {PLAIN, VARIABLE, BACK_ORDER, UNCOUNTED, WINE}
    assert {row["is_sellable"] for row in built.values()} == {True, False}


def test_what_is_of_a_restricted_category_can_be_bought_and_is_not_picked(built: dict[int, dict[str, Any]]) -> None:
    assert {i for i, row in built.items() if row["is_restricted"]} == {WINE}
    assert {row["is_restricted"] for row in built.values()} == {True, False}


def test_the_price_of_a_product_with_variations_is_its_lowest(built: dict[int, dict[str, Any]]) -> None:
    assert built[VARIABLE]["price_amount"] == Decimal("9.95")
    assert built[PLAIN]["price_amount"] == Decimal("2.5")
    assert built[PRICELESS]["price_amount"] is None
    assert built[PRICELESS]["broken"] == []


def test_names_are_plain_text(built: dict[int, dict[str, Any]]) -> None:
    assert built[PLAIN]["product_name"] == "Salt & Pepper"
    # The first brand by name, decoded.
    assert built[PLAIN]["brand_name"] == "Ant & Co"


def test_terms_are_sorted_out_by_their_taxonomy(built: dict[int, dict[str, Any]]) -> None:
    names = ("product_type", "category_ids", "brand_name")
    assert [built[PLAIN][name] for name in names] == ["simple", [70, 71], "Ant & Co"]
    assert [built[VARIABLE][name] for name in names] == ["variable", [], None]
    assert [built[BARE][name] for name in names] == ["simple", [], None]


def test_codes_and_stock_are_null_where_they_are_empty(built: dict[int, dict[str, Any]]) -> None:
    names = ("sku", "gtin", "stock_quantity", "stock_status")
    assert [built[PLAIN][name] for name in names] == ["A-1", "8710000000017", Decimal("12.5"), "instock"]
    assert [built[UNCOUNTED][name] for name in names] == [None, None, None, None]
    assert built[BACK_ORDER]["stock_quantity"] == -3


def test_stock_that_is_not_managed_is_unlimited_whatever_number_is_left(built: dict[int, dict[str, Any]]) -> None:
    # Switched off for the product; never switched on.
    assert built[DRAFT]["stock_quantity"] is built[WINE]["stock_quantity"] is None


def test_addresses_are_made_of_the_shops_home(built: dict[int, dict[str, Any]]) -> None:
    assert built[PLAIN]["product_url"] == f"https://shop.example/?p={PLAIN}"
    assert built[PLAIN]["image_url"] == "https://shop.example/wp-content/uploads/2026/07/tea.jpg"
    # Without an image, and with one that is gone.
    assert built[VARIABLE]["image_url"] is built[BACK_ORDER]["image_url"] is None


def test_prices_are_in_the_shops_currency_and_meaning(built: dict[int, dict[str, Any]]) -> None:
    assert {(row["currency_code"], row["price_includes_tax"]) for row in built.values()} == {("EUR", True)}


def test_of_a_product_without_variations_the_first_price_counts_in_the_shops_own_signs(spark: SparkSession) -> None:
    meta = [(1, "_price", "12,50"), (1, "_price", "9,95")]
    assert [row["price_amount"] for row in built_of(spark, meta, {"shop_code": "nl", "decimal_sign": ","}).collect()] == [Decimal("12.5")]


def test_tags_are_named_by_the_alphabet_and_what_has_none_has_an_empty_list(everything: dict[Any, dict[str, Any]]) -> None:
    assert everything[PLAIN]["tag_names"] == ["Gift", "Summer & sun"]
    assert everything[VARIABLE]["tag_names"] == everything["Chair"]["tag_names"] == []

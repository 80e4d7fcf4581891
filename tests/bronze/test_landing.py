"""Landing: which root order a row hangs on, and what goes to the mirror and what to the vault."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.landing import repaired, root_items, root_orders, split, with_dates_judged, with_post_dates, with_root
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDER_ITEM_META, ORDER_ITEMS, ORDERS
from lakehouse.sources.woocommerce.people import EMAIL_UNSUBSCRIBES, USER_META
from lakehouse.sources.woocommerce.products import TERMS

KEY = "k" * 32
# Order 10 with refund 12; order 11; refund 13 of an order that is gone; a plugin's row; a seller's copy 17 of order 10, with refund 18.
HEADS = [
    (10, "shop_order"),
    (11, "shop_order"),
    (12, "shop_order_refund"),
    (13, "shop_order_refund"),
    (14, "shop_subscription"),
    (15, None),
    (17, "shop_order"),
    (18, "shop_order_refund"),
]
PARENTS = [(12, 10), (13, 9), (17, 10), (18, 17)]


def roots(spark: SparkSession, parents: Sequence[tuple[int, int | None]] = PARENTS) -> DataFrame:
    heads = frame_from(
        spark, [(*head, "wc-completed", None) for head in HEADS], "id bigint, type string, status string, created_at timestamp"
    )
    return root_orders(heads, frame_from(spark, parents, "id bigint, parent_id bigint"))


def test_the_root_of_a_refund_and_of_a_sellers_copy_is_the_order_above_and_of_anything_else_itself(spark: SparkSession) -> None:
    found = roots(spark)
    expected = {10: 10, 11: 11, 12: 10, 13: 9, 14: 14, 15: 15, 17: 10, 18: 10}
    assert {row["order_id"]: row["_root_order_id"] for row in found.collect()} == expected
    assert found.columns == ["order_id", "type", "status", "created_at", "_root_order_id"]


def test_a_date_is_judged_by_the_databases_clock_when_it_was_read(spark: SparkSession) -> None:
    read_at = datetime(2026, 11, 30, 3)
    dates = [None, datetime(1999, 12, 31), datetime(2000, 1, 1), datetime(2026, 12, 2, 3), datetime(2026, 12, 2, 3, 1)]
    orders = frame_from(spark, list(enumerate(dates)), "id int, date_created_gmt timestamp")
    found = with_dates_judged(orders, read_at).orderBy("id").collect()
    assert [row["is_misdated"] for row in found] == [False, True, False, False, True]


def test_an_order_without_a_date_is_of_the_local_date_of_its_post(spark: SparkSession) -> None:
    known = datetime(2026, 11, 14, 23, 30)
    orders = frame_from(spark, [(1, known), (2, None), (3, None), (4, None)], "id bigint, date_created_gmt timestamp")
    # In Amsterdam it is two hours later than UTC in summer; order 3 has a post without a date, order 4 no post.
    posts = [(1, datetime(2020, 1, 1)), (2, datetime(2026, 7, 1, 0, 30)), (3, None)]
    found = with_post_dates(orders, frame_from(spark, posts, "id bigint, post_date timestamp"), "Europe/Amsterdam")
    assert found.columns == ["id", "date_created_gmt"]
    assert {row["id"]: row["date_created_gmt"] for row in found.collect()} == {1: known, 2: datetime(2026, 6, 30, 22, 30), 3: None, 4: None}


@pytest.mark.parametrize("parents", [[], [(12, None)], [(12, 0)]])
def test_a_refund_that_names_no_order_has_a_root_all_the_same(spark: SparkSession, parents: list[tuple[int, int | None]]) -> None:
    # The root order is the scope of later steps and is never null (docs/architecture.md).
    assert {row["order_id"]: row["_root_order_id"] for row in roots(spark, parents).collect()}[12] == 12


def test_what_hangs_on_a_refund_has_the_refunded_order_as_root_and_what_hangs_on_nothing_is_left_out(spark: SparkSession) -> None:
    found = roots(spark)
    items = frame_from(spark, [(100, 10), (101, 12), (102, 99), (103, 13)], "order_item_id bigint, order_id bigint")
    rooted = root_items(items, found)
    stamped = with_root(items, ORDER_ITEMS, found, rooted)
    # There is no order 99.
    assert {row["order_item_id"]: row["_root_order_id"] for row in stamped.collect()} == {100: 10, 101: 10, 103: 9}

    meta = frame_from(spark, [(1, 100), (2, 101), (3, 102), (4, 777)], "meta_id bigint, order_item_id bigint")
    # Of meta 3 the item's order is not there, of meta 4 the item.
    assert {row["meta_id"]: row["_root_order_id"] for row in with_root(meta, ORDER_ITEM_META, found, rooted).collect()} == {1: 10, 2: 10}

    orders = frame_from(spark, [(10, "EUR"), (12, "EUR"), (16, "EUR")], "id bigint, currency string")
    # Order 16 came after the reading had begun: it is for the next night.
    assert {row["id"]: row["_root_order_id"] for row in with_root(orders, ORDERS, found, rooted).collect()} == {10: 10, 12: 10}


def test_texts_of_a_latin1_shop_are_as_they_were_meant_before_anything_is_made_of_them(spark: SparkSession) -> None:
    staged = frame_from(spark, [(1, "Caf\u00c3\u00a9", None)], "term_id bigint, name string, slug string")
    assert repaired(staged).collect() == [(1, "Café", None)]


def test_personal_values_of_columns_are_in_the_vault_only(spark: SparkSession) -> None:
    schema = "id bigint, order_id bigint, address_type string, first_name string, country string"
    staged = frame_from(spark, [(1, 10, "billing", "Anna", "NL"), (2, 11, "billing", None, "DE")], schema)
    mirror, vault = split(staged, ORDER_ADDRESSES, "nl", KEY)
    assert vault is not None
    assert "first_name" not in mirror.columns
    assert [(r["shop_code"], r["id"], r["country"]) for r in mirror.orderBy("id").collect()] == [("nl", 1, "NL"), ("nl", 2, "DE")]
    # Who gave no name has no row in the vault.
    assert [(r["shop_code"], r["id"], r["order_id"], r["first_name"]) for r in vault.collect()] == [("nl", 1, 10, "Anna")]


def test_an_orders_address_leaves_a_pseudonym_in_the_mirror(spark: SparkSession) -> None:
    staged = frame_from(spark, [(10, "anna@shop.example", 0)], "id bigint, billing_email string, customer_id bigint")
    mirror, vault = split(staged, ORDERS, "nl", KEY)
    assert vault is not None
    seen, hidden = mirror.collect()[0].asDict(), vault.collect()[0].asDict()
    assert "anna@shop.example" not in map(str, seen.values())
    assert hidden["billing_email"] == "anna@shop.example"
    assert seen["email_pseudonym"] == hidden["email_pseudonym"]
    assert len(seen["email_pseudonym"]) == 64


def test_of_personal_keys_the_mirror_has_the_row_without_its_value(spark: SparkSession) -> None:
    rows = [(1, 7, "first_name", "Anna"), (2, 7, "locale", "nl_NL"), (3, 8, "first_name", None)]
    staged = frame_from(spark, rows, "umeta_id bigint, user_id bigint, meta_key string, meta_value string")
    mirror, vault = split(staged, USER_META, "nl", KEY)
    assert vault is not None
    assert {r["umeta_id"]: (r["meta_key"], r["meta_value"]) for r in mirror.collect()} == {
        1: ("first_name", None),
        2: ("locale", "nl_NL"),
        3: ("first_name", None),
    }
    assert {r["umeta_id"]: r["meta_value"] for r in vault.collect()} == {1: "Anna", 3: None}


def test_choices_about_mail_are_personal_too(spark: SparkSession) -> None:
    schema = "id bigint, email_hash string, email_kind string, action string, created_at timestamp"
    mirror, vault = split(frame_from(spark, [(1, "ab" * 32, "reviews", "unsubscribed", None)], schema), EMAIL_UNSUBSCRIBES, "nl", KEY)
    assert set(mirror.columns) == {"id", "created_at", "shop_code"}
    assert vault is not None
    assert vault.count() == 1


def test_a_table_without_personal_data_has_no_part_in_the_vault(spark: SparkSession) -> None:
    mirror, vault = split(frame_from(spark, [(1, "Tea", "tea")], "term_id bigint, name string, slug string"), TERMS, "de", KEY)
    assert vault is None
    assert mirror.collect()[0]["shop_code"] == "de"

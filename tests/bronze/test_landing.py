"""Landing: which root order a row hangs on, and what goes to the mirror and what to the vault."""

from pyspark.sql import SparkSession

from lakehouse.bronze.landing import UNKNOWN_ORDER, root_items, root_orders, split, with_root
from lakehouse.sources.source import ORDER, ORDER_ID, ORDER_ITEM_ID
from lakehouse.sources.woocommerce.catalogue import TERMS
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import EMAIL_UNSUBSCRIBES, USER_META

KEY = "k" * 32
# Order 10 with refund 12; order 11; refund 13 of an order that is gone; a plugin's row with a parent of its own kind.
STAGED = [
    (10, "shop_order", 0),
    (11, "shop_order", 0),
    (12, "shop_order_refund", 10),
    (13, "shop_order_refund", 9),
    (14, "shop_subscription", 10),
    (15, None, None),
]
ORDER_SCHEMA = "id bigint, type string, parent_order_id bigint"


def test_the_root_of_a_refund_is_the_order_it_refunds_and_of_anything_else_itself(spark: SparkSession) -> None:
    orders = spark.createDataFrame(STAGED, ORDER_SCHEMA)
    stamped = with_root(orders, ORDER, root_orders(orders))
    assert {row["id"]: row["_order_id"] for row in stamped.collect()} == {10: 10, 11: 11, 12: 10, 13: 9, 14: 14, 15: 15}
    assert set(stamped.columns) == {"id", "type", "parent_order_id", "_order_id"}


def test_a_refund_that_names_no_order_has_a_root_all_the_same(spark: SparkSession) -> None:
    # The root order is the scope of later steps and is never null (docs/architecture.md).
    orders = spark.createDataFrame([(12, "shop_order_refund", None)], ORDER_SCHEMA)
    root = with_root(orders, ORDER, root_orders(orders)).collect()[0]["_order_id"]
    assert root is not None


def test_items_of_refunds_hang_on_the_refunded_order_and_orphans_on_what_they_name(spark: SparkSession) -> None:
    roots = root_orders(spark.createDataFrame(STAGED, ORDER_SCHEMA))
    items = spark.createDataFrame([(100, 10), (101, 12), (102, 99), (103, 13)], "order_item_id bigint, order_id bigint")
    stamped = with_root(items, ORDER_ID, roots)
    assert {row["order_item_id"]: row["_order_id"] for row in stamped.collect()} == {100: 10, 101: 10, 102: 99, 103: 9}

    meta = spark.createDataFrame([(1, 100), (2, 101), (3, 102), (4, 777)], "meta_id bigint, order_item_id bigint")
    found = with_root(meta, ORDER_ITEM_ID, root_items(items, roots)).collect()
    # Of meta 4 the item is not there.
    assert {row["meta_id"]: row["_order_id"] for row in found} == {1: 10, 2: 10, 3: 99, 4: UNKNOWN_ORDER}


def test_personal_values_of_columns_are_in_the_vault_only(spark: SparkSession) -> None:
    schema = "id bigint, order_id bigint, address_type string, first_name string, country string"
    staged = spark.createDataFrame([(1, 10, "billing", "Anna", "NL"), (2, 11, "billing", None, "DE")], schema)
    mirror, vault = split(staged, ORDER_ADDRESSES, "nl", KEY)
    assert vault is not None
    assert "first_name" not in mirror.columns
    assert [(r["shop_code"], r["id"], r["country"]) for r in mirror.orderBy("id").collect()] == [("nl", 1, "NL"), ("nl", 2, "DE")]
    # Who gave no name has no row in the vault.
    assert [(r["shop_code"], r["id"], r["order_id"], r["first_name"]) for r in vault.collect()] == [("nl", 1, 10, "Anna")]


def test_an_orders_address_leaves_a_pseudonym_in_the_mirror(spark: SparkSession) -> None:
    staged = spark.createDataFrame([(10, "anna@shop.example", 0)], "id bigint, billing_email string, customer_id bigint")
    mirror, vault = split(staged, ORDERS, "nl", KEY)
    assert vault is not None
    seen, hidden = mirror.collect()[0].asDict(), vault.collect()[0].asDict()
    assert "anna@shop.example" not in map(str, seen.values())
    assert hidden["billing_email"] == "anna@shop.example"
    assert seen["email_pseudonym"] == hidden["email_pseudonym"]
    assert len(seen["email_pseudonym"]) == 64


def test_of_personal_keys_the_mirror_has_the_row_without_its_value(spark: SparkSession) -> None:
    rows = [(1, 7, "first_name", "Anna"), (2, 7, "locale", "nl_NL"), (3, 8, "first_name", None)]
    staged = spark.createDataFrame(rows, "umeta_id bigint, user_id bigint, meta_key string, meta_value string")
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
    mirror, vault = split(spark.createDataFrame([(1, "ab" * 32, "reviews", "unsubscribed", None)], schema), EMAIL_UNSUBSCRIBES, "nl", KEY)
    assert set(mirror.columns) == {"id", "created_at", "shop_code"}
    assert vault is not None
    assert vault.count() == 1


def test_a_table_without_personal_data_has_no_part_in_the_vault(spark: SparkSession) -> None:
    mirror, vault = split(spark.createDataFrame([(1, "Tea", "tea")], "term_id bigint, name string, slug string"), TERMS, "de", KEY)
    assert vault is None
    assert mirror.collect()[0]["shop_code"] == "de"

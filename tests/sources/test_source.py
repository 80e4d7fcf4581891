"""What a declaration of a source table turns into, and what holds for all declared ones."""

import re

import pytest

from lakehouse.sources.source import JdbcTable, Pseudonym
from lakehouse.sources.woocommerce import TABLES, legacy_orders
from lakehouse.sources.woocommerce.grants import grants
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDERS
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY, OrderStore, is_synced, order_store
from lakehouse.table import LONG, STRING, Column

NOTES = JdbcTable(
    name="notes",
    source_name="wc_notes",
    grain="one note",
    key=("id",),
    columns=(
        Column("id", LONG, "id"),
        Column("order_id", LONG, "the order"),
        Column("author", STRING, "who wrote it", personal="email"),
        Column("kind", STRING, "what it is"),
    ),
    where="`kind` = 'order_note'",
    pseudonyms=(Pseudonym("author_pseudonym", "email", "author"), Pseudonym("order_pseudonym", "order", "order_id")),
    root="order_id",
)
FACTS = JdbcTable(
    name="facts",
    source_name="wc_factmeta",
    grain="one fact",
    key=("meta_id",),
    columns=(Column("meta_id", LONG, "id"), Column("meta_key", STRING, "key"), Column("meta_value", STRING, "value")),
    meta_keys=("size", "first_name"),
    personal_keys=("first_name",),
)

EVERY = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
# Legacy orders are read and have no table in the lake.
EVERY_READ = pytest.mark.parametrize("table", (*TABLES, *legacy_orders.TABLES), ids=lambda table: table.name)


def test_the_query_names_columns_table_and_condition() -> None:
    expected = "SELECT `id`, `order_id`, `author`, `kind` FROM `shop3_wc_notes` WHERE `kind` = 'order_note'"
    assert NOTES.query("shop3_") == expected
    assert NOTES.probe("shop3_") == "SELECT `id`, `order_id`, `author`, `kind` FROM `shop3_wc_notes` LIMIT 0"


def test_of_a_key_value_table_only_declared_keys_and_those_of_the_settings_are_read() -> None:
    select = "SELECT `meta_id`, `meta_key`, `meta_value` FROM `wp_wc_factmeta` WHERE "
    assert FACTS.query("wp_") == select + "`meta_key` IN ('size', 'first_name')"
    assert FACTS.query("wp_", ("newsletter",)) == select + "`meta_key` IN ('size', 'first_name', 'newsletter')"


def test_a_part_of_a_table_is_a_further_condition() -> None:
    assert NOTES.query("p_", within="`id` > 5").endswith("WHERE `kind` = 'order_note' AND `id` > 5")


def test_rows_of_some_orders_are_found_by_the_id_they_name_and_item_meta_through_the_items() -> None:
    def some(column: str) -> str:
        return f"{column} IN (7, 9)"

    assert ORDERS.of_orders("wp_", some) == "`id` IN (7, 9)"
    assert ORDER_ITEMS.of_orders("wp_", some) == "`order_id` IN (7, 9)"
    expected = "`order_item_id` IN (SELECT `order_item_id` FROM `wp_woocommerce_order_items` WHERE `order_id` IN (7, 9))"
    assert ORDER_ITEM_META.of_orders("wp_", some) == expected


def test_tables_are_read_again_whole_or_by_their_orders() -> None:
    assert {table.name: table.reading for table in TABLES if table.reading != "snapshot"} == {
        "orders": "cursor",
        **dict.fromkeys(["order_addresses", "order_operational_data", "order_meta", "order_items", "order_item_meta"], "follow"),
    }


@pytest.mark.parametrize(
    ("options", "store"),
    [
        ({"woocommerce_custom_orders_table_enabled": "yes"}, HPOS),
        ({"woocommerce_custom_orders_table_enabled": "no", "woocommerce_custom_orders_table_data_sync_enabled": "yes"}, LEGACY),
        ({}, LEGACY),
    ],
)
def test_the_shops_option_decides_where_its_orders_are(options: dict[str, str], store: OrderStore) -> None:
    assert order_store(options) is store
    assert is_synced(options) == ("woocommerce_custom_orders_table_data_sync_enabled" in options)


@pytest.mark.parametrize("store", [HPOS, LEGACY], ids=lambda store: store.name)
def test_rights_are_given_on_columns_of_the_tables_that_are_read_and_no_others(store: OrderStore) -> None:
    found = grants("shop", "wp_", "'reader'@'%'", store)
    read = {table.source_name for table in (*(table for table in TABLES if not table.root), *store.tables)}
    assert set(found) == read
    for name, grant in found.items():
        assert re.fullmatch(rf"GRANT SELECT \((`\w+`, )*`\w+`\) ON `shop`\.`wp_{name}` TO 'reader'@'%'", grant)
    assert ("wc_orders" in found) == (store is HPOS)
    # Posts are products and, in the old store, orders: one statement with the columns of both. Of the other store's they are dates.
    assert "`post_date`" in found["posts"]
    assert ("`post_parent`" in found["posts"]) == ("`post_password`" in found["posts"])


def test_users_of_a_multisite_are_in_tables_of_the_network() -> None:
    found = grants("shop", "wp_2_", "'reader'@'%'", HPOS, users_prefix="wp_")
    assert "`wp_users`" in found["users"] and "`wp_usermeta`" in found["usermeta"] and "`wp_2_posts`" in found["posts"]


def test_personal_columns_are_in_the_vault_and_pseudonyms_of_addresses_in_both() -> None:
    assert NOTES.bronze.name == "bronze.woo__notes"
    expected = ["shop_code", "_root_order_id", "id", "order_id", "kind", "author_pseudonym", "order_pseudonym", "is_anonymised"]
    assert NOTES.bronze.column_names == expected
    assert NOTES.bronze.key == ("shop_code", "id")
    assert NOTES.bronze.scope == "_root_order_id"
    assert NOTES.vault is not None
    assert NOTES.vault.name == "vault.woo__notes"
    assert NOTES.vault.column_names == ["shop_code", "_root_order_id", "id", "order_id", "author", "author_pseudonym"]
    assert NOTES.vault.key == NOTES.bronze.key


def test_a_key_value_table_with_personal_keys_has_a_vault_of_the_same_columns() -> None:
    assert FACTS.vault is not None
    assert FACTS.vault.column_names == FACTS.bronze.column_names == ["shop_code", "meta_id", "meta_key", "meta_value"]
    assert FACTS.bronze.scope is None


@EVERY_READ
def test_a_query_reads_declared_columns_only(table: JdbcTable) -> None:
    selected, _, condition = table.query("wp_", ("consent",)).partition(" WHERE ")
    names, _, source = selected.removeprefix("SELECT ").partition(" FROM ")
    assert names.split(", ") == [f"`{name}`" for name in table.column_names]
    assert source == f"`wp_{table.source_name}`"
    # A column of a condition needs the right to be read as well.
    assert set(re.findall(r"`(\w+)`", condition)) <= set(table.needed_columns)
    assert "*" not in table.query("wp_") + table.probe("wp_")


@EVERY_READ
def test_a_key_value_table_is_never_read_whole(table: JdbcTable) -> None:
    if {"meta_key", "option_name"} & set(table.column_names):
        assert table.meta_keys
        key = "option_name" if "option_name" in table.column_names else "meta_key"
        assert f"`{key}` IN ('{table.meta_keys[0]}'" in table.query("wp_")


@EVERY
def test_bronze_has_no_personal_column(table: JdbcTable) -> None:
    personal = {column.name for column in table.columns if column.personal}
    assert not personal & set(table.bronze.column_names)
    assert not [column.name for column in table.bronze.columns if column.personal]
    assert set(table.bronze.key) <= set(table.bronze.column_names)
    if personal:
        assert table.vault is not None
        assert personal | set(table.bronze.key) <= set(table.vault.column_names)


@EVERY
def test_what_hangs_on_an_order_carries_its_root_order(table: JdbcTable) -> None:
    is_of_an_order = table.name == "orders" or bool({"order_id", "order_item_id"} & set(table.column_names))
    assert table.bronze.scope == ("_root_order_id" if is_of_an_order else None)
    assert ("_root_order_id" in table.bronze.column_names) == is_of_an_order


def test_parents_are_landed_before_their_children() -> None:
    names = [table.name for table in TABLES]
    assert names.index("orders") < names.index("order_items") < names.index("order_item_meta")
    assert len(set(names)) == len(names)


@EVERY_READ
def test_nothing_is_read_that_must_never_leave_the_shop(table: JdbcTable) -> None:
    forbidden = {
        "user_pass",
        "user_activation_key",
        "ip_address",
        "user_agent",
        "customer_note",
        "session_tokens",
        "order_key",
        "cart_hash",
    }
    assert not forbidden & {*table.column_names, *table.meta_keys}


def test_of_posts_legacy_orders_are_orders_and_refunds_only_and_are_found_by_their_own_id() -> None:
    posts, meta = legacy_orders.TABLES
    assert posts.query("wp_").endswith(" FROM `wp_posts` WHERE `post_type` IN ('shop_order', 'shop_order_refund')")
    assert [table.of_orders("wp_", lambda column: f"{column} < 9") for table in (posts, meta)] == ["`id` < 9", "`post_id` < 9"]
    assert "'_refund_type', " in meta.query("wp_") and ", 'newsletter')" in meta.query("wp_", ("newsletter",))
    assert meta.takes_consent

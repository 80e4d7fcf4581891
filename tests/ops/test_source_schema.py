"""The columns of a shop's tables, asked of a real server with an account that sees only its own, and kept from night to night."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from lakehouse.demo.store.server import Server
from lakehouse.errors import DataError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.ops.source_schema import SOURCE_COLUMNS, check_columns, columns_there, frozen, last_columns, record_columns
from lakehouse.sources.woocommerce.people import EMAIL_UNSUBSCRIBES, USERS
from lakehouse.sources.woocommerce.products import TERMS

USERS_COLUMNS = {"ID": "bigint", "user_email": "varchar", "user_registered": "datetime"}
TERMS_COLUMNS = {"term_id": "bigint", "name": "varchar", "slug": "varchar"}
FOUND = {"users": USERS_COLUMNS, "terms": TERMS_COLUMNS}


@pytest.fixture
def shop(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopSettings]:
    monkeypatch.setenv("SHOP_PASSWORD", "of the tests")
    statements = (
        "CREATE OR REPLACE DATABASE columns_there",
        "CREATE OR REPLACE DATABASE columns_elsewhere",
        """CREATE TABLE columns_there.net_users (ID BIGINT UNSIGNED PRIMARY KEY, user_email VARCHAR(100), user_registered DATETIME,
           user_pass VARCHAR(255))""",
        "CREATE TABLE columns_there.wp_terms (term_id BIGINT PRIMARY KEY, name VARCHAR(200), slug VARCHAR(200))",
        "CREATE TABLE columns_elsewhere.wp_terms (term_id BIGINT PRIMARY KEY, other INT)",
        "CREATE OR REPLACE USER columns@'%' IDENTIFIED BY 'of the tests'",
        "GRANT SELECT (ID, user_email, user_registered) ON columns_there.net_users TO columns@'%'",
        "GRANT SELECT ON columns_there.wp_terms TO columns@'%'",
        "GRANT SELECT ON columns_elsewhere.* TO columns@'%'",
    )
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    url = f"jdbc:mysql://127.0.0.1:{server.port}/columns_there"
    yield ShopSettings(url=url, user="columns", password="env:SHOP_PASSWORD", users_prefix="net_")


@pytest.mark.database
def test_the_granted_columns_of_this_database_are_found_whatever_the_prefix(shop: ShopSettings) -> None:
    with ShopDatabase("nl", shop) as database:
        found = columns_there(database, [USERS, TERMS, EMAIL_UNSUBSCRIBES])
    assert found == {**FOUND, "wc_email_unsubscribes": {}}
    check_columns("nl", frozen(shop), [USERS, TERMS], found, {})


@pytest.mark.database
def test_a_new_column_is_a_warning_or_refused_where_the_table_is_frozen(
    server: Server, shop: ShopSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with server.connect("columns_there") as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE wp_terms ADD COLUMN term_group BIGINT")
    with ShopDatabase("nl", shop) as database:
        found = columns_there(database, [USERS, TERMS])
    with caplog.at_level(logging.WARNING, "lakehouse"):
        check_columns("nl", frozen(shop), [USERS, TERMS], found, FOUND)
    assert caplog.messages == ["shop nl: new column terms.term_group (bigint); it is not read"]
    with pytest.raises(DataError, match=r"terms\.term_group"):
        check_columns("nl", {"terms"}, [USERS, TERMS], found, FOUND)


@pytest.mark.database
def test_a_column_that_lost_its_grant_or_its_type_is_refused(server: Server, shop: ShopSettings) -> None:
    with server.connect("columns_there") as connection, connection.cursor() as cursor:
        cursor.execute("REVOKE SELECT (user_email) ON columns_there.net_users FROM columns@'%'")
        cursor.execute("ALTER TABLE wp_terms MODIFY term_id VARCHAR(20)")
    with ShopDatabase("nl", shop) as database:
        found = columns_there(database, [USERS, TERMS])
    with pytest.raises(DataError) as caught:
        check_columns("nl", frozen(shop), [USERS, TERMS], found, FOUND)
    expected = "shop nl: users.user_email: found nothing, expected string; terms.term_id: found varchar, expected bigint"
    assert str(caught.value) == expected


@pytest.mark.spark
def test_what_was_seen_last_comes_back_and_is_written_only_when_it_changed(store: DeltaStore) -> None:
    def night(run_id: str, found: dict[str, dict[str, str]], code: str = "nl") -> Any:
        record_columns(store, run_id, code, found, last_columns(store, code))
        return store.head(SOURCE_COLUMNS.name)

    assert last_columns(store, "nl") == {}
    first = night("a", FOUND)
    assert night("b", FOUND) == first
    assert last_columns(store, "nl") == FOUND
    # One column gone and one come: the other table is not written again.
    changed = {**FOUND, "terms": {"term_id": "bigint", "slug": "varchar", "colour": "text"}}
    night("c", changed)
    night("c", {"terms": {"term_id": "int"}}, "de")
    assert last_columns(store, "nl") == changed
    assert last_columns(store, "de") == {"terms": {"term_id": "int"}}
    rows = store.read(SOURCE_COLUMNS.name).where("shop_code = 'nl'").groupBy("run_id", "table_name").count().collect()
    assert {tuple(row) for row in rows} == {("a", "users", 3), ("a", "terms", 3), ("c", "terms", 3)}

"""Statements run at a real server and staged: types as declared, all rows, few connections, no more work than asked for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pymysql.cursors import Cursor
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructField, StructType

from lakehouse.demo.store.server import Server
from lakehouse.errors import AccessError, DataError, LakehouseError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.jdbc import Query, stage
from lakehouse.table import BOOLEAN, DOUBLE, INTEGER, LONG, MONEY, STRING, TIMESTAMP, Column

pytestmark = [pytest.mark.database, pytest.mark.spark]
PASSWORD = "of the tests"
ALL_TYPES = (
    Column("id", LONG, "bigint unsigned"),
    Column("quantity", INTEGER, "int"),
    Column("is_paid", BOOLEAN, "tinyint(1)"),
    Column("rate", DOUBLE, "double"),
    Column("amount", MONEY, "decimal(26,8)"),
    Column("created_at", TIMESTAMP, "datetime"),
    Column("code", STRING, "char(4)"),
    Column("name", STRING, "text"),
)
ID, NAME = ALL_TYPES[0], ALL_TYPES[-1]
Read = Callable[..., dict[str, DataFrame]]


@pytest.fixture
def ask(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], tuple[tuple[Any, ...], ...]]]:
    """Runs a statement as root in an empty database of these tests, which their reader may read."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    with server.connect() as connection, connection.cursor() as cursor:

        def run(sql: str) -> tuple[tuple[Any, ...], ...]:
            cursor.execute(sql)
            return cursor.fetchall()

        # A statement that a test before gave up may still be at work, and holds its tables.
        run("KILL USER staged")
        run("CREATE OR REPLACE DATABASE staged")
        run("USE staged")
        run(f"CREATE OR REPLACE USER staged@'%' IDENTIFIED BY '{PASSWORD}'")
        run("GRANT SELECT ON staged.* TO staged@'%'")
        yield run


@pytest.fixture
def read(spark: SparkSession, server: Server, tmp_path: Path) -> Read:
    """Stages queries with two connections, unless told otherwise; other keywords are settings of the shop."""

    def run(*queries: Query, connections: int = 2, **settings: Any) -> dict[str, DataFrame]:
        url = f"jdbc:mysql://127.0.0.1:{server.port}/staged"
        shop = ShopSettings(**{"url": url, "user": "staged", "password": "env:SHOP_PASSWORD", **settings})
        return dict(stage(spark, shop, queries, str(tmp_path / "folder"), connections).frames)

    return run


def make_values(ask: Callable[[str], Any]) -> None:
    ask("SET SESSION sql_mode = ''")  # so that zero dates can be written
    ask(
        "CREATE TABLE `values` (id BIGINT UNSIGNED PRIMARY KEY, quantity INT, is_paid TINYINT(1), rate DOUBLE, amount DECIMAL(26,8),"
        " created_at DATETIME, code CHAR(4), name TEXT) DEFAULT CHARSET utf8mb4"
    )
    ask("INSERT INTO `values` VALUES (1, -3, 1, 0.1, 1234.56789012, '2026-03-29 02:30:00', 'NL', 'Café 🧦 ½')")
    ask("INSERT INTO `values` VALUES (2, 0, 0, -2.5e300, -0.00000001, '0000-00-00 00:00:00', '', '')")
    ask("INSERT INTO `values` VALUES (9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")


def test_values_come_in_the_declared_types(ask: Any, read: Read) -> None:
    make_values(ask)
    staged = read(
        Query("values", "SELECT `id`, `quantity`, `is_paid`, `rate`, `amount`, `created_at`, `code`, `name` FROM `values`", ALL_TYPES)
    )
    frame = staged["values"]
    assert frame.schema == StructType([StructField(column.name, column.type) for column in ALL_TYPES])
    first, second, third = (row.asDict() for row in frame.orderBy("id").collect())
    assert first == {
        "id": 1, "quantity": -3, "is_paid": True, "rate": 0.1, "amount": Decimal("1234.56789012"),
        # An hour that Amsterdam's clocks left out that night: times are taken as UTC.
        "created_at": datetime(2026, 3, 29, 2, 30), "code": "NL", "name": "Café 🧦 ½",
    }  # fmt: skip
    assert second == {
        "id": 2, "quantity": 0, "is_paid": False, "rate": -2.5e300, "amount": Decimal("-0.00000001"),
        "created_at": None, "code": "", "name": "",
    }  # fmt: skip
    assert third == {"id": 2**63 - 1, **{column.name: None for column in ALL_TYPES[1:]}}


def test_times_are_utc_whatever_the_servers_zone(ask: Any, read: Read, server: Server) -> None:
    ask("SET GLOBAL time_zone = '+05:00'")
    try:
        query = Query("now", "SELECT TIMESTAMP'2026-01-02 03:04:05' AS plain, NOW() = UTC_TIMESTAMP() AS agree", (
            Column("plain", TIMESTAMP, "without a zone"), Column("agree", INTEGER, "whether the session is in UTC"),
        ))  # fmt: skip
        assert read(query)["now"].selectExpr("unix_timestamp(plain)", "agree").collect() == [
            (int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()), 1)
        ]
    finally:
        ask("SET GLOBAL time_zone = 'SYSTEM'")


def make_items(ask: Callable[[str], Any], rows: int) -> None:
    ask("CREATE TABLE items (id BIGINT UNSIGNED PRIMARY KEY, name TEXT NOT NULL)")
    ask(f"INSERT INTO items SELECT seq, CONCAT('item ', seq) FROM seq_1_to_{rows}")


def items(condition: str, name: str = "items") -> Query:
    return Query(name, f"SELECT `id`, `name` FROM `items` WHERE {condition}", (ID, NAME))


def test_queries_of_one_name_are_one_frame(ask: Any, read: Read) -> None:
    make_items(ask, 10)
    staged = read(items("id <= 4"), items("id > 8", "others"), items("id > 4 AND id <= 8"))
    assert sorted(staged) == ["items", "others"]
    assert sorted(row.id for row in staged["items"].collect()) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sorted(tuple(row) for row in staged["others"].collect()) == [(9, "item 9"), (10, "item 10")]


def test_staged_rows_stay_as_they_were_read(ask: Any, read: Read) -> None:
    make_items(ask, 3)
    staged = read(items("TRUE"))
    ask("DROP TABLE items")
    assert staged["items"].count() == 3


def test_no_rows_are_an_empty_frame_of_the_declared_types(ask: Any, read: Read) -> None:
    make_values(ask)
    staged = read(Query("values", "SELECT * FROM `values` WHERE `id` = 0", ALL_TYPES))
    assert staged["values"].dtypes == [(column.name, column.type.simpleString()) for column in ALL_TYPES]
    assert staged["values"].count() == 0


def test_a_missing_column_and_a_missing_table_are_named_and_end_with_65(ask: Any, read: Read) -> None:
    make_items(ask, 1)
    with pytest.raises(DataError, match="Unknown column 'nothing'") as column:
        read(Query("items", "SELECT `id`, `nothing` FROM `items`", (ID, NAME)))
    with pytest.raises(DataError, match=r"Table 'staged.gone' doesn't exist") as table:
        read(Query("gone", "SELECT `id`, `name` FROM `gone`", (ID, NAME)))
    assert (column.value.exit_code, table.value.exit_code) == (65, 65)


def test_a_wrong_password_ends_with_77(ask: Any, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    make_items(ask, 1)
    monkeypatch.setenv("SHOP_PASSWORD", "a wrong one")
    with pytest.raises(AccessError, match="the database denied access") as caught:
        read(items("TRUE"))
    assert caught.value.exit_code == 77
    assert "a wrong one" not in f"{caught.value} {caught.value.todo}"


def test_a_statement_that_runs_too_long_is_ended_by_the_database(ask: Any, read: Read) -> None:
    make_items(ask, 60)
    with pytest.raises(LakehouseError, match="a statement ran longer than statement_timeout_seconds"):
        read(items("SLEEP(0.5) = 0"), statement_timeout_seconds=1)


GONE = Query("gone", "SELECT `id`, `name` FROM `gone`", (ID, NAME))


def test_a_failure_ends_the_queries_that_run(ask: Any, read: Read) -> None:
    make_items(ask, 60)
    started = time.monotonic()
    with pytest.raises(DataError):
        read(items("SLEEP(1) = 0"), GONE)
    assert time.monotonic() - started < 30


def test_after_a_failure_no_other_query_reaches_the_database(ask: Any, read: Read) -> None:
    make_items(ask, 3)
    before = statements(ask)
    with pytest.raises(DataError, match=r"Table 'staged.gone' doesn't exist"):
        read(GONE, *[items("TRUE")] * 5, connections=1)
    assert statements(ask) - before == 1


def statements(ask: Callable[[str], Any]) -> int:
    """So many of the reader's the server has been asked to prepare."""
    return int(ask("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'")[0][1])


@pytest.mark.parametrize("connections", [1, 2])
def test_no_more_connections_than_allowed_are_open_at_once(ask: Any, read: Read, server: Server, connections: int) -> None:
    make_items(ask, 6)
    queries = [items(f"id = {number} AND SLEEP(0.3) = 0") for number in range(1, 7)]
    with most_connections(server) as most:
        staged = read(*queries, connections=connections)
    assert staged["items"].count() == 6
    assert most == [connections]


@contextmanager
def most_connections(server: Server) -> Iterator[list[int]]:
    """In the end a list of one number: how many connections of the reader were open at once."""
    most, ended = [0], threading.Event()

    def look() -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            while not ended.wait(0.005):
                most[0] = max(most[0], connections_now(cursor))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        ended.set()
        looking.join()


def connections_now(cursor: Cursor) -> int:
    cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'staged'")
    return int(cursor.fetchall()[0][0])


def test_a_range_costs_the_database_its_rows_and_no_temporary_table(ask: Any, read: Read) -> None:
    make_items(ask, 20_000)
    before = work(ask)
    read(items("id <= 4000"), items("id > 16000"))
    done = {name: after - before[name] for name, after in work(ask).items()}
    assert 8_000 <= done["Handler_read_next"] <= 8_010
    # The questions for these numbers write some hundred rows each.
    assert done["Handler_tmp_write"] < 4_000
    assert done["Created_tmp_disk_tables"] == 0


def work(ask: Callable[[str], Any]) -> dict[str, int]:
    names = "'Handler_read_next', 'Handler_tmp_write', 'Created_tmp_disk_tables'"
    return {name: int(value) for name, value in ask(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")}

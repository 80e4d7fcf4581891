"""A real PostgreSQL server is read over several connections in one state; a replica that ends the read is read again."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pyspark.sql import SparkSession
from tests.support.flat_sales import make_many_sales, make_sales
from tests.support.postgres import PASSWORD, PostgresServer, standby_of

from lakehouse.errors import DataError, SourceAwayError
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.host import logs
from lakehouse.io.postgres import postgres_database, postgres_reader
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.io.postgres.postgres_reader import read_tables
from lakehouse.sources.databases.flat_sales import SALES
from lakehouse.sources.drift import compare
from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, MONEY, STRING, TIMESTAMP, Column

pytestmark = [pytest.mark.database, pytest.mark.spark]


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_PASSWORD", PASSWORD)


def sales_of(server: PostgresServer, database: str) -> DatabaseSettings:
    return DatabaseSettings(kind="flat_sales", url=server.url(database), user="reader", password="env:SALES_PASSWORD")


def test_all_connections_see_the_state_of_one_moment_and_every_page_once(
    spark: SparkSession, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many_sales(postgres, "snapshot", 2_000)
    pages = PostgresDatabase.ranges

    def then_everything_moves(self: PostgresDatabase, table: JdbcTable, schema: str) -> list[str]:
        """Rows get new places, and some are new or gone, after the snapshot was taken and before anything is read."""
        conditions = pages(self, table, schema)
        postgres.run("snapshot", "UPDATE sales SET quantity = 99 WHERE sale_id % 2 = 0", "DELETE FROM sales WHERE sale_id = 7")
        postgres.run("snapshot", "INSERT INTO sales (sale_id, invoice_no) VALUES (-1, 'new')")
        return conditions

    monkeypatch.setattr(postgres_database, "BYTES_A_RANGE", 5 * 8192)
    monkeypatch.setattr(PostgresDatabase, "ranges", then_everything_moves)
    copies = read_tables(spark, "till", sales_of(postgres, "snapshot"), [SALES], str(tmp_path))
    assert len(list((tmp_path / "0" / SALES.name).iterdir())) > 2
    rows = copies.frames[SALES.name]
    assert sorted(row[0] for row in rows.select("sale_id").collect()) == list(range(1, 2_001))
    assert rows.where("quantity = 99").count() == 0


def test_a_table_without_pages_of_its_own_is_read_by_one_statement(postgres: PostgresServer) -> None:
    make_sales(postgres, "views")
    postgres.run("views", "CREATE VIEW report AS SELECT * FROM sales", "GRANT SELECT ON report TO reader")
    postgres.run("views", "CREATE MATERIALIZED VIEW kept AS SELECT * FROM sales", "GRANT SELECT (sale_id, quantity) ON kept TO reader")
    with PostgresDatabase("till", sales_of(postgres, "views")) as database:
        kept = database.columns_there([replace(SALES, source_name="kept")], "public")["kept"]
        assert kept == {"sale_id": "bigint", "quantity": "integer"}, "what is granted"
        assert database.ranges(replace(SALES, source_name="report"), "public") == [""]
        assert database.ranges(SALES, "public") == [""], "it is small"


def test_types_that_say_the_same_in_other_words_are_read(spark: SparkSession, postgres: PostgresServer, tmp_path: Path) -> None:
    """A number as text, a domain over a domain, whole prices, and what does not fit; in a schema with a name of its own."""
    ledger = JdbcTable(
        name="ledger",
        source_name="ledger",
        grain="one invoice",
        key=("invoice_no",),
        columns=(
            Column("invoice_no", STRING, "a number"),
            Column("amount", MONEY, "a domain"),
            Column("fee", MONEY, "whole"),
            Column("note", STRING, "a type of an extension"),
            Column("paid_at", TIMESTAMP, "an end of all times"),
            Column("paid", MONEY, "money"),
            Column("kind", STRING, "one byte"),
            Column("customer_no", LONG, "a number of another database's"),
            Column("branch_no", LONG, "the same as a domain"),
        ),
    )
    postgres.run("postgres", "CREATE DATABASE odd")
    postgres.run("odd", "CREATE SCHEMA ext", "CREATE EXTENSION citext SCHEMA ext", 'CREATE SCHEMA "Sales Data"')
    postgres.run("odd", "CREATE DOMAIN amount AS numeric", "CREATE DOMAIN price AS amount", "CREATE DOMAIN branch AS numeric(4)")
    usual = "invoice_no integer, amount price, fee smallint, note ext.citext, paid_at timestamptz"
    seldom = 'paid money, kind "char", customer_no numeric(10, 0), branch_no branch'
    postgres.run("odd", f'CREATE TABLE "Sales Data".ledger ({usual}, {seldom})')
    # The last one is below the bound, and rounds up to it.
    values = (
        ("12.50", "1000-01-01 00:00+00"),
        ("NaN", "infinity"),
        ("999999999999999999.999999999", "19999-12-31"),
        ("1", "0044-03-15 BC"),
    )
    seldom = "1234.50, 'i', 9876543210, 17"
    for number, (amount, paid_at) in enumerate(values):
        postgres.run("odd", f"INSERT INTO \"Sales Data\".ledger VALUES ({number}, '{amount}', 3, 'Tea', '{paid_at}', {seldom})")
    postgres.run("odd", 'GRANT USAGE ON SCHEMA "Sales Data" TO reader', 'GRANT SELECT ON "Sales Data".ledger TO reader')
    settings = sales_of(postgres, "odd").model_copy(update={"schema_name": "Sales Data"})
    with PostgresDatabase("till", settings) as database:
        found = database.columns_there([ledger], "Sales Data")["ledger"]
        assert found == {
            "invoice_no": "integer",
            "amount": "numeric",
            "fee": "smallint",
            "note": "citext",
            "paid_at": "timestamp with time zone",
            "paid": "money",
            "kind": '"char"',
            "customer_no": "numeric(18,0)",
            "branch_no": "numeric(18,0)",
        }
        assert compare(ledger, found, None) == []
    rows = read_tables(spark, "till", settings, [ledger], str(tmp_path)).frames["ledger"].orderBy("invoice_no").collect()
    assert {tuple(row[5:]) for row in rows} == {(Decimal("1234.5"), "i", 9876543210, 17)}
    assert [tuple(row[:5]) for row in rows] == [
        ("0", Decimal("12.5"), Decimal(3), "Tea", datetime(1000, 1, 1)),
        ("1", None, Decimal(3), "Tea", None),
        ("2", None, Decimal(3), "Tea", None),
        ("3", Decimal(1), Decimal(3), "Tea", None),
    ]


def test_a_number_that_is_none_of_a_bigint_is_no_key(postgres: PostgresServer) -> None:
    """One with decimals would be rounded, and two keys could become one; 19 digits may be too many."""
    postgres.run("postgres", "CREATE DATABASE keys")
    columns = {"free": "numeric", "with_cents": "numeric(10, 2)", "long": "numeric(19, 0)", "tens": "numeric(5, 0)"}
    postgres.run("keys", f"CREATE TABLE numbers ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    postgres.run("keys", "GRANT SELECT ON numbers TO reader")
    numbers = JdbcTable("numbers", "numbers", "one row", ("free",), tuple(Column(name, LONG, "a number") for name in columns))
    with PostgresDatabase("till", sales_of(postgres, "keys")) as database:
        found = database.columns_there([numbers], "public")["numbers"]
    assert [str(change) for change in compare(numbers, found, None)] == [
        f"numbers.{name}: found numeric, expected bigint" for name in ("free", "with_cents", "long")
    ]


def test_rows_that_a_policy_hides_are_an_error_and_not_left_out(spark: SparkSession, postgres: PostgresServer, tmp_path: Path) -> None:
    make_sales(postgres, "hidden")
    hides = ("ALTER TABLE sales ENABLE ROW LEVEL SECURITY", "CREATE POLICY mine ON sales TO reader USING (sale_id < 100)")
    postgres.run("hidden", "GRANT SELECT ON sales TO reader", *hides)
    settings = sales_of(postgres, "hidden")
    with PostgresDatabase("till", settings) as database, pytest.raises(DataError, match="row-level security policy"):
        database.check([SALES], "public")
    with pytest.raises(DataError, match="row-level security policy"):
        read_tables(spark, "till", settings, [SALES], str(tmp_path))


@pytest.fixture
def standby(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A replica that waits for no reader."""
    with TemporaryDirectory() as folder:
        running = standby_of(postgres, Path(folder), ("max_standby_streaming_delay=0", "hot_standby_feedback=off"))
        yield running
        running.stop()


def test_how_old_a_replica_is_can_be_told_by_an_account_without_rights(postgres: PostgresServer, standby: PostgresServer) -> None:
    make_sales(postgres, "aging")
    wait_for(standby, replayed(postgres))
    with PostgresDatabase("till", sales_of(postgres, "aging")) as primary:
        assert not primary.is_replica() and primary.lag_seconds() is None
    # Nobody writes to the primary: what its replica has is not old, however long ago it was written.
    time.sleep(1.5)
    assert lag_of(standby) == 0
    standby.run("postgres", "SELECT pg_wal_replay_pause()")
    postgres.run("aging", "UPDATE sales SET quantity = 1")
    wait_for(standby, "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()")
    # The last commit that it has replayed was made before the pause above.
    assert 1.5 <= lag_of(standby) < 600
    standby.run("postgres", "SELECT pg_wal_replay_resume()")
    wait_for(standby, replayed(postgres))
    assert lag_of(standby) == 0
    # What it has may be old from now on: nothing more arrives.
    standby.run("postgres", "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
    assert lag_of(standby) > 0


def lag_of(replica: PostgresServer) -> float:
    with PostgresDatabase("till", sales_of(replica, "aging")) as database:
        found = database.lag_seconds()
    assert found is not None
    return found


def replayed(primary: PostgresServer) -> str:
    """A question that is true when a replica has all that the primary has written now."""
    ((written,),) = primary.run("postgres", "SELECT pg_current_wal_lsn()")
    return f"SELECT pg_last_wal_replay_lsn() >= '{written}'"


def wait_for(server: PostgresServer, question: str) -> None:
    deadline = time.monotonic() + 60
    while not server.run("postgres", question)[0][0]:
        assert time.monotonic() < deadline, question
        time.sleep(0.2)


@pytest.mark.slow
def test_a_replica_that_ends_the_read_ends_it_with_69_and_is_read_in_peace(
    spark: SparkSession, postgres: PostgresServer, standby: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many_sales(postgres, "busy", 300_000)
    wait_for(standby, replayed(postgres))
    monkeypatch.setattr(postgres_reader, "WAITS", (0,))
    warnings: list[str] = []
    monkeypatch.setattr(logs, "warn", lambda text, **_: warnings.append(text))
    stop = threading.Event()

    def write() -> None:
        """What the snapshot still sees is deleted and cleared away, over and over."""
        while not stop.is_set():
            postgres.run("busy", "UPDATE sales SET quantity = quantity + 1 WHERE sale_id % 50 = 0")
            postgres.run("busy", "VACUUM sales")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(SourceAwayError) as caught:
            read_tables(spark, "till", sales_of(standby, "busy"), [SALES], str(tmp_path / "disturbed"))
    finally:
        stop.set()
        writer.join()
    assert "max_standby_streaming_delay" in caught.value.todo
    assert warnings
    copies = read_tables(spark, "till", sales_of(standby, "busy"), [SALES], str(tmp_path / "in peace"))
    assert copies.frames[SALES.name].count() == 300_000

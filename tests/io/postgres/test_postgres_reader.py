"""A real PostgreSQL server is read over several connections in one state, and what its types and names say is understood."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.flat_sales import make_many_sales, make_sales, sales_of
from tests.support.postgres import PostgresServer

from lakehouse.errors import DataError
from lakehouse.io.postgres import postgres_database
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.io.postgres.postgres_reader import read_tables
from lakehouse.sources.databases.flat_sales import SALES
from lakehouse.sources.databases.postgres_sql import grants
from lakehouse.sources.drift import compare
from lakehouse.sources.source import JdbcTable
from lakehouse.table import DOUBLE, LONG, MONEY, STRING, TIMESTAMP, Column

pytestmark = [pytest.mark.database, pytest.mark.spark]


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


def test_deleted_rows_stay_there_and_a_time_of_day_is_text(spark: SparkSession, postgres: PostgresServer, tmp_path: Path) -> None:
    """Of a table whose names are words of SQL, have blanks and capitals."""
    receipts = JdbcTable(
        name="receipts",
        source_name="Order",
        grain="one receipt",
        key=("Order No.",),
        columns=(
            Column("Order No.", LONG, "a number"),
            Column("group", STRING, "a word of SQL"),
            Column("at", STRING, "time of day"),
            Column("rate", DOUBLE, "double precision"),
        ),
        where='"deletedAt" IS NULL',
        looked_at=("deletedAt",),
    )
    postgres.new_database("receipts")
    columns = '"Order No." int, "group" char(6), at time, rate float8, "deletedAt" timestamptz'
    rows = "(1, 'tea', '14:30', 0.1, NULL), (2, 'wine', '02:30:00.5', 'NaN', NULL), (3, 'gone', NULL, 1, now())"
    settings = sales_of(postgres, "receipts")
    postgres.run("receipts", f'CREATE TABLE "Order" ({columns})', f'INSERT INTO "Order" VALUES {rows}')
    postgres.run("receipts", *grants([receipts], "public", "reader"))
    with PostgresDatabase("till", settings) as database:
        assert compare(receipts, database.columns_there([receipts], "public")["Order"], None) == []
        database.check([receipts], "public")
    copies = read_tables(spark, "till", settings, [receipts], str(tmp_path))
    assert sorted(map(tuple, copies.frames["receipts"].collect())) == [(1, "tea", "14:30:00", 0.1), (2, "wine", "02:30:00.5", None)]


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

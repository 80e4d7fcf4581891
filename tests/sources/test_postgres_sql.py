"""What PostgreSQL is asked: declared types of whatever it has, declared columns and no others."""

from dataclasses import replace

from lakehouse.sources.databases.erp import STOCK_LEVELS
from lakehouse.sources.databases.postgres_sql import grants, select
from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, MONEY, STRING, TIMESTAMP, Column

ORDERS = JdbcTable(
    name="orders",
    source_name="Orders",
    grain="one order",
    key=("id",),
    columns=(Column("id", STRING, "uuid"), Column("total", MONEY, "numeric"), Column("at", TIMESTAMP, "timestamptz")),
    looked_at=("kind",),
)


def test_numbers_that_do_not_fit_and_times_without_an_end_are_null() -> None:
    assert select(ORDERS, "public", "ctid < '(9,0)'::tid") == (
        'SELECT "id"::text AS "id", CASE WHEN abs(round("total"::numeric, 8)) < 1e18 THEN round("total"::numeric, 8) END AS "total",'
        ' CASE WHEN "at" >= \'1000-01-01\' AND "at" < \'10000-01-01\' THEN "at" END AS "at"'
        ' FROM "public"."Orders" WHERE ctid < \'(9,0)\'::tid'
    )
    whole = JdbcTable("t", "t", "row", ("n",), (Column("n", LONG, "smallint"),))
    assert select(whole, "x") == 'SELECT "n"::bigint AS "n" FROM "x"."t"'


def test_rows_that_the_declaration_leaves_out_never_leave_the_database() -> None:
    """Deleted ones that are only marked, and keys of a key-value table that nobody declared, beside any other condition."""
    kept = replace(ORDERS, columns=ORDERS.columns[:1], where="deleted_at IS NULL OR is_kept")
    assert select(kept, "x", "ctid < '(9,0)'::tid").endswith("WHERE (deleted_at IS NULL OR is_kept) AND ctid < '(9,0)'::tid")
    values = JdbcTable("v", "v", "row", ("id",), (Column("meta_key", STRING, "key"),), meta_keys=("size", "rock'n'roll"))
    assert select(values, "x").endswith("""FROM "x"."v" WHERE "meta_key" IN ('size', 'rock''n''roll')""")


def test_names_may_have_quotes() -> None:
    odd = JdbcTable("t", "t", "row", ('7" disc',), (Column('7" disc', LONG, "a number"),))
    assert select(odd, "x") == 'SELECT "7"" disc"::bigint AS "7"" disc" FROM "x"."t"'
    assert grants([odd], "x", 'o"neil')[1] == 'GRANT SELECT ("7"" disc") ON "x"."t" TO "o""neil"'


def test_a_schema_may_have_any_name() -> None:
    assert select(replace(ORDERS, columns=ORDERS.columns[:1]), 'Sales "2024".x').endswith('FROM "Sales ""2024"".x"."Orders"')
    assert grants([ORDERS], 'Sales "2024".x', "reader")[0] == 'GRANT USAGE ON SCHEMA "Sales ""2024"".x" TO "reader"'


def test_a_reader_may_read_what_is_read_in_every_schema() -> None:
    assert grants([ORDERS, STOCK_LEVELS], "public", "reader") == [
        'GRANT USAGE ON SCHEMA "public" TO "reader"',
        'GRANT USAGE ON SCHEMA "inventory" TO "reader"',
        'GRANT SELECT ("id", "total", "at", "kind") ON "public"."Orders" TO "reader"',
        'GRANT SELECT ("product_id", "warehouse_code", "quantity") ON "inventory"."stock_levels" TO "reader"',
    ]

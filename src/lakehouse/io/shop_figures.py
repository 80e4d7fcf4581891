"""The same figures from both sides: a shop's database asked in SQL, and the mirror in bronze."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.io.delta_store import DeltaStore
from lakehouse.io.key_ranges import key_ranges
from lakehouse.io.shop_database import ShopDatabase
from lakehouse.sources.source import ORDER_ITEM_ID, ROOT_ORDER, SHOP, JdbcTable, Within
from lakehouse.sources.woocommerce import reconciliation as sql
from lakehouse.sources.woocommerce.orders import ORDER_ITEMS, ORDERS
from lakehouse.sources.woocommerce.stores import OrderStore
from lakehouse.table import LONG

COUNT, KEY_MIN, KEY_MAX, TOTAL = "count", "key_min", "key_max", "total"
UNKNOWN = "unknown"
# (table, measure, group) → value. Groups are of totals only: "EUR 2026-11-15", the currency and the UTC day.
Figures = dict[tuple[str, str, str], Decimal]
# A question is answered within seconds, or the connection takes the database for gone.
ROWS_A_QUESTION = 100_000


def source_figures(
    database: ShopDatabase,
    store: OrderStore,
    tables: Iterable[JdbcTable],
    within: Sequence[Within] | None,
    held: Collection[int] = (),
    last_order: int | None = None,
) -> Figures:
    """What the database counts and adds up in `tables` (reconciliation.compared_tables).

    `within` are conditions on ids of orders and refunds, no two true for the same: large tables are counted there only (None: in
    full). Orders of the root orders `held` are left out, and those that came after `last_order` was the newest. DataError,
    AccessError and SourceAwayError as of ShopDatabase.
    """
    figures: Figures = {}
    for table in tables:
        figures |= _source_counts(database, store, table, within if sql.is_of_read_orders(table) else None, held, last_order)
        if table is ORDERS:
            figures |= _source_totals(database, store, held, last_order)
    return figures


def lake_figures(
    store: DeltaStore, shop_code: str, tables: Iterable[JdbcTable], within: Sequence[Within] | None, held: Collection[int] = ()
) -> Figures:
    """The same of the mirror, in one pass over each table."""
    tables = tuple(tables)
    rows = reduce(DataFrame.unionAll, [_lake_rows(store, shop_code, table, within, held) for table in tables]).collect()
    figures: Figures = {(table.name, COUNT, ""): Decimal(0) for table in tables}
    for row in rows:
        name = row["table"]
        _add_count(figures, name, row["count"], row["least"], row["greatest"])
        if name == ORDERS.name:
            _add_total(figures, row["currency"], row["day"], row["total"])
    return figures


def _source_counts(
    database: ShopDatabase,
    store: OrderStore,
    table: JdbcTable,
    within: Sequence[Within] | None,
    held: Collection[int],
    last_order: int | None,
) -> Figures:
    prefix, extra_keys = database.shop.prefix_of(table), database.shop.extra_keys(table)
    asked = sql.asked_table(table, store)
    figures: Figures = {}
    _add_count(figures, table.name, 0, None, None)
    until = None if last_order is None or table.root is None else lambda column: f"{column} <= {last_order}"
    parts = [("", condition) for condition in within] if within is not None else [(part, until) for part in _ranges(database, asked)]
    for part, condition in parts:
        question = sql.counts(table, store, part, condition, extra_keys, held).replace("{p}", prefix)
        _add_count(figures, table.name, *database.ask(question, f"{prefix}{asked.source_name}")[0])
    return figures


def _source_totals(database: ShopDatabase, store: OrderStore, held: Collection[int], last_order: int | None) -> Figures:
    heads = store.tables[0]
    figures: Figures = {}
    until = "" if last_order is None else f"`id` <= {last_order}"
    for part in _ranges(database, heads):
        question = sql.totals(store, " AND ".join(filter(None, (part, until))), held).replace("{p}", database.shop.prefix)
        for currency, day, local, total in database.ask(question, f"{database.shop.prefix}{heads.source_name}"):
            _add_total(figures, currency, _utc_day(local, database.shop.time_zone) if local else day, total)
    return figures


def _ranges(database: ShopDatabase, table: JdbcTable) -> list[str]:
    first = table.columns[0]
    if first.type != LONG:
        return [""]
    name = f"{database.shop.prefix_of(table)}{table.source_name}"
    return key_ranges(lambda question: database.ask(question, name), name, first.name, ROWS_A_QUESTION)


def _utc_day(local: str, time_zone: str) -> str:
    if local.startswith("0000"):
        return UNKNOWN
    return f"{datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC):%Y-%m-%d}"


def _lake_rows(store: DeltaStore, shop_code: str, table: JdbcTable, within: Sequence[Within] | None, held: Collection[int]) -> DataFrame:
    """(table, currency, day, count, least, greatest, total): one row, or of orders one per currency and day."""
    rows = _of_shop(store, shop_code, table, held)
    if within is not None and sql.is_of_read_orders(table):
        rows = _within(store, shop_code, rows, table, within)
    is_orders = table is ORDERS
    by = [_upper("currency"), F.date_format("date_created_gmt", "yyyy-MM-dd").alias("day")] if is_orders else []
    key = F.col(table.key[-1]) if rows.schema[table.key[-1]].dataType == LONG else F.lit(None)
    figures = rows.groupBy(*by).agg(
        F.count("*").alias("count"),
        F.min(key).cast("bigint").alias("least"),
        F.max(key).cast("bigint").alias("greatest"),
        F.coalesce(F.sum("total_amount") if is_orders else F.lit(0), F.lit(0)).cast("decimal(38,8)").alias("total"),
    )
    groups = ["currency", "day"] if is_orders else [F.lit("").alias("currency"), F.lit("").alias("day")]
    return figures.select(F.lit(table.name).alias("table"), *groups, "count", "least", "greatest", "total")


def _of_shop(store: DeltaStore, shop_code: str, table: JdbcTable, held: Collection[int]) -> DataFrame:
    rows = store.read(table.bronze.name).where(F.col(SHOP.name) == shop_code)
    return rows.where(~F.col(ROOT_ORDER.name).isin(sorted(held))) if held and table.root else rows


def _within(store: DeltaStore, shop_code: str, rows: DataFrame, table: JdbcTable, within: Sequence[Within]) -> DataFrame:
    """The rows of these orders and refunds; item meta finds them through the items."""
    condition: Column = reduce(or_, [F.expr(of_orders("`order_id`")) for of_orders in within], F.lit(False))
    if table.root != ORDER_ITEM_ID:
        return rows.where(condition)
    items = _of_shop(store, shop_code, ORDER_ITEMS, ()).where(condition).select("order_item_id")
    return rows.join(items, "order_item_id", "left_semi")


def _upper(name: str) -> Column:
    return F.upper(F.trim(name)).alias(name)


def _add_count(figures: Figures, name: str, count: int, least: int | None, greatest: int | None) -> None:
    figures[name, COUNT, ""] = figures.get((name, COUNT, ""), Decimal(0)) + count
    _keep(figures, (name, KEY_MIN, ""), least, min)
    _keep(figures, (name, KEY_MAX, ""), greatest, max)


def _keep(figures: Figures, figure: tuple[str, str, str], value: int | None, better: Callable[[Decimal, Decimal], Decimal]) -> None:
    if value is not None:
        figures[figure] = better(figures.get(figure, Decimal(value)), Decimal(value))


def _add_total(figures: Figures, currency: str | None, day: str | None, total: Decimal) -> None:
    known_day = day if day and not day.startswith("0000") else UNKNOWN
    group = f"{currency or UNKNOWN} {known_day}"
    figures[ORDERS.name, TOTAL, group] = figures.get((ORDERS.name, TOTAL, group), Decimal(0)) + total

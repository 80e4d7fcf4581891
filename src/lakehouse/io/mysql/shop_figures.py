"""The same figures from both sides: a shop's database asked in SQL, and the mirror in bronze."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from queue import SimpleQueue
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mysql.key_ranges import key_ranges
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.sources.source import ORDER_ITEM_ID, ROOT_ORDER, JdbcTable, Within
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


@dataclass(frozen=True)
class Question:
    """What the database is asked of a `table`: its count and keys, or its totals by currency and day. `name`: as the database has it."""

    table: JdbcTable
    measure: str
    sql: str
    name: str


def source_figures(
    databases: Sequence[ShopDatabase],
    store: OrderStore,
    tables: Iterable[JdbcTable],
    within: Sequence[Within] | None,
    held: Collection[int] = (),
    last_order: int | None = None,
    dates: JdbcTable | None = None,
) -> Figures:
    """What the database counts and adds up in `tables` (reconciliation.compared_tables).

    `databases` are connections to one and the same: as many questions as there are of them are asked at a time.
    `within` are conditions on ids of orders and refunds, no two true for the same: large tables are counted there only (None: in
    full). The orders and refunds `held` are left out, and those that came after `last_order` was the newest. `dates` has the day of
    orders that say none themselves. DataError, AccessError and SourceAwayError as of ShopDatabase.
    """
    database, questions, figures = databases[0], list[Question](), Figures()
    for table in tables:
        figures[table.name, COUNT, ""] = Decimal(0)
        questions += _counts(database, store, table, within if sql.is_of_read_orders(table) else None, held, last_order)
        if table is ORDERS:
            questions += _totals(database, store, held, last_order, dates)
    for question, rows in zip(questions, _answers(databases, questions), strict=True):
        for row in rows:
            if question.measure == COUNT:
                _add_count(figures, question.table.name, *row)
            else:
                currency, day, local, total = row
                _add_total(figures, currency, _utc_day(local, database.shop.time_zone) if local else day, total)
    return figures


def _answers(databases: Sequence[ShopDatabase], questions: Sequence[Question]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """In the order of the questions. The first that fails ends it."""
    free: SimpleQueue[ShopDatabase] = SimpleQueue()
    for database in databases:
        free.put(database)

    def answer(question: Question) -> tuple[tuple[Any, ...], ...]:
        database = free.get()
        try:
            return database.ask(question.sql, question.name)
        finally:
            free.put(database)

    with ThreadPoolExecutor(len(databases)) as pool:
        try:
            yield from pool.map(answer, questions)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def lake_figures(
    store: DeltaStore, shop_code: str, tables: Iterable[JdbcTable], within: Sequence[Within] | None, held: Collection[int] = ()
) -> Figures:
    """The same of the mirror, in one pass over each table. `held` are root orders here."""
    figures: Figures = {}
    for table in tables:
        figures[table.name, COUNT, ""] = Decimal(0)
        for row in store.question(_lake_question(shop_code, table, within, held), rows=table.bronze.name, items=ORDER_ITEMS.bronze.name):
            _add_count(figures, table.name, row["n"], row["least"], row["greatest"])
            if table is ORDERS:
                _add_total(figures, row["currency"], row["day"], row["total"])
    return figures


def _lake_question(shop_code: str, table: JdbcTable, within: Sequence[Within] | None, held: Collection[int]) -> str:
    """SQL that gives n, least and greatest of a mirror's `rows`, and of orders by currency and day, with their total.

    Rows of the orders `within`; item meta finds them through the `items`.
    """
    conditions = [f"shop_code = '{shop_code}'"]
    if held and table.root:
        conditions.append(f"{ROOT_ORDER.name} NOT IN ({', '.join(map(str, sorted(held)))})")
    if within is not None and sql.is_of_read_orders(table):
        of_orders = f"({' OR '.join(condition('order_id') for condition in within) or '1 = 0'})"
        items = f"SELECT order_item_id FROM {{items}} WHERE shop_code = '{shop_code}' AND {of_orders}"
        conditions.append(f"order_item_id IN ({items})" if table.root == ORDER_ITEM_ID else of_orders)
    types = {column.name: column.type for column in table.bronze.columns}
    key = table.key[-1]
    least, greatest = (f"min({key})", f"max({key})") if types[key] == LONG else ("NULL", "NULL")
    counted = f"SELECT count(*) AS n, {least} AS least, {greatest} AS greatest"
    rows = f"FROM {{rows}} WHERE {' AND '.join(conditions)}"
    if table is not ORDERS:
        return f"{counted} {rows}"
    currency, day = "upper(trim(currency))", "CAST(CAST(date_created_gmt AS DATE) AS STRING)"
    return f"{counted}, {currency} AS currency, {day} AS day, coalesce(sum(total_amount), 0) AS total {rows} GROUP BY {currency}, {day}"


def _counts(
    database: ShopDatabase,
    store: OrderStore,
    table: JdbcTable,
    within: Sequence[Within] | None,
    held: Collection[int],
    last_order: int | None,
) -> Iterator[Question]:
    prefix, extra_keys = database.shop.prefix_of(table), database.shop.extra_keys(table)
    asked = sql.asked_table(table, store)
    until = None if last_order is None or table.root is None else lambda column: f"{column} <= {last_order}"
    parts = [("", condition) for condition in within] if within is not None else [(part, until) for part in _ranges(database, asked)]
    for part, condition in parts:
        question = sql.counts(table, store, part, condition, extra_keys, held).replace("{p}", prefix)
        yield Question(table, COUNT, question, f"{prefix}{asked.source_name}")


def _totals(
    database: ShopDatabase, store: OrderStore, held: Collection[int], last_order: int | None, dates: JdbcTable | None
) -> Iterator[Question]:
    heads, prefix = store.tables[0], database.shop.prefix
    until = "" if last_order is None else f"`id` <= {last_order}"
    for part in _ranges(database, heads):
        question = sql.totals(store, " AND ".join(filter(None, (part, until))), held, dates).replace("{p}", prefix)
        yield Question(ORDERS, TOTAL, question, f"{prefix}{heads.source_name}")


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

"""One shop's database → staged frames of one state: its orders (all, or tonight's part) and all its other tables."""

import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze import legacy_orders
from lakehouse.bronze import torn_reads as adding_up
from lakehouse.bronze.landing import repaired, root_items, root_orders, with_dates_judged, with_post_dates, with_root
from lakehouse.bronze.reading_plan import ALL_ORDERS, IncrementalScope, ReadCursor, Reread, is_read_whole, plan, single_orders
from lakehouse.io.host import logs
from lakehouse.io.mysql.jdbc import Copies, Query, refuse_names_as_values, stage
from lakehouse.io.mysql.key_ranges import key_ranges
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.io.mysql.shop_figures import Figures, source_figures
from lakehouse.ops.source_schema import columns_there
from lakehouse.runs.stage import RunContext
from lakehouse.sources.drift import refuse_other_schema
from lakehouse.sources.source import ROOT_ORDER, JdbcTable, Within
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDER_META, ORDER_OPERATIONAL_DATA, ORDERS
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES
from lakehouse.sources.woocommerce.reconciliation import compared_tables
from lakehouse.sources.woocommerce.shop import OPTIONS
from lakehouse.sources.woocommerce.stores import CHANGED, HEADS, HPOS, ITEM_KEYS, ITEM_KEYS_SQL, LEGACY, PARENTS, parents
from lakehouse.stages.ingest_shop import torn_orders
from lakehouse.stages.ingest_shop.order_keys import asker
from lakehouse.stages.ingest_shop.shop_source import ShopSource
from lakehouse.table import LONG, Column

ROWS_A_RANGE = 2_000_000
# A modified date is written before its transaction commits, and a replica is behind.
LOOK_BACK = timedelta(hours=1)
ROOT = ROOT_ORDER.name
# In place of a checksum, of a table that this shop does not have.
ABSENT = "absent"
Frames = Mapping[str, DataFrame]


@dataclass(frozen=True)
class Staged:
    """`frames`: source table → its rows, those of orders with `_root_order_id`. Of orders it is those of `part`, or all where that is None.

    `held` are root orders of which two readings differed: their rows here are not to be used. `figures` are what the database
    itself counted and added up (io/mysql/shop_figures.py). `rows`: table → how many at most. `checksums`: source table, or ALL_ORDERS
    where all orders were read → checksum of the rows. `same` are those that were read alike the last time, into mirrors that still stand.
    """

    frames: Frames
    part: IncrementalScope | None
    read_at: datetime
    seconds: float
    orders_there: int
    held: frozenset[int]
    figures: Figures
    rows: Mapping[str, int]
    checksums: Mapping[str, str]
    same: frozenset[str]

    def is_same(self, table: JdbcTable) -> bool:
        """Whether its mirrors hold these rows already."""
        return (ALL_ORDERS if table.root else table.name) in self.same


class ShopReader:
    """Reads one shop into a folder of the staging area."""

    def __init__(self, run: RunContext, source: ShopSource) -> None:
        self._run, self._source, self._shop = run, source, source.settings
        # Of this run alone: Spark takes files of the same name for those that it knows.
        self._folder = f"{run.staging}/{run.run_id}/{source.code}"
        self._kept: list[DataFrame] = []

    def release(self) -> None:
        """What is kept in memory until the shop is mirrored."""
        for frame in self._kept:
            frame.unpersist()

    def _keep(self, frame: DataFrame) -> DataFrame:
        self._kept.append(frame.persist())
        return frame

    def read(self, last: ReadCursor | None, is_fixed: bool) -> Staged:
        """Read it once. `last` is what the mirrors hold, None to read all; `is_fixed` says that the database stands still meanwhile."""
        started = time.monotonic()
        with ShopDatabase(self._source.code, self._shop) as database:
            read_at = database.now()
            dates = self._dates(database)
        store = self._source.store
        queries = [self._query("heads", store.heads, HEADS), self._query("parents", parents(store, self._shop.all_sub_order_keys), PARENTS)]
        keys = self._stage([*queries, *dates], "keys")
        roots = self._keep(root_orders(keys.frames["heads"], keys.frames["parents"]))
        there = keys.checksums["heads"].rows
        part = None if last is None or is_read_whole(there, self._shop.reread_at_least_orders) else self._part(keys, roots, last, read_at)
        logs.info(f"{self._source.code}: {described(part)}")
        copies = self._stage(self._queries(part), "tables")
        checksums = self._checksums(keys, copies, part)
        same = frozenset(name for name, checksum in checksums.items() if last and last.checksums.get(name) == checksum)
        staged = copies.frames
        if OPTIONS.name not in same:  # one table tells: driver and dialect are the same for all
            refuse_names_as_values(staged[OPTIONS.name], OPTIONS)
        others = {table.name: repaired(staged[table.name]) for table in self._source.others}
        orders = self._shaped(staged, roots)
        # What was read alike the last time was whole then.
        held = frozenset() if is_fixed or ALL_ORDERS in same else self._unstable(keys, copies, roots, orders, part)
        if held:
            checksums.pop(ALL_ORDERS, None)
        held_orders = [row[0] for row in roots.where(F.col(ROOT).isin(*held)).select("order_id").collect()] if held else []
        figures = self._figures(part, held_orders, keys.greatest["heads"], self._source.dates if dates else None)
        for query in dates:
            orders[ORDERS.name] = with_post_dates(orders[ORDERS.name], keys.frames[query.name], self._shop.time_zone)
        orders[ORDERS.name] = with_dates_judged(orders[ORDERS.name], read_at)
        rows = self._rows(copies)
        return Staged({**others, **orders}, part, read_at, time.monotonic() - started, there, held, figures, rows, checksums, same)

    def _rows(self, copies: Copies) -> dict[str, int]:
        """Table → how many rows its frame has at most: what a store makes orders from has more."""
        read = {name: checksum.rows for name, checksum in copies.checksums.items()}
        of_orders = max(read[table.name] for table in self._source.store.tables)
        return read | {table.name: read.get(table.name, of_orders) for table in ORDER_TABLES}

    def _dates(self, database: ShopDatabase) -> list[Query]:
        """The query for dates of orders that have none themselves; none in a shop where all have one."""
        undated = (self._source.store.undated or "").replace("{p}", self._shop.prefix)
        if not undated or not database.ask(f"{undated} LIMIT 1", f"{self._shop.prefix}{ORDERS.source_name}"):
            return []
        if self._source.dates is None:
            logs.warn(f"{self._source.code}: there are orders without a date, and no right to see that of their posts (`lakehouse grants`)")
            return []
        return [self._table_query(self._source.dates, f"`id` IN ({undated})")]

    def _checksums(self, keys: Copies, copies: Copies, part: IncrementalScope | None) -> dict[str, str]:
        """Of orders only if all were read: parts of different nights can't be compared. What this shop does not have is always the same."""
        found = {table.name: ABSENT for table in TABLES if not table.root}
        found |= {table.name: str(copies.checksums[table.name]) for table in self._source.others}
        if part is None:
            of_orders = [*keys.checksums.values(), *(copies.checksums[table.name] for table in self._source.store.tables)]
            found[ALL_ORDERS] = " ".join(map(str, of_orders))
        return found

    def compared_tables(self) -> tuple[JdbcTable, ...]:
        """What is counted on both sides."""
        return compared_tables(self._source.store, self._source.others)

    def _figures(self, part: IncrementalScope | None, held: Collection[int], last_order: int | None, dates: JdbcTable | None) -> Figures:
        """Counted before the replica goes on; DataError (65) if a table is not what it was when the reading began."""
        with ExitStack() as opened:
            databases = [opened.enter_context(ShopDatabase(self._source.code, self._shop)) for _ in range(self._shop.connections)]
            refuse_other_schema(self._source.code, self._source.columns, columns_there(databases[0], self._source.tables))
            within = None if part is None else part.conditions
            return source_figures(databases, self._source.store, self.compared_tables(), within, held, last_order, dates)

    def _part(self, keys: Copies, roots: DataFrame, last: ReadCursor, now: datetime) -> IncrementalScope | None:
        store = self._source.store
        queries = [self._query("item_keys", ITEM_KEYS_SQL, ITEM_KEYS)]
        if store.changed:
            since = f"{min(last.cursor_at, now) - LOOK_BACK:%Y-%m-%d %H:%M:%S}"
            queries.append(self._query("changed", store.changed.replace("{since}", since), CHANGED))
        found = self._stage(queries, "changes")
        return plan(asker(self._run.store, self._source.code, keys, found, roots, last), last, self._reread(), now)

    def _reread(self) -> Reread:
        shop, store = self._shop, self._source.store
        window = store.window_days if shop.window_days is None else shop.window_days
        return Reread(window, shop.reread_nights or store.reread_nights, shop.reread_at_least_orders)

    def _queries(self, part: IncrementalScope | None) -> list[Query]:
        by_order = [table for table in self._source.tables if part is not None and table.root]
        with ShopDatabase(self._source.code, self._shop) as database:
            queries = [query for table in self._source.tables if table not in by_order for query in self._ranges(database, table)]
        return queries + [query for table in by_order for query in self._of_orders(table, part.conditions if part else ())]

    def _ranges(self, database: ShopDatabase, table: JdbcTable) -> list[Query]:
        """All of a table, by ranges of its first column where that is a number."""
        first = table.columns[0]
        if first.type != LONG:
            return [self._table_query(table, "")]
        name = f"{self._shop.prefix_of(table)}{table.source_name}"
        ranges = key_ranges(lambda sql: database.ask(sql, name), name, first.name, ROWS_A_RANGE)
        return [self._table_query(table, condition) for condition in ranges]

    def _of_orders(self, table: JdbcTable, conditions: Iterable[Within]) -> list[Query]:
        prefix = self._shop.prefix_of(table)
        return [self._table_query(table, table.of_orders(prefix, within)) for within in conditions]

    def _table_query(self, table: JdbcTable, condition: str) -> Query:
        sql = table.query(self._shop.prefix_of(table), self._shop.extra_keys(table), condition)
        return Query(table.name, sql, table.columns)

    def _query(self, name: str, sql: str, columns: tuple[Column, ...]) -> Query:
        return Query(name, sql.replace("{p}", self._shop.prefix), columns)

    def _stage(self, queries: list[Query], folder: str) -> Copies:
        return stage(self._run.spark, self._shop, queries, f"{self._folder}/{folder}", self._shop.connections)

    def _shaped(self, staged: Frames, roots: DataFrame) -> dict[str, DataFrame]:
        """The tables of orders as the mirror has them, whatever store they come from, each row with its root order."""
        frames = {table.name: repaired(staged[table.name]) for table in self._source.store.tables}
        if self._source.store is LEGACY:
            frames |= legacy_orders.shaped(frames, self._shop.time_zone, self._shop.extra_keys(ORDER_META), self._source.decimal_sign)
        items = self._keep(root_items(frames[ORDER_ITEMS.name], roots))
        return {table.name: with_root(frames[table.name], table, roots, items) for table in ORDER_TABLES}

    def _unstable(self, keys: Copies, copies: Copies, roots: DataFrame, first: Frames, part: IncrementalScope | None) -> frozenset[int]:
        """Orders that don't fit together and are not the same when read again: they were being written."""
        is_asked = self._run.store.asks(max(checksum.rows for checksum in copies.checksums.values()))
        if is_asked and self._source.store is HPOS:
            suspects = torn_orders.suspects(keys, copies, part)
        else:
            suspects = self._suspects(roots, first, part)
        if not suspects:
            return frozenset()
        queries = [query for table in self._source.store.tables for query in self._of_orders(table, single_orders(suspects))]
        again = self._stage(queries, "again")
        if is_asked:
            held = torn_orders.differing(self._source.store.tables, copies, again, suspects)
        else:
            held = self._differing(roots, first, again, suspects)
        logs.info(f"{self._source.code}: {len(suspects)} orders and refunds don't add up and were read again; {len(held)} held back")
        return held

    def _suspects(self, roots: DataFrame, first: Frames, part: IncrementalScope | None) -> dict[int, int]:
        there = roots if part is None else roots.where(part.roots.condition(ROOT))
        tables = [first[table.name] for table in (ORDERS, ORDER_OPERATIONAL_DATA, ORDER_ITEMS, ORDER_ITEM_META)]
        torn = adding_up.without_row(there, tables[0]).union(adding_up.not_adding_up(*tables)).distinct()
        return {row[0]: row[1] for row in roots.join(torn, ROOT).select("order_id", ROOT).collect()}

    def _differing(self, roots: DataFrame, first: Frames, again: Copies, suspects: Mapping[int, int]) -> frozenset[int]:
        second = self._shaped(again.frames, roots)
        read_twice = frame_from(roots.sparkSession, [(root,) for root in set(suspects.values())], f"{ROOT} bigint")
        found = adding_up.differing({name: frame.join(read_twice, ROOT) for name, frame in first.items() if name in second}, second)
        return frozenset(row[0] for row in found.collect())


def described(part: IncrementalScope | None) -> str:
    """For the log."""
    if part is None:
        return "reading all orders"
    ranges = " and ".join(f"{first}..{last}" for first, last in part.roots.ranges)
    return f"reading orders {ranges} and {len(part.roots.ids)} others that changed"

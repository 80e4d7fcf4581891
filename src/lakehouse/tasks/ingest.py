"""Shop databases → bronze and vault: every declared table read once, mirrored by sync."""

import time
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame

from lakehouse.bronze.landing import root_items, root_orders, split, with_root
from lakehouse.errors import DataError
from lakehouse.io import jdbc, logs
from lakehouse.io.ledger import SUCCEEDED, Entry
from lakehouse.io.settings import ShopSettings
from lakehouse.io.shop_database import ShopDatabase
from lakehouse.loading import load
from lakehouse.runner import counted, report
from lakehouse.scope import Scope
from lakehouse.sources.source import ORDER, ORDER_ID, ORDER_ITEM_ID, JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.shop import OPTIONS
from lakehouse.table import Table
from lakehouse.tasks.run import Run

HPOS_OPTION, VERSION_OPTION = "woocommerce_custom_orders_table_enabled", "woocommerce_version"


def ingest(run: Run) -> None:
    """Mirror all shops. Every shop's rights and tables are checked before the first table of any is read."""
    logs.at("ingest")
    present = {code: check_shop(code, shop) for code, shop in run.settings.shops.items()}
    for code, shop in run.settings.shops.items():
        _ingest_shop(run, code, shop, present[code])


def check_shop(code: str, shop: ShopSettings) -> tuple[JdbcTable, ...]:
    """The tables that this shop must have, all of them readable; DataError or AccessError otherwise. Needs no Spark."""
    with ShopDatabase(code, shop) as database:
        database.check([OPTIONS])
        options = database.options([HPOS_OPTION, VERSION_OPTION])
        if options.get(HPOS_OPTION) != "yes":
            raise DataError(
                f"shop {code}: its orders are not in WooCommerce's own order tables (HPOS)", "this version reads HPOS shops only"
            )
        found = tuple(int(part) for part in options.get(VERSION_OPTION, "0").split("-")[0].split(".") if part.isdigit())
        present = tuple(table for table in TABLES if found >= table.since)
        database.check(present)
    return present


def _ingest_shop(run: Run, code: str, shop: ShopSettings, present: tuple[JdbcTable, ...]) -> None:
    """Two tables at a time: those of orders one after the other, since each needs the one before, and all others beside them."""
    lanes = [tuple(table for table in TABLES if bool(table.root) is with_orders) for with_orders in (True, False)]
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in [pool.submit(_ingest_lane, run, code, shop, tables, present) for tables in lanes]:
            lane.result()


def _ingest_lane(run: Run, code: str, shop: ShopSettings, tables: tuple[JdbcTable, ...], present: tuple[JdbcTable, ...]) -> None:
    roots: dict[str, DataFrame] = {}
    for source in tables:
        started = time.monotonic()
        logs.at(f"{source.bronze.name}[{code}]")
        staged = _staged(run, code, shop, source) if source in present else _nothing(run, source)
        if source.root == ORDER:
            roots[ORDER] = roots[ORDER_ID] = root_orders(staged)
        if source.name == "order_items":
            roots[ORDER_ITEM_ID] = root_items(staged, roots[ORDER_ID])
        if source.root:
            staged = with_root(staged, source.root, roots[source.root])
        mirror, vault = split(staged, source, code, run.key)
        _land(run, code, source.bronze, mirror, started)
        if vault is not None and source.vault is not None:
            _land(run, code, source.vault, vault, time.monotonic())


def _staged(run: Run, code: str, shop: ShopSettings, source: JdbcTable) -> DataFrame:
    staged = jdbc.stage(jdbc.read_table(run.spark, shop, source), f"{run.staging}/{code}/{source.name}")
    jdbc.refuse_names_as_values(staged, source)
    return staged


def _nothing(run: Run, source: JdbcTable) -> DataFrame:
    """A table that this shop's version does not have is an empty one."""
    return run.spark.createDataFrame([], ", ".join(f"{c.name} {c.type.simpleString()}" for c in source.columns))


def _land(run: Run, code: str, table: Table, frame: DataFrame, started: float) -> None:
    loaded = load(run.store, table, frame, "sync", run.run_id, Scope.of_shop(code))
    head = run.runner.written(table)
    seconds = time.monotonic() - started
    entry = Entry(f"{table.name}[{code}]", SUCCEEDED, "mirrored", seconds, table_id=head.table_id, table_version=head.version)
    entry = counted(entry, loaded)
    run.ledger.record(entry)
    report(entry)

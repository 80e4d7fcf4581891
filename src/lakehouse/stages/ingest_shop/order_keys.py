"""Runs the SQL of `bronze/reading_plan.py` over the keys of a shop and their mirrors: in DuckDB if there are few rows, else in Spark."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze.landing import ROOT_ORDERS
from lakehouse.bronze.reading_plan import Ask, ReadCursor
from lakehouse.io.delta.delta_files import ask, rows_of
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mysql.jdbc import Copies
from lakehouse.sources.source import ROOT_ORDER
from lakehouse.sources.woocommerce.orders import ORDER_ITEMS, ORDERS

# Alias in the plan's SQL → mirror, and its columns there.
MIRRORS = {
    "mirrored_orders": (ORDERS.bronze.name, ("id", "status", ROOT_ORDER.name)),
    "mirrored_items": (ORDER_ITEMS.bronze.name, ("order_item_id", "order_id", ROOT_ORDER.name)),
}


def asker(store: DeltaStore, shop_code: str, keys: Copies, found: Copies, roots: DataFrame, last: ReadCursor) -> Ask:
    """A function that gives the rows of the plan's queries. `keys`, `found`: what was read of the shop; `roots`: orders and their roots.

    If a mirror was written since the last night that succeeded, the plan sees both of its states. A run that died may have written a
    change there that would otherwise look like no change.
    """
    states = {alias: _versions(store, mirror, last) for alias, (mirror, _) in MIRRORS.items()}
    mirrored = _mirrored_rows(store, shop_code, states) if store.asks(found.checksums["item_keys"].rows) else None
    if mirrored is not None:
        orders = ask(ROOT_ORDERS.format(heads=keys.sql("heads"), parents=keys.sql("parents")))
        none = "(SELECT 0 AS id WHERE false)"
        names = {"item_keys": found.sql("item_keys"), "changed": found.sql("changed") if "changed" in found.frames else none}
        tables: Mapping[str, Any] = {"orders": orders, **mirrored}
        return lambda sql: ask(sql.format(**names, **{alias: alias for alias in tables}), **tables).to_pylist()
    frames: dict[str, Any] = {
        "orders": roots,
        "item_keys": found.frames["item_keys"],
        "changed": found.frames.get("changed", roots.sparkSession.sql("SELECT CAST(0 AS BIGINT) AS id WHERE false")),
        **{alias: _mirrored_frame(store, shop_code, alias, versions) for alias, versions in states.items()},
    }
    return lambda sql: roots.sparkSession.sql(sql, **frames).toArrow().to_pylist()


def _versions(store: DeltaStore, mirror: str, last: ReadCursor) -> set[int]:
    head = store.head(mirror)
    assert head is not None, f"{mirror} was read before"
    return {head.version, last.versions.get(mirror, head.version)}


def _mirrored_rows(store: DeltaStore, shop_code: str, states: Mapping[str, set[int]]) -> dict[str, pa.Table] | None:
    """By alias the rows of all states of a mirror; None if only Spark can read one of them."""
    rows = {}
    for alias, versions in states.items():
        mirror, columns = MIRRORS[alias]
        opened = [store.opened_to_ask(mirror, version) for version in versions]
        if None in opened:
            return None
        rows[alias] = pa.concat_tables(rows_of(table, columns, f"shop_code = '{shop_code}'") for table in opened)
    return rows


def _mirrored_frame(store: DeltaStore, shop_code: str, alias: str, versions: set[int]) -> DataFrame:
    mirror, columns = MIRRORS[alias]
    frames = [store.read(mirror, version).where(F.col("shop_code") == shop_code).select(*columns) for version in versions]
    return reduce(DataFrame.union, frames)

"""What a plan asks about a shop's keys and their mirrors has one answer, whether the driver gives it or Spark."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import arrow_rows, frame_from
from lakehouse.bronze.landing import root_orders
from lakehouse.bronze.reading_plan import ReadCursor
from lakehouse.checksum import Checksum
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.mysql.jdbc import Copies
from lakehouse.sources.woocommerce.orders import ORDER_ITEMS, ORDERS
from lakehouse.sources.woocommerce.stores import HEADS, ITEM_KEYS, PARENTS
from lakehouse.stages.ingest_shop.order_keys import asker
from lakehouse.table import Column, Table, schema_of

DAY = datetime(2026, 11, 20)
SEEN = "SELECT id, status FROM {mirrored_orders} ORDER BY id, status"


def copies(spark: SparkSession, folder: Path, tables: dict[str, tuple[tuple[Column, ...], Sequence[tuple[Any, ...]]]]) -> Copies:
    frames = {}
    for name, (columns, rows) in tables.items():
        (folder / name / "00000").mkdir(parents=True)
        pq.write_table(arrow_rows(list(rows), schema_of(columns)), folder / name / "00000" / "part.parquet")
        frames[name] = frame_from(spark, list(rows), schema_of(columns))
    return Copies(frames, {name: Checksum(len(rows)) for name, (_, rows) in tables.items()}, {}, str(folder))


def mirrored(store: DeltaStore, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    values = [tuple({"shop_code": "nl", **row}.get(name) for name in table.column_names) for row in rows]
    store.append(table.name, frame_from(store.spark, values, schema_of(table.columns)))


@pytest.mark.parametrize("small_rows", [1000, 0])
def test_orders_items_and_what_the_mirrors_held_are_told_alike(spark: SparkSession, tmp_path: Path, small_rows: int) -> None:
    store = DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")), small_rows)
    mirrored(store, ORDERS.bronze, [{"id": 1, "status": "wc-pending", "_root_order_id": 1}, {"id": 9, "shop_code": "de"}])
    before = store.head(ORDERS.bronze.name)
    mirrored(store, ORDERS.bronze, [{"id": 2, "status": "wc-refunded", "_root_order_id": 1}])
    mirrored(store, ORDER_ITEMS.bronze, [{"order_item_id": 11, "order_id": 1, "_root_order_id": 1}])
    heads = [(1, "shop_order", "wc-pending", DAY), (2, "shop_order_refund", "wc-refunded", DAY)]
    keys = copies(spark, tmp_path / "keys", {"heads": (HEADS, heads), "parents": (PARENTS, [(2, 1)])})
    found = copies(spark, tmp_path / "changes", {"item_keys": (ITEM_KEYS, [(11, 1), (12, 2)])})
    roots = root_orders(keys.frames["heads"], keys.frames["parents"])
    assert before is not None
    ask = asker(store, "nl", keys, found, roots, ReadCursor(DAY.replace(tzinfo=UTC), 0, versions={ORDERS.bronze.name: before.version}))
    orders = ask("SELECT order_id, created_at, _root_order_id FROM {orders} ORDER BY order_id")
    at = DAY.replace(tzinfo=UTC)
    assert orders == [
        {"order_id": 1, "created_at": at, "_root_order_id": 1},
        {"order_id": 2, "created_at": at, "_root_order_id": 1},
    ]
    # As it is and as it was: the order that stood in both stands twice, and that of the other shop does not.
    assert [(row["id"], row["status"]) for row in ask(SEEN)] == [(1, "wc-pending"), (1, "wc-pending"), (2, "wc-refunded")]
    assert ask("SELECT * FROM {mirrored_items}") == [{"order_item_id": 11, "order_id": 1, "_root_order_id": 1}]
    assert ask("SELECT count(*) AS n FROM {item_keys}") == [{"n": 2}]
    # A store whose dates say nothing names no changed order.
    assert ask("SELECT id FROM {changed}") == []


def test_modified_orders_are_told_where_the_store_has_dates(spark: SparkSession, tmp_path: Path) -> None:
    store = DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")))
    mirrored(store, ORDERS.bronze, [{"id": 1, "_root_order_id": 1}])
    mirrored(store, ORDER_ITEMS.bronze, [{"order_item_id": 11, "order_id": 1, "_root_order_id": 1}])
    keys = copies(spark, tmp_path / "keys", {"heads": (HEADS, [(1, "shop_order", "wc-pending", DAY)]), "parents": (PARENTS, [])})
    changed = (Column("id", HEADS[0].type, "order"),)
    found = copies(spark, tmp_path / "changes", {"item_keys": (ITEM_KEYS, [(11, 1)]), "changed": (changed, [(1,)])})
    roots = root_orders(keys.frames["heads"], keys.frames["parents"])
    assert asker(store, "nl", keys, found, roots, ReadCursor(DAY, 0))("SELECT id FROM {changed}") == [{"id": 1}]

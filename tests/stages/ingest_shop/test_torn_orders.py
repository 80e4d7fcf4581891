"""Of few rows the driver tells from the staged files which orders were read half before and half after a change."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.arrow_frames import arrow_rows
from lakehouse.bronze.reading_plan import IncrementalScope
from lakehouse.io.mysql.jdbc import Copies
from lakehouse.scope import Orders
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDER_OPERATIONAL_DATA, ORDERS, TABLES
from lakehouse.sources.woocommerce.stores import HEADS, PARENTS
from lakehouse.stages.ingest_shop.torn_orders import differing, suspects
from lakehouse.table import schema_of

Row = dict[str, Any]
# Order 1 (one line 10.00 + 2.00 tax, shipping 4.00) with its refund 2 of an amount; order 3 with one line and its refund 4 of that line.
ORDER_ROWS = (
    {"id": 1, "type": "shop_order", "total_amount": Decimal("16.00"), "status": "wc-completed"},
    {"id": 2, "type": "shop_order_refund", "total_amount": Decimal("-3.00"), "parent_order_id": 1},
    {"id": 3, "type": "shop_order", "total_amount": Decimal("12.50")},
    {"id": 4, "type": "shop_order_refund", "total_amount": Decimal("-12.50"), "parent_order_id": 3},
)
OPERATIONAL = tuple({"order_id": number, "shipping_total_amount": Decimal(4 if number == 1 else 0)} for number in (1, 2, 3, 4))
ITEMS = tuple({"order_item_id": item, "order_item_type": "line_item", "order_id": item // 10} for item in (11, 31, 41))
AMOUNTS = {11: ("10", "2"), 31: ("10", "2.5"), 41: ("-10", "-2.5")}
META = tuple(
    {"meta_id": 10 * item + n, "order_item_id": item, "meta_key": key, "meta_value": value}
    for item, amounts in AMOUNTS.items()
    for n, (key, value) in enumerate(zip(("_line_total", "_line_tax"), amounts, strict=True))
)
ROWS: Mapping[str, tuple[Row, ...]] = {
    ORDERS.name: ORDER_ROWS,
    ORDER_OPERATIONAL_DATA.name: OPERATIONAL,
    ORDER_ITEMS.name: ITEMS,
    ORDER_ITEM_META.name: META,
}
ROOTS = {1: 1, 2: 1, 3: 3, 4: 3}


def read(folder: Path, **changed: tuple[Row, ...]) -> Copies:
    """A reading of the shop whose tables have these rows, but for those that changed."""
    for table in TABLES:
        _save(folder, table.name, table, changed.get(table.name, ROWS.get(table.name, ())))
    return Copies({}, {}, {}, str(folder))


def keys(folder: Path) -> Copies:
    heads = [{"id": row["id"], "type": row["type"], "status": "wc-completed", "created_at": datetime(2026, 1, 1)} for row in ORDER_ROWS]
    _save(folder, "heads", HEADS, heads)
    parents = [{"id": row["id"], "parent_id": row["parent_order_id"]} for row in ORDER_ROWS if "parent_order_id" in row]
    _save(folder, "parents", PARENTS, parents)
    return Copies({}, {}, {}, str(folder))


def _save(folder: Path, name: str, of: Any, rows: Any) -> None:
    columns = of.columns if isinstance(of, JdbcTable) else of
    found: pa.Table = arrow_rows([tuple(row.get(column.name) for column in columns) for row in rows], schema_of(columns))
    (folder / name / "00000").mkdir(parents=True)
    pq.write_table(found, folder / name / "00000" / "part.parquet")


def without(rows: tuple[Row, ...], **values: int) -> tuple[Row, ...]:
    return tuple(row for row in rows if any(row[name] != value for name, value in values.items()))


def test_what_adds_up_is_no_suspect(tmp_path: Path) -> None:
    assert suspects(keys(tmp_path / "keys"), read(tmp_path / "first"), None) == {}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({ORDER_ITEM_META.name: without(META, meta_id=111)}, {1: 1, 2: 1}),
        ({ORDER_ITEMS.name: without(ITEMS, order_item_id=11)}, {1: 1, 2: 1}),
        ({ORDER_OPERATIONAL_DATA.name: without(OPERATIONAL, order_id=4)}, {3: 3, 4: 3}),
        ({ORDERS.name: without(ORDER_ROWS, id=4)}, {3: 3, 4: 3}),
        ({ORDERS.name: (*without(ORDER_ROWS, id=3), {**ORDER_ROWS[2], "total_amount": Decimal("12.53")})}, {3: 3, 4: 3}),
        ({ORDERS.name: (*without(ORDER_ROWS, id=3), {**ORDER_ROWS[2], "total_amount": Decimal("12.52")})}, {}),
    ],
)
def test_an_order_that_does_not_add_up_is_a_suspect_with_all_its_refunds(tmp_path: Path, changed: Any, found: dict[int, int]) -> None:
    assert suspects(keys(tmp_path / "keys"), read(tmp_path / "first", **changed), None) == found


def test_only_orders_that_were_to_be_read_are_missed(tmp_path: Path) -> None:
    part = IncrementalScope(Orders(ids=frozenset({3})), (), 0, 0)
    first = read(tmp_path / "first", **{name: tuple(row for row in rows if _order(row) in (3, 4)) for name, rows in ROWS.items()})
    assert suspects(keys(tmp_path / "keys"), first, part) == {}
    assert suspects(keys(tmp_path / "other"), first, None) == {1: 1, 2: 1}


def _order(row: Row) -> int:
    return int(row.get("order_id") or row.get("id") or row["order_item_id"] // 10)


@pytest.mark.parametrize(
    ("changed", "roots"),
    [
        ({}, set()),
        ({ORDERS.name: (*without(ORDER_ROWS, id=1), {**ORDER_ROWS[0], "status": "wc-refunded"})}, {1}),
        ({ORDER_ITEM_META.name: without(META, meta_id=410)}, {3}),
        ({ORDER_ITEM_META.name: (*META, {"meta_id": 9, "order_item_id": 11, "meta_key": "_qty", "meta_value": None})}, {1}),
        ({ORDER_ITEMS.name: without(ITEMS, order_item_id=41), ORDER_OPERATIONAL_DATA.name: without(OPERATIONAL, order_id=2)}, {1, 3}),
        ({ORDERS.name: (*ORDER_ROWS, ORDER_ROWS[3])}, {3}),
    ],
)
def test_orders_of_which_a_row_differs_in_any_table_are_found_by_their_root(tmp_path: Path, changed: Any, roots: set[int]) -> None:
    first, again = read(tmp_path / "first"), read(tmp_path / "again", **changed)
    assert differing(TABLES, first, again, ROOTS) == roots
    assert differing(TABLES, again, first, ROOTS) == roots


def test_orders_that_were_not_read_twice_are_not_compared(tmp_path: Path) -> None:
    first, again = read(tmp_path / "first"), read(tmp_path / "again", **{ORDERS.name: ORDER_ROWS[:2]})
    assert differing(TABLES, first, again, {1: 1, 2: 1}) == frozenset()

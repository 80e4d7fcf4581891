"""Finds orders that were written while they were read: two readings of them differ. The driver does it with DuckDB on the staged files.

`bronze/torn_reads.py` says which orders are suspected and why. If there are many rows, `read_shop.py` does the same with Spark.
"""

from collections.abc import Collection, Iterable, Mapping

from lakehouse.bronze.landing import ROOT_ORDERS
from lakehouse.bronze.reading_plan import IncrementalScope
from lakehouse.bronze.torn_reads import NOT_ADDING_UP, ROOT, WITHOUT_ROW
from lakehouse.io.delta.delta_files import ask
from lakehouse.io.mysql.jdbc import Copies
from lakehouse.sources.source import ORDER_ITEM_ID, JdbcTable
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDER_OPERATIONAL_DATA, ORDERS
from lakehouse.table import quoted


def suspects(keys: Copies, first: Copies, part: IncrementalScope | None) -> dict[int, int]:
    """Order or refund → its root order, if the root order does not add up or lacks its own row. `part`: only orders of that scope."""
    there = f"({ROOT_ORDERS.format(heads=keys.sql('heads'), parents=keys.sql('parents'))})"
    roots = there if part is None else f"(SELECT * FROM {there} WHERE {part.roots.condition(ROOT)})"
    rows = f"(SELECT o.*, r.{ROOT} FROM {first.sql(ORDERS.name)} AS o JOIN {there} AS r ON o.id = r.order_id)"
    others = {"operational": ORDER_OPERATIONAL_DATA, "items": ORDER_ITEMS, "item_meta": ORDER_ITEM_META}
    torn = NOT_ADDING_UP.format(orders=rows, **{name: first.sql(table.name) for name, table in others.items()})
    gone = WITHOUT_ROW.format(roots=roots, orders=first.sql(ORDERS.name))
    found = ask(f"SELECT order_id, {ROOT} FROM {there} WHERE {ROOT} IN ({torn}) OR {ROOT} IN ({gone})").to_pylist()
    return {row["order_id"]: row[ROOT] for row in found}


def differing(tables: Iterable[JdbcTable], first: Copies, second: Copies, roots: Mapping[int, int]) -> frozenset[int]:
    """Root orders that have a row in one reading and not in the other. `roots`: order or refund that was read twice → its root order."""
    found: set[int] = set()
    for table in tables:
        one, other = _rows(table, first, roots), _rows(table, second, roots)
        sql = f"SELECT DISTINCT _of FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"
        found |= {row["_of"] for row in ask(sql).to_pylist()}
    return frozenset(roots[order] for order in found)


def _rows(table: JdbcTable, copies: Copies, orders: Collection[int]) -> str:
    """SQL for the rows of these orders in one reading. The column `_of` is the id of the order."""
    columns = ", ".join(f"t.{quoted(name)}" for name in table.column_names)
    among = f"IN ({', '.join(map(str, sorted(orders)))})"
    if table.root != ORDER_ITEM_ID:
        order = f"t.{quoted(table.order_column)}"
        return f"SELECT {columns}, {order} AS _of FROM {copies.sql(table.name)} AS t WHERE {order} {among}"
    items = f"{copies.sql(ORDER_ITEMS.name)} AS i ON i.order_item_id = t.order_item_id"
    return f"SELECT {columns}, i.order_id AS _of FROM {copies.sql(table.name)} AS t JOIN {items} WHERE i.order_id {among}"

"""Which orders may have been read half before and half after a change, where tables are read moments apart."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checksum import PARTS, row_hash
from lakehouse.sources.source import ROOT_ORDER

ROOT = ROOT_ORDER.name
# SQL that Spark and DuckDB understand alike. WooCommerce rounds tax by line or by order; more than a cent for each item is no rounding.
NOT_ADDING_UP = f"""
WITH amounts AS (
    SELECT order_item_id, sum(try_cast(meta_value AS DECIMAL(26, 8))) AS amount, count(*) AS amounts
    FROM {{item_meta}} WHERE meta_key IN ('_line_total', '_line_tax') GROUP BY order_item_id
), lines AS (
    SELECT i.order_id, sum(a.amount) AS amount, count(*) AS items, min(coalesce(a.amounts, 0)) AS least_amounts
    FROM {{items}} AS i LEFT JOIN amounts AS a ON i.order_item_id = a.order_item_id
    WHERE i.order_item_type IN ('line_item', 'fee') GROUP BY i.order_id
), found AS (
    SELECT o.{ROOT}, l.items, l.least_amounts, p.order_id, o.type = 'shop_order_refund' AND l.items IS NULL AS is_amount_only,
        coalesce(o.total_amount, 0) - coalesce(l.amount, 0)
            - coalesce(p.shipping_total_amount, 0) - coalesce(p.shipping_tax_amount, 0) AS rest
    FROM {{orders}} AS o LEFT JOIN lines AS l ON o.id = l.order_id LEFT JOIN {{operational}} AS p ON o.id = p.order_id
)
SELECT DISTINCT {ROOT} FROM found
WHERE NOT is_amount_only AND coalesce(abs(rest) > 0.01 * (coalesce(items, 0) + 1) OR least_amounts < 2 OR order_id IS NULL, TRUE)
"""
WITHOUT_ROW = f"SELECT DISTINCT {ROOT} FROM {{roots}} AS r WHERE NOT EXISTS (SELECT 1 FROM {{orders}} AS o WHERE o.id = r.order_id)"


def not_adding_up(orders: DataFrame, operational: DataFrame, items: DataFrame, item_meta: DataFrame) -> DataFrame:
    """(_root_order_id) of orders whose total is not that of their lines, fees and shipping, or whose lines have no amount.

    Refunds of an amount have no lines: they are passed over. Some orders never add up (store credit, a total written by hand),
    so this is a suspicion, which a second reading settles.
    """
    return orders.sparkSession.sql(NOT_ADDING_UP, orders=orders, operational=operational, items=items, item_meta=item_meta)


def without_row(roots: DataFrame, orders: DataFrame) -> DataFrame:
    """(_root_order_id) of orders that were there at the beginning of the read and had no row any more when it came to them."""
    return roots.sparkSession.sql(WITHOUT_ROW, roots=roots, orders=orders)


def differing(first: dict[str, DataFrame], second: dict[str, DataFrame]) -> DataFrame:
    """(_root_order_id) of orders of which two readings are not the same, over all tables: their rows' checksums differ."""
    sides = [
        _signed(number, frame.select(first[name].columns), sign)
        for number, name in enumerate(first)
        for sign, frame in ((1, first[name]), (-1, second[name]))
    ]
    by_order = reduce(DataFrame.unionAll, sides).groupBy(ROOT).agg(*(F.sum(part).alias(part) for part in PARTS))
    return by_order.where(" or ".join(f"{part} <> 0" for part in PARTS)).select(ROOT)


def _signed(table: int, frame: DataFrame, sign: int) -> DataFrame:
    """(_root_order_id, parts of the row's hash), negative for the second reading."""
    parts = zip(PARTS, row_hash(frame.columns, table), strict=True)
    return frame.select(ROOT, *((part * F.lit(sign)).alias(name) for name, part in parts))

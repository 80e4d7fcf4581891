"""Which orders are read tonight: those that may have changed, all of a window, and of the older ones a part in turn.

Nothing in WooCommerce says reliably that an order changed (docs/architecture.md, "Reading again"), so several signs are put together:
new, gone and moved orders and items by their keys, statuses, modified dates; and what no sign tells is read within so many nights.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from lakehouse.scope import KEYS_AT_MOST, Orders
from lakehouse.sources.source import ROOT_ORDER, Within

# Where all orders are at most so many times what is read a night at least, reading them costs less than choosing some.
WHOLE_TIMES = 4
ORDERS_A_RANGE, IDS_A_LIST = 20_000, 1_000
ROOT = ROOT_ORDER.name
# SQL about some tables of a shop → its rows as dictionaries, times with their zone. Spark and DuckDB understand it alike.
Ask = Callable[[str], list[dict[str, Any]]]
# The roots, before and now, outside of the ranges, of orders that are new, gone, of another status, or hang on another order than in the
# mirror; of orders that have a new item or lost one, an edit of lines that moves no date; of those whose modified date moved; and of
# refunds in the ranges.
CHANGED_ROOTS = f"""
SELECT DISTINCT root FROM (
    SELECT CASE WHEN side = 0 THEN was ELSE now END AS root FROM (
        SELECT m.{ROOT} AS was, o.{ROOT} AS now FROM {{mirrored_orders}} AS m FULL JOIN {{orders}} AS o ON m.id = o.order_id
        WHERE m.id IS NULL OR o.order_id IS NULL OR m.status IS DISTINCT FROM o.status OR m.{ROOT} IS DISTINCT FROM o.{ROOT}
        UNION ALL
        SELECT m.{ROOT}, i.{ROOT} FROM {{mirrored_items}} AS m
        FULL JOIN (
            SELECT k.order_item_id, k.order_id, o.{ROOT} FROM {{item_keys}} AS k JOIN {{orders}} AS o ON k.order_id = o.order_id
        ) AS i ON m.order_item_id = i.order_item_id
        WHERE m.order_item_id IS NULL OR i.order_item_id IS NULL OR m.order_id <> i.order_id OR m.{ROOT} IS DISTINCT FROM i.{ROOT}
    ) AS pairs CROSS JOIN (SELECT 0 AS side UNION ALL SELECT 1) AS sides
    UNION ALL SELECT o.{ROOT} FROM {{changed}} AS c JOIN {{orders}} AS o ON c.id = o.order_id
    UNION ALL SELECT {ROOT} FROM {{orders}} WHERE {{orders_in_ranges}}
) AS signs WHERE root IS NOT NULL AND NOT {{root_in_ranges}}
"""
# Stands for all tables of orders together: a row of one may depend on all of them.
ALL_ORDERS = "all orders"


@dataclass(frozen=True)
class Reread:
    """Of which age orders are read every night, and in how many nights all older ones are (so many at least a night)."""

    window_days: int
    nights: int
    at_least_orders: int


@dataclass(frozen=True)
class ReadCursor:
    """What the night before left: the modified date it has seen, how far the turn went, the orders it held back.

    `versions`: mirror → its version then. A run that died since may have written to some mirrors and not to others. `checksums`: source
    table, or ALL_ORDERS → checksum of the rows that its mirrors were made from, where these are still as they were then.
    """

    cursor_at: datetime
    reread_up_to: int
    held_orders: frozenset[int] = frozenset()
    versions: Mapping[str, int] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)


def is_read_whole(orders: int, at_least_orders: int) -> bool:
    """Whether a shop of so many orders and refunds is read whole every night, if so many old orders are read a night at least."""
    return orders <= WHOLE_TIMES * at_least_orders


@dataclass(frozen=True)
class IncrementalScope:
    """Tonight's orders: the root orders whose rows are made anew, and the conditions that read them, on a column of order ids."""

    roots: Orders
    conditions: tuple[Within, ...]
    window_from: int
    reread_up_to: int


def plan(ask: Ask, last: ReadCursor, reread: Reread, now: datetime) -> IncrementalScope | None:
    """None if all orders are to be read: all are due tonight, or too many changed.

    `ask` answers SQL about `{orders}`, the source's with their roots (landing.root_orders), `{item_keys}`, its (order_item_id, order_id),
    `{changed}`, the ids (id) whose modified date moved, and `{mirrored_orders}` (id, status, _root_order_id) and `{mirrored_items}`
    (order_item_id, order_id, _root_order_id), which have a row more than once where the mirror had more than one state since. `now` is
    the shop's time, UTC.
    """
    figures = ask("SELECT count(*) AS n, max(order_id) AS last, max(created_at) AS created FROM {orders}")[0]
    if not figures["n"]:
        return None
    newest = figures["created"].replace(tzinfo=UTC) if figures["created"] else now
    window = _window(ask, min(newest, now) - timedelta(days=reread.window_days), figures["last"])
    turn = _turn(ask, last.reread_up_to, reread, window[0])
    if turn is None:
        return None
    ranges = (turn, window) if window[0] <= window[1] else (turn,)
    in_ranges = Orders(ranges=ranges).in_ranges
    changed = CHANGED_ROOTS.replace("{orders_in_ranges}", in_ranges("order_id")).replace("{root_in_ranges}", in_ranges("root"))
    found = {row["root"] for row in ask(f"{changed} LIMIT {KEYS_AT_MOST + 1}")}
    roots = found | {order for order in last.held_orders if not any(first <= order <= end for first, end in ranges)}
    if len(roots) > KEYS_AT_MOST:
        return None
    scope = Orders(frozenset(roots), ranges)
    conditions = (*_range_conditions(ask, ranges), *_id_conditions(ask, scope))
    return IncrementalScope(scope, conditions, window[0], turn[1])


def _window(ask: Ask, since: datetime, last_id: int) -> tuple[int, int]:
    """The newest ids, as many as orders were made since then: one old order with a new date does not widen it."""
    count = ask(f"SELECT count(*) AS n FROM {{orders}} WHERE created_at >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}+00:00'")[0]["n"]
    first = ask(f"SELECT order_id FROM {{orders}} ORDER BY order_id DESC LIMIT 1 OFFSET {count - 1}") if count else []
    return (first[0]["order_id"] if first else last_id + 1, last_id)


def _turn(ask: Ask, up_to: int, reread: Reread, end: int) -> tuple[int, int] | None:
    """The next ids in turn before `end`, from the beginning again after the last; None if that is all of them."""
    older = ask(f"SELECT count(*) AS n, max(order_id) AS last FROM {{orders}} WHERE order_id < {end}")[0]
    size = max(ceil(older["n"] / reread.nights), reread.at_least_orders)
    if size >= older["n"]:
        return None
    start = up_to if older["last"] > up_to else 0
    ids = f"SELECT order_id FROM {{orders}} WHERE order_id > {start} AND order_id < {end}"
    final = ask(f"{ids} ORDER BY order_id LIMIT 1 OFFSET {size - 1}")
    return (start + 1, final[0]["order_id"] if final else end - 1)


def _range_conditions(ask: Ask, ranges: tuple[tuple[int, int], ...]) -> list[Within]:
    """The ranges cut into pieces of about ORDERS_A_RANGE orders; ids have gaps, so by the orders' places."""
    conditions = []
    for first, last in ranges:
        inside = f"FROM {{orders}} WHERE order_id BETWEEN {first} AND {last}"
        count = ask(f"SELECT count(*) AS n {inside}")[0]["n"]
        pieces = ceil(count / ORDERS_A_RANGE)
        places = [str(ceil(piece * count / pieces)) for piece in range(1, pieces)]
        placed = f"SELECT order_id, row_number() OVER (ORDER BY order_id) AS place {inside}"
        found = ask(f"SELECT order_id FROM ({placed}) WHERE place IN ({', '.join(places)}) ORDER BY order_id") if places else []
        ends = [row["order_id"] for row in found]
        starts = [first, *(end + 1 for end in ends)]
        conditions += [_between(*pair) for pair in zip(starts, [*ends, last], strict=True) if pair[0] <= pair[1]]
    return conditions


def _id_conditions(ask: Ask, scope: Orders) -> list[Within]:
    """What lies outside the ranges: single orders, with their refunds, and refunds of orders in a range."""
    rows = ask(f"SELECT order_id FROM {{orders}} WHERE {scope.condition(ROOT)} AND NOT {scope.in_ranges('order_id')}")
    return single_orders(row["order_id"] for row in rows)


def single_orders(ids: Iterable[int]) -> list[Within]:
    """Conditions for single ids, in lists that a database likes."""
    among = sorted(ids)
    return [_among(among[start : start + IDS_A_LIST]) for start in range(0, len(among), IDS_A_LIST)]


def _between(first: int, last: int) -> Within:
    return lambda column: f"{column} BETWEEN {first} AND {last}"


def _among(ids: Sequence[int]) -> Within:
    return lambda column: f"{column} IN ({', '.join(map(str, ids))})"

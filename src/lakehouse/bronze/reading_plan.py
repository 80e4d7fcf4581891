"""Which orders are read tonight: those that may have changed, all of a window, and of the older ones a part in turn.

Nothing in WooCommerce says reliably that an order changed (docs/architecture.md, "Reading again"), so several signs are put together:
new, gone and moved orders and items by their keys, statuses, modified dates; and what no sign tells is read within so many nights.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from math import ceil

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.scope import KEYS_AT_MOST, Orders
from lakehouse.sources.source import ROOT_ORDER, Within

# Where all orders are at most so many times what is read a night at least, reading them costs less than choosing some.
WHOLE_TIMES = 4
ORDERS_A_RANGE, IDS_A_LIST = 20_000, 1_000
ROOT = ROOT_ORDER.name
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


def plan(
    orders: DataFrame,
    item_keys: DataFrame,
    changed: DataFrame,
    mirrored_orders: DataFrame,
    mirrored_items: DataFrame,
    last: ReadCursor,
    reread: Reread,
    now: datetime,
) -> IncrementalScope | None:
    """None if all orders are to be read: all are due tonight, or too many changed.

    `orders` are the source's with their roots (landing.root_orders), `item_keys` its (order_item_id, order_id), `changed` the ids (id)
    whose modified date moved; the mirrored ones have `_root_order_id` beside the source's columns, and a row more than once where the
    mirror had more than one state since. `now` is the shop's time, UTC.
    """
    figures = orders.agg(F.count("*").alias("n"), F.max("order_id").alias("last"), F.max("created_at").alias("created")).first()
    assert figures is not None
    if not figures["n"]:
        return None
    newest = figures["created"].replace(tzinfo=UTC) if figures["created"] else now
    window = _window(orders, min(newest, now) - timedelta(days=reread.window_days), figures["last"])
    turn = _turn(orders.where(F.col("order_id") < window[0]), last.reread_up_to, reread, window[0])
    if turn is None:
        return None
    ranges = (turn, window) if window[0] <= window[1] else (turn,)
    in_ranges = Orders(ranges=ranges).in_ranges
    signs = [
        _other_heads(orders, mirrored_orders),
        _other_items(orders, item_keys, mirrored_items),
        changed.join(orders, changed["id"] == orders["order_id"]).select(ROOT),
        orders.where(in_ranges("order_id")).select(ROOT),
        frame_from(orders.sparkSession, [(order,) for order in last.held_orders], f"{ROOT} bigint"),
    ]
    roots = reduce(DataFrame.union, signs).where(f"NOT {in_ranges(ROOT)}").distinct().limit(KEYS_AT_MOST + 1).collect()
    if len(roots) > KEYS_AT_MOST:
        return None
    scope = Orders(frozenset(row[0] for row in roots), ranges)
    conditions = (*_range_conditions(orders, ranges), *_id_conditions(orders, scope))
    return IncrementalScope(scope, conditions, window[0], turn[1])


def _window(orders: DataFrame, since: datetime, last_id: int) -> tuple[int, int]:
    """The newest ids, as many as orders were made since then: one old order with a new date does not widen it."""
    count = orders.where(F.col("created_at") >= F.lit(since)).count()
    first = orders.orderBy(F.desc("order_id")).offset(count - 1).limit(1).first() if count else None
    return (first["order_id"] if first else last_id + 1, last_id)


def _turn(older: DataFrame, up_to: int, reread: Reread, end: int) -> tuple[int, int] | None:
    """The next ids in turn, from the beginning again after the last; None if that is all of them."""
    count = older.count()
    size = max(ceil(count / reread.nights), reread.at_least_orders)
    if size >= count:
        return None
    start = up_to if not older.where(F.col("order_id") > up_to).isEmpty() else 0
    final = older.where(F.col("order_id") > start).orderBy("order_id").offset(size - 1).limit(1).first()
    return (start + 1, final["order_id"] if final else end - 1)


def _other_heads(orders: DataFrame, mirrored: DataFrame) -> DataFrame:
    """Roots of orders that are new, gone, of another status, or hang on another order than in the mirror."""
    was = mirrored.select(F.col("id").alias("order_id"), F.struct("status", F.col(ROOT).alias("root")).alias("was"))
    now = orders.select("order_id", F.struct("status", F.col(ROOT).alias("root")).alias("now"))
    return _roots(was.join(now, "order_id", "full_outer").where(~F.col("was").eqNullSafe(F.col("now"))))


def _other_items(orders: DataFrame, item_keys: DataFrame, mirrored: DataFrame) -> DataFrame:
    """Roots of orders that have a new item or lost one: an edit of lines that moves no date."""
    was = mirrored.select("order_item_id", F.struct("order_id", F.col(ROOT).alias("root")).alias("was"))
    found = item_keys.join(orders.select("order_id", ROOT), "order_id")
    now = found.select("order_item_id", F.struct("order_id", F.col(ROOT).alias("root")).alias("now"))
    return _roots(was.join(now, "order_item_id", "full_outer").where(~F.col("was").eqNullSafe(F.col("now"))))


def _roots(pairs: DataFrame) -> DataFrame:
    """The roots before and now."""
    roots = pairs.select(F.explode(F.array("was.root", "now.root")).alias(ROOT))
    return roots.where(F.col(ROOT).isNotNull())


def _range_conditions(orders: DataFrame, ranges: tuple[tuple[int, int], ...]) -> list[Within]:
    """The ranges cut into pieces of about ORDERS_A_RANGE orders; ids have gaps, so by quantiles."""
    conditions = []
    for first, last in ranges:
        inside = orders.where(F.col("order_id").between(first, last))
        pieces = ceil(inside.count() / ORDERS_A_RANGE)
        shares = [piece / pieces for piece in range(1, pieces)]
        ends = inside.agg(F.percentile_approx("order_id", shares)).first()[0] if shares else []  # type: ignore[index]
        starts = [first, *(end + 1 for end in ends)]
        conditions += [_between(*pair) for pair in zip(starts, [*ends, last], strict=True) if pair[0] <= pair[1]]
    return conditions


def _id_conditions(orders: DataFrame, scope: Orders) -> list[Within]:
    """What lies outside the ranges: single orders, with their refunds, and refunds of orders in a range."""
    rows = orders.where(f"{scope.condition(ROOT)} AND NOT {scope.in_ranges('order_id')}").select("order_id").collect()
    return single_orders(row[0] for row in rows)


def single_orders(ids: Iterable[int]) -> list[Within]:
    """Conditions for single ids, in lists that a database likes."""
    among = sorted(ids)
    return [_among(among[start : start + IDS_A_LIST]) for start in range(0, len(among), IDS_A_LIST)]


def _between(first: int, last: int) -> Within:
    return lambda column: f"{column} BETWEEN {first} AND {last}"


def _among(ids: Sequence[int]) -> Within:
    return lambda column: f"{column} IN ({', '.join(map(str, ids))})"

"""A table cut into ranges of a key with about as many rows each, without reading it: ids have gaps, so equal widths would not do."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

Ask = Callable[[str], tuple[tuple[Any, ...], ...]]
# (first, last, rows), both ends included.
Range = tuple[int, int, int]


def key_ranges(ask: Ask, table: str, column: str, rows_a_range: int) -> list[str]:
    """SQL conditions on `column`, an indexed integer, that together hold for every possible value, each for about `rows_a_range` rows.

    `ask` runs one statement. Rows are the optimiser's estimates from dives into the index, some milliseconds in all; they are
    halved by value until small enough, so an outlier costs a few more dives and no range of its own.
    """
    name, key = f"`{table}`", f"`{column}`"
    first, last = ask(f"SELECT MIN({key}), MAX({key}) FROM {name}")[0]
    if first is None:
        return [""]
    pieces = _pieces(lambda low, high: _estimate(ask, name, key, low, high), int(first), int(last), rows_a_range)
    ends = [high for _, high, _ in _joined(pieces, rows_a_range)][:-1]
    if not ends:
        return [""]
    between = [f"{key} > {low} AND {key} <= {high}" for low, high in pairwise(ends)]
    return [f"{key} <= {ends[0]}", *between, f"{key} > {ends[-1]}"]


def _pieces(estimate: Callable[[int, int], int], low: int, high: int, rows_a_range: int) -> Iterator[Range]:
    # InnoDB never estimates more than half of a table for a range, which does not matter for what is still too large.
    rows = estimate(low, high)
    if rows <= rows_a_range or low == high:
        yield low, high, rows
        return
    middle = (low + high) // 2
    yield from _pieces(estimate, low, middle, rows_a_range)
    yield from _pieces(estimate, middle + 1, high, rows_a_range)


def _joined(pieces: Iterator[Range], rows_a_range: int) -> list[Range]:
    """Neighbours that are small enough together are one."""
    joined: list[Range] = []
    for low, high, rows in pieces:
        if joined and joined[-1][2] + rows <= rows_a_range:
            low, _, before = joined.pop()
            rows += before
        joined.append((low, high, rows))
    return joined


def _estimate(ask: Ask, name: str, key: str, low: int, high: int) -> int:
    plan = ask(f"EXPLAIN SELECT {key} FROM {name} WHERE {key} BETWEEN {low} AND {high}")[0]
    # The column `rows`: MySQL has one more before it (partitions) and two after it, MariaDB one.
    return int(plan[8 if len(plan) == 10 else 9] or 0)

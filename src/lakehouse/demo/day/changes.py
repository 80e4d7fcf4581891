"""What a simulated day works with: the database, its own random numbers, the clock of that day, and which orders it touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from lakehouse.demo.store.load import insert
from lakehouse.demo.store.rows import Ids, Row
from lakehouse.demo.store.schema import TABLE_NAMES
from lakehouse.demo.world.truth import State
from lakehouse.demo.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymysql.cursors import Cursor


@dataclass
class Day:
    """One day being simulated. `number` counts from the first day of trade; `log` tells the ids that each kind of change touched."""

    cursor: Cursor
    world: World
    state: State
    number: int
    rng: np.random.Generator
    ids: Ids
    log: dict[str, list[int]] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    @property
    def prefix(self) -> str:
        """The prefix of the shop's tables."""
        return self.state.prefix

    @property
    def begin(self) -> datetime:
        """When the day begins, UTC."""
        return self.world.plan.instant(self.number)

    @property
    def end(self) -> datetime:
        """When the day ends, UTC: the moment at which the next one begins."""
        return self.world.plan.instant(self.number + 1)

    def moment(self) -> datetime:
        """Some time of the day, between seven in the morning and eleven at night."""
        return self.begin + timedelta(seconds=int(self.rng.integers(7 * 3600, 22 * 3600)))

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Executes; `{p}` in the statement is the prefix."""
        self.cursor.execute(statement.replace("{p}", self.prefix), values)
        return list(self.cursor.fetchall())

    def insert(self, rows: Iterable[Row]) -> None:
        """Add rows to the shop's tables."""
        insert(self.cursor, rows, self.prefix)

    def pick(self, count: int, statement: str, *values: Any) -> list[int]:
        """Some of the ids that the statement finds, none of which was touched today; they count as touched now."""
        found = sorted({int(row[0]) for row in self.sql(statement, *values)} - self.touched)
        chosen = sorted(int(number) for number in self.rng.permutation(found)[:count]) if found else []
        self.touched |= set(chosen)
        return chosen

    def note(self, kind: str, ids: Iterable[int]) -> None:
        """Remembers what was changed, also when it was nothing."""
        self.log.setdefault(kind, []).extend(int(number) for number in ids)


def next_ids(cursor: Cursor, database: str, prefix: str) -> Ids:
    """Continues each table's automatic ids; ids of deleted rows are not given again."""
    # The engine's own counters, not the cached statistics.
    cursor.execute("SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = %s", (database,))
    counters = {str(name): number for name, number in cursor.fetchall()}
    return Ids({name: int(counters[f"{prefix}{name}"]) for name in TABLE_NAMES if counters.get(f"{prefix}{name}") is not None})

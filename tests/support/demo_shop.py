"""A small demo shop to ask questions of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lakehouse.demo.day.day import simulate_day
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import create_shop

END = date(2026, 11, 15)


@dataclass(frozen=True)
class Shop:
    """A shop in its database, with the folder of its truth."""

    server: Server
    database: str
    truth: Path

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def number(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def checksums(self) -> dict[str, int]:
        return {table: self.rows(f"CHECKSUM TABLE `{table}`")[0][1] for (table,) in self.rows("SHOW TABLES")}

    def live_day(self, day: date, seed: int = 1) -> dict[str, int]:
        return simulate_day(self.server, self.database, day=day, seed=seed, truth=self.truth)


def make_shop(server: Server, database: str, truth: Path, seed: int = 3, *, store: str = "hpos", charset: str = "utf8mb4") -> Shop:
    """The same orders for the same seed, whichever store they are kept in and however text is declared."""
    create_shop(server, database, customers=150, products=60, days=120, seed=seed, end=END, truth=truth, store=store, charset=charset)
    return Shop(server, database, truth)

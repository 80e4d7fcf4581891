"""Parts of a table: whole shops, or the orders of a shop that changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

# Changed orders are carried as literals; above so many a rebuild in full is cheaper than finding them.
KEYS_AT_MOST = 10_000


@dataclass(frozen=True)
class Scope:
    """Shop code → the ids of root orders, or None for all rows of that shop. `column` holds the id."""

    orders: Mapping[str, frozenset[int] | None]

    @staticmethod
    def of_shop(code: str) -> "Scope":
        return Scope({code: None})

    @staticmethod
    def of_orders(keys: Iterable[tuple[str, int]]) -> "Scope":
        orders: dict[str, set[int]] = {}
        for code, order_id in keys:
            orders.setdefault(code, set()).add(order_id)
        return Scope({code: frozenset(ids) for code, ids in orders.items()})

    def __len__(self) -> int:
        return sum(1 if ids is None else len(ids) for ids in self.orders.values())

    def condition(self, column: str | None, alias: str = "") -> Column:
        """True exactly for the rows of the scope. `alias` is that of the frame in a join."""
        return self._any(alias, column, lambda value, ids: value.between(min(ids), max(ids)) & value.isin(sorted(ids)))

    def bounds(self, column: str | None, alias: str = "") -> Column:
        """True for all rows of the scope and some beside: a range of literals, by which Delta leaves out files."""
        return self._any(alias, column, lambda value, ids: value.between(min(ids), max(ids)))

    def _any(self, alias: str, column: str | None, within) -> Column:  # type: ignore[no-untyped-def]
        parts = []
        for code, ids in sorted(self.orders.items()):
            is_shop = F.col(f"{alias}shop_code") == code
            parts.append(is_shop if ids is None else is_shop & within(F.col(f"{alias}{column}"), ids))
        return reduce(or_, parts, F.lit(False))

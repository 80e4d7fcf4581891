"""Parts of a table: whole shops, or some orders of a shop."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

# Orders are carried as literals; above so many a rebuild in full is cheaper than finding them.
KEYS_AT_MOST = 10_000


@dataclass(frozen=True)
class Orders:
    """Root orders of one shop: those of `ids` and `ranges` (both ends included; no ranges and no ids: none), but not those of `without`."""

    ids: frozenset[int] = frozenset()
    ranges: tuple[tuple[int, int], ...] = ()
    without: frozenset[int] = frozenset()

    def condition(self, value: Column) -> Column:
        """True exactly for these."""
        inside = self.in_ranges(value)
        if self.ids:
            inside = inside | (value.between(min(self.ids), max(self.ids)) & value.isin(sorted(self.ids)))
        return inside & ~value.isin(sorted(self.without)) if self.without else inside

    def in_ranges(self, value: Column) -> Column:
        return reduce(or_, [value.between(*ends) for ends in self.ranges], F.lit(False))

    def bounds(self, value: Column) -> Column:
        """True for all of these and some beside: ranges of literals, by which Delta leaves out files."""
        wide = [(min(self.ids), max(self.ids))] if self.ids else []
        return reduce(or_, [value.between(*ends) for ends in (*wide, *self.ranges)], F.lit(False))


@dataclass(frozen=True)
class Scope:
    """Shop code → its root orders, or None for all rows of that shop."""

    orders: Mapping[str, Orders | None]

    @staticmethod
    def of_shop(code: str) -> "Scope":
        return Scope({code: None})

    @staticmethod
    def of_orders(keys: Iterable[tuple[str, int]]) -> "Scope":
        orders: dict[str, set[int]] = {}
        for code, order_id in keys:
            orders.setdefault(code, set()).add(order_id)
        return Scope({code: Orders(frozenset(ids)) for code, ids in orders.items()})

    def __len__(self) -> int:
        """How many orders are named one by one; a shop counts as one."""
        return sum(1 if orders is None else len(orders.ids) for orders in self.orders.values())

    def shops(self) -> Column:
        """True for all rows of the shops that the scope is about."""
        return F.col("shop_code").isin(sorted(self.orders))

    def condition(self, column: str | None, alias: str = "") -> Column:
        """True exactly for the rows of the scope. `column` holds the root order, `alias` is that of the frame in a join."""
        return self._any(alias, lambda orders: orders.condition(F.col(f"{alias}{column}")))

    def bounds(self, column: str | None, alias: str = "") -> Column:
        """True for all rows of the scope and some beside, told by literals."""
        return self._any(alias, lambda orders: orders.bounds(F.col(f"{alias}{column}")))

    def _any(self, alias: str, within) -> Column:  # type: ignore[no-untyped-def]
        parts = []
        for code, orders in sorted(self.orders.items()):
            is_shop = F.col(f"{alias}shop_code") == code
            parts.append(is_shop if orders is None else is_shop & within(orders))
        return reduce(or_, parts, F.lit(False))

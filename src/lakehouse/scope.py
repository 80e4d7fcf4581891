"""Parts of a table: whole shops, or some orders of a shop. Conditions are SQL that Spark, DuckDB and delta-rs understand alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

# Orders are carried as literals; above so many a rebuild in full is cheaper than finding them.
KEYS_AT_MOST = 10_000
ALL, NONE = "(1 = 1)", "(1 = 0)"


@dataclass(frozen=True)
class Orders:
    """Root orders of one shop: those of `ids` and `ranges` (both ends included; no ranges and no ids: none), but not those of `without`."""

    ids: frozenset[int] = frozenset()
    ranges: tuple[tuple[int, int], ...] = ()
    without: frozenset[int] = frozenset()

    def condition(self, value: str) -> str:
        """True exactly for these."""
        inside = self.in_ranges(value)
        if self.ids:
            inside = f"({inside} OR ({_between(value, min(self.ids), max(self.ids))} AND {value} IN ({_listed(self.ids)})))"
        return f"({inside} AND {value} NOT IN ({_listed(self.without)}))" if self.without else inside

    def in_ranges(self, value: str) -> str:
        """SQL that is true for the orders of `ranges`, those of `without` among them."""
        return _any(_between(value, *ends) for ends in self.ranges)

    def bounds(self, value: str) -> str:
        """True for all of these and some beside: ranges of literals, by which Delta leaves out files."""
        wide = [(min(self.ids), max(self.ids))] if self.ids else []
        return _any(_between(value, *ends) for ends in (*wide, *self.ranges))


@dataclass(frozen=True)
class Scope:
    """Shop code → its root orders, or None for all rows of that shop."""

    orders: Mapping[str, Orders | None]

    @staticmethod
    def of_shop(code: str) -> "Scope":
        """All rows of one shop."""
        return Scope({code: None})

    @staticmethod
    def of_orders(keys: Iterable[tuple[str, int]]) -> "Scope":
        """These root orders, each given as shop code and order id."""
        orders: dict[str, set[int]] = {}
        for code, order_id in keys:
            orders.setdefault(code, set()).add(order_id)
        return Scope({code: Orders(frozenset(ids)) for code, ids in orders.items()})

    def __len__(self) -> int:
        """How many orders are named one by one; a shop counts as one."""
        return sum(1 if orders is None else len(orders.ids) for orders in self.orders.values())

    def shops(self) -> str:
        """True for all rows of the shops that the scope is about."""
        return _any(f"shop_code = '{code}'" for code in sorted(self.orders))

    def condition(self, column: str | None, alias: str = "") -> str:
        """True exactly for the rows of the scope. `column` holds the root order, `alias` is that of the rows in a join (`old.`)."""
        return self._of_shops(alias, lambda orders: orders.condition(f"{alias}{column}"))

    def bounds(self, column: str | None, alias: str = "") -> str:
        """True for all rows of the scope and some beside, told by literals."""
        return self._of_shops(alias, lambda orders: orders.bounds(f"{alias}{column}"))

    def _of_shops(self, alias: str, within: Callable[[Orders], str]) -> str:
        return _any(
            f"({alias}shop_code = '{code}' AND {ALL if orders is None else within(orders)})" for code, orders in sorted(self.orders.items())
        )


def _between(value: str, first: int, last: int) -> str:
    return f"({value} BETWEEN {first} AND {last})"


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def _any(conditions: Iterable[str]) -> str:
    found = list(conditions)
    return f"({' OR '.join(found)})" if found else NONE

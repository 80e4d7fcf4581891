"""The rules of one shop as arrays over its products, in the order in which they are asked: what the workers get."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from lakehouse.recommend.rules.golden_case import ListName

Products = TypeVar("Products", bound="OnLists")


@dataclass(frozen=True)
class OnLists:
    """`number`: of the rule among the names. For customers of these countries, on these lists; none means all."""

    number: int
    countries: tuple[str, ...]
    lists: tuple[ListName, ...]

    def is_of(self, list_name: str) -> bool:
        """Whether the rule is meant for this list."""
        return not self.lists or list_name in self.lists

    def is_for(self, countries: np.ndarray) -> np.ndarray:
        """Of each customer whether the rule holds, by the country."""
        return np.isin(countries, self.countries) if self.countries else np.ones(len(countries), dtype=bool)


@dataclass(frozen=True)
class Hidden(OnLists):
    """`products`: whether each is meant."""

    products: np.ndarray


@dataclass(frozen=True)
class Pinned(OnLists):
    """`products`: whether each is meant. `share`: of the places."""

    products: np.ndarray
    share: float


@dataclass(frozen=True)
class Capped(OnLists):
    """`groups`: products × k, numbers of a product's categories or brand that are counted; `other` fills up and is not counted."""

    groups: np.ndarray
    other: int
    places: int


@dataclass(frozen=True)
class Boosted(OnLists):
    """`bonus`: added to each product's score, 0 or more."""

    bonus: np.ndarray


@dataclass(frozen=True)
class ShopRules:
    """`names`: of the rules, for their numbers. `products`: ids, ascending; all arrays are in their order."""

    names: tuple[str, ...]
    products: np.ndarray
    hidden: tuple[Hidden, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    capped: tuple[Capped, ...] = ()
    boosted: tuple[Boosted, ...] = ()

    @property
    def pinned_products(self) -> np.ndarray:
        """Ids of products that some rule pins."""
        return self.products[np.logical_or.reduce([rule.products for rule in self.pinned])] if self.pinned else self.products[:0]

    def over(self, ids: np.ndarray) -> "ShopRules":
        """The same rules for these products, ascending. What is not known is not meant."""
        place = np.searchsorted(self.products, ids).clip(max=max(len(self.products) - 1, 0))
        is_known = self.products[place] == ids if len(self.products) else np.zeros(len(ids), dtype=bool)

        def taken(values: np.ndarray, otherwise: int) -> np.ndarray:
            if not len(self.products):
                return np.full((len(ids), *values.shape[1:]), otherwise, dtype=values.dtype)
            kept = is_known.reshape(-1, *([1] * (values.ndim - 1)))
            return np.where(kept, values[place], otherwise).astype(values.dtype)

        return ShopRules(
            self.names,
            ids,
            tuple(replace(rule, products=taken(rule.products, 0)) for rule in self.hidden),
            tuple(replace(rule, products=taken(rule.products, 0)) for rule in self.pinned),
            tuple(replace(rule, groups=taken(rule.groups, rule.other)) for rule in self.capped),
            tuple(replace(rule, bonus=taken(rule.bonus, 0)) for rule in self.boosted),
        )

    def hiders(self, product_id: int, everywhere: str) -> list[tuple[str, str]]:
        """(country, rule) for all that hide the product, whatever the list, in the order of the rules."""
        at = int(self.products.searchsorted(product_id))
        hiding = [rule for rule in self.hidden if rule.products[at]]
        return [(country, self.names[rule.number]) for rule in hiding for country in rule.countries or (everywhere,)]

    def hiding(self, list_name: str, countries: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Of each pair of a customer's row and a product's column the number of the first rule that hides it on the list, else -1."""
        found = np.full(row.shape, -1, dtype=np.int32)
        for rule in self.hidden:
            if rule.is_of(list_name):
                found[(found < 0) & rule.products[column] & rule.is_for(countries)[row]] = rule.number
        return found

    def bonus(self, list_name: str, countries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """(row of each customer; rows × products: what is added to scores; the number of the rule that adds it, else -1).

        Of several rules the largest bonus holds, so that the bound of each of them does. None if nothing is boosted.
        """
        rules = [rule for rule in self.boosted if rule.is_of(list_name)]
        if not rules:
            return None
        # Customers whom the same rules are for have one row.
        of_customer = np.stack([rule.is_for(countries) for rule in rules], axis=1)
        kinds, rows = np.unique(of_customer, axis=0, return_inverse=True)
        each = np.stack([rule.bonus for rule in rules])
        bonus = np.stack([(each * kind[:, None]).max(axis=0) for kind in kinds]).astype(np.float32)
        first = np.stack([(each * kind[:, None]).argmax(axis=0) for kind in kinds])
        numbers = np.asarray([rule.number for rule in rules])[first]
        return rows.reshape(-1), bonus, np.where(bonus > 0, numbers, -1)


def of_list(rules: tuple[Products, ...], list_name: str) -> list[Products]:
    """Those that hold on the list."""
    return [rule for rule in rules if rule.is_of(list_name)]

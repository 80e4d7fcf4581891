"""How many customers a pack reaches, how many are left out for which reason, and how many places are others' for want of stock."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from lakehouse.ops.packs import NO_CONSENT, REASONS


@dataclass(frozen=True)
class Counts:
    """By shop and reason, which is null for those who get something. They add up to everybody whom the campaign is for."""

    by_shop: tuple[tuple[str, str | None, int], ...]

    @staticmethod
    def of(people: DataFrame) -> "Counts":
        """`people` have `suppressed_for`."""
        return Counts(tuple(tuple(row) for row in people.groupBy("shop_code", "suppressed_for").count().collect()))

    @property
    def customers(self) -> int:
        """Everybody whom the campaign is for."""
        return sum(number for _, _, number in self.by_shop)

    @property
    def recipients(self) -> int:
        """Those who get something."""
        return sum(number for _, reason, number in self.by_shop if reason is None)

    @property
    def suppressed(self) -> dict[str, int]:
        """All reasons in their order."""
        found = Counter[str | None]()
        for _, reason, number in self.by_shop:
            found[reason] += number
        return {reason: found[reason] for reason in REASONS}

    def silent(self, shops: Collection[str]) -> dict[str, int]:
        """Of these shops, how many customers said neither yes nor no."""
        return {shop: number for shop, reason, number in self.by_shop if reason == NO_CONSENT and shop in shops}


@dataclass(frozen=True)
class Clipped:
    """Products that there is too little of, and the places of lists that would show them and show the next best instead."""

    products: int
    places: int

    @staticmethod
    def of(counts: Collection[Mapping[str, Any]]) -> "Clipped":
        """Of rows of `shown_products.counted`."""
        found = [row["clipped_count"] for row in counts if row["clipped_count"]]
        return Clipped(len(found), sum(found))

    @property
    def text(self) -> str:
        """For a line of the log; empty if nothing is clipped."""
        return f"; clipped for want of stock: {self.products} products at {self.places} places" if self.places else ""


def said(counts: Counts, clipped: Clipped) -> dict[str, object]:
    """What the manifest says of all this."""
    numbers = {"customers": counts.customers, "recipients": counts.recipients, "suppressed": counts.suppressed}
    return {**numbers, "clipped": {"products": clipped.products, "places": clipped.places}}

"""How many customers a pack reaches, and how many are left out for which reason."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

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
        return sum(number for _, _, number in self.by_shop)

    @property
    def recipients(self) -> int:
        return sum(number for _, reason, number in self.by_shop if reason is None)

    @property
    def suppressed(self) -> dict[str, int]:
        """All reasons in their order."""
        found = Counter[str | None]()
        for _, reason, number in self.by_shop:
            found[reason] += number
        return {reason: found[reason] for reason in REASONS}

    def said(self) -> dict[str, object]:
        """What the manifest says of them."""
        return {"customers": self.customers, "recipients": self.recipients, "suppressed": self.suppressed}

    def silent(self, shops: Collection[str]) -> dict[str, int]:
        """Of these shops, how many customers said neither yes nor no."""
        return {shop: number for shop, reason, number in self.by_shop if reason == NO_CONSENT and shop in shops}

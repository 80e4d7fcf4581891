"""What a build may depend on besides its inputs. Values are part of a step's fingerprint: change one and the step runs in full."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

PREFIX, STATUS_SIGNS = "wc-", 20


@dataclass(frozen=True)
class ShopRules:
    """What a shop's data means, from its settings."""

    code: str
    time_zone: str = "UTC"
    counts_as_sale: tuple[str, ...] = ("completed", "processing")
    customer_roles: tuple[str, ...] = ("customer",)
    consent_meta_key: str | None = None
    # Why a mail may be sent to who said neither yes nor no, and whether addresses such as info@ get none.
    legal_ground: str = "consent"
    leaves_out_roles: bool = False
    # Meta keys, beside those that everybody has, and the values that they have on orders which nobody paid.
    test_order_values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # Where WordPress keeps what was uploaded: the folder's name, and the number of a site of a multisite.
    content_folder: str = "wp-content"
    site_id: int | None = None

    @property
    def sale_statuses(self) -> tuple[str, ...]:
        """Of `counts_as_sale` the names, and what a column of 20 signs leaves of a long one after WooCommerce's `wc-`."""
        return tuple(dict.fromkeys((*self.counts_as_sale, *(stored_status(status) for status in self.counts_as_sale))))


def stored_status(status: str) -> str:
    """The name of a status as the database keeps it."""
    return f"{PREFIX}{status}"[:STATUS_SIGNS].removeprefix(PREFIX)


Shops = tuple[ShopRules, ...]


def by_shop(shops: Shops, value: Callable[[ShopRules], Column]) -> Column:
    """The value that holds for the row's shop; null for a shop that is not in the settings."""
    start = F.lit(None)
    return reduce(lambda other, shop: F.when(F.col("shop_code") == shop.code, value(shop)).otherwise(other), shops, start)

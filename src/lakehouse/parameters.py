"""What a build may depend on besides its inputs. Values are part of a step's fingerprint: change one and the step runs in full."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F


@dataclass(frozen=True)
class ShopRules:
    """What a shop's data means, from its settings."""

    code: str
    time_zone: str = "UTC"
    counts_as_sale: tuple[str, ...] = ("completed", "processing")
    consent_meta_key: str | None = None
    # Where WordPress keeps what was uploaded: the folder's name, and the number of a site of a multisite.
    content_folder: str = "wp-content"
    site_id: int | None = None


Shops = tuple[ShopRules, ...]


def by_shop(shops: Shops, value: Callable[[ShopRules], Column]) -> Column:
    """The value that holds for the row's shop; null for a shop that is not in the settings."""
    start = F.lit(None)
    return reduce(lambda other, shop: F.when(F.col("shop_code") == shop.code, value(shop)).otherwise(other), shops, start)

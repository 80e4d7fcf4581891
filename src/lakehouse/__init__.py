"""A batch lakehouse for web shops: from a live WooCommerce database to campaign files that marketing can trust."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse.lake import Lake


def open(env: str = "local") -> "Lake":
    """The lake of an environment, for reading: `lake.table("silver.orders")`, `lake.sql("select … from gold.interactions")`."""
    from lakehouse.io.config.settings import load_settings
    from lakehouse.lake import Lake

    return Lake(load_settings(env))

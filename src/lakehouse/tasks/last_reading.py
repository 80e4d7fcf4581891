"""Whether the next reading of a shop can go on from the last one, or reads all of its orders."""

from dataclasses import dataclass

from lakehouse.bronze.reading_plan import LastRead
from lakehouse.fingerprint import fingerprint
from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.reads import Read
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES
from lakehouse.tasks.shop_source import ShopSource


@dataclass(frozen=True)
class Reading:
    """What the mirrors hold; None, and the reason, if all orders are to be read."""

    last: LastRead | None
    reason: str = ""


def last_reading(store: DeltaStore, source: ShopSource, before: Read | None) -> Reading:
    """Goes on from `before` if it was read by the same recipe into the tables that are there."""
    if before is None:
        return Reading(None, "it was never read")
    if before.recipe != recipe(source):
        return Reading(None, "other declarations, settings or code than the last time")
    heads, then = order_heads(store), before.heads
    if any(name not in heads or heads[name].table_id != head.table_id for name, head in then.items()):
        return Reading(None, "a mirror was made anew or is gone")
    return Reading(LastRead(before.cursor_at, before.reread_up_to, before.held, {name: head.version for name, head in then.items()}))


def recipe(source: ShopSource) -> str:
    """The hash of declarations, code and settings by which a shop is mirrored."""
    shop = source.settings
    meaning = (source.store.name, shop.prefix, shop.users_prefix, shop.time_zone, shop.consent_meta_key)
    shaping = [fingerprint(f"lakehouse.bronze.{module}") for module in ("landing", "legacy_orders")]
    return fingerprint("lakehouse.sources.woocommerce.stores", shaping, source.tables, meaning)


def order_heads(store: DeltaStore) -> dict[str, Head]:
    """The mirrors of orders that are there."""
    heads = {table.bronze.name: store.head(table.bronze.name) for table in ORDER_TABLES}
    return {name: head for name, head in heads.items() if head}

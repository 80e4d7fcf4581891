"""Whether the next reading of a shop can go on from the last one, or reads all of its orders."""

from dataclasses import dataclass

from lakehouse.bronze.reading_plan import ALL_ORDERS, ReadCursor
from lakehouse.fingerprint import fingerprint
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.shop_reads import ShopReadRecord
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES
from lakehouse.stages.ingest_shop.shop_source import ShopSource


@dataclass(frozen=True)
class CursorDecision:
    """What the mirrors hold; None, and the reason, if all orders are to be read."""

    last: ReadCursor | None
    reason: str = ""


def last_reading(store: DeltaStore, source: ShopSource, before: ShopReadRecord | None) -> CursorDecision:
    """Goes on from `before` if it was read with the same fingerprint into the tables that are there."""
    if before is None:
        return CursorDecision(None, "it was never read")
    if before.fingerprint != reading_fingerprint(source):
        return CursorDecision(None, "other declarations, settings or code than the last time")
    heads, then = mirror_heads(store), before.heads
    of_orders = {table.bronze.name for table in ORDER_TABLES}
    if any(name not in heads or heads[name].table_id != head.table_id for name, head in then.items() if name in of_orders):
        return CursorDecision(None, "a mirror was made anew or is gone")
    versions = {name: head.version for name, head in then.items()}
    same = {name for name, head in then.items() if heads.get(name) == head}
    standing = {table.name for table in TABLES if {part.name for part in table.mirrors} <= same}
    checksums = {
        name: checksum
        for name, checksum in before.known_checksums.items()
        if ({table.name for table in ORDER_TABLES} if name == ALL_ORDERS else {name}) <= standing
    }
    return CursorDecision(ReadCursor(before.cursor_at, before.reread_up_to, before.held, versions, checksums))


# The modules that decide what becomes of what was read.
SHAPING = ("lakehouse.bronze.landing", "lakehouse.bronze.legacy_orders", "lakehouse.pipeline.loader")


def reading_fingerprint(source: ShopSource) -> str:
    """The hash of declarations, code and settings by which a shop is mirrored."""
    shop = source.settings
    keys = (shop.consent_meta_key, shop.all_sub_order_keys, tuple(shop.test_order_values))
    meaning = (source.store.name, source.decimal_sign, shop.prefix, shop.users_prefix, shop.time_zone, keys)
    shaping = [fingerprint(module) for module in SHAPING]
    return fingerprint("lakehouse.sources.woocommerce.stores", shaping, source.tables, source.dates, meaning)


def mirror_heads(store: DeltaStore) -> dict[str, TableVersion]:
    """All mirrors of shops that are there."""
    heads = {part.name: store.head(part.name) for table in TABLES for part in table.mirrors}
    return {name: head for name, head in heads.items() if head}

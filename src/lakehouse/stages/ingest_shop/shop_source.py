"""What kind of shop it is, and whether everything that is read of it is there. Needs no Spark."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.shop_database import ShopDatabase, never_tried
from lakehouse.ops.source_schema import columns_there
from lakehouse.sources.drift import Columns, compare_all, refuse
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.shop import OPTIONS
from lakehouse.sources.woocommerce.statuses import status_counts_sql, status_notes
from lakehouse.sources.woocommerce.stores import (
    DECIMAL_SIGN_OPTION,
    HPOS_OPTION,
    SYNC_OPTION,
    VERSION_OPTION,
    OrderStore,
    is_synced,
    order_store,
)


@dataclass(frozen=True)
class ShopSource:
    """A shop, its store of orders, and the tables that are read of it besides orders (an older WooCommerce has not all of them).

    `decimal_sign` stands before decimals where the shop keeps amounts as text. `columns` are those of all its tables as they were when
    it was checked.
    """

    code: str
    settings: ShopSettings
    store: OrderStore
    is_synced: bool
    version: str
    decimal_sign: str
    others: tuple[JdbcTable, ...]
    columns: Mapping[str, Columns]

    @property
    def tables(self) -> tuple[JdbcTable, ...]:
        """All that is read."""
        return (*self.store.tables, *self.others)

    @property
    def dates(self) -> JdbcTable | None:
        """What says when an order without a date was made, where the reader may see that."""
        table = self.store.dates
        return table if table and _has(self, table) else None

    @property
    def description(self) -> str:
        """Version of WooCommerce and store of orders, for messages."""
        return f"WooCommerce {self.version or 'of unknown version'}, orders: {self.store.name}{' (synced)' if self.is_synced else ''}"


def check_shop(code: str, shop: ShopSettings) -> ShopSource:
    """The shop, all its tables readable with the declared columns; DataError, AccessError or SourceAwayError otherwise."""
    with ShopDatabase(code, shop) as database:
        database.check([OPTIONS])
        source = _source(code, shop, database.options([HPOS_OPTION, SYNC_OPTION, VERSION_OPTION, DECIMAL_SIGN_OPTION]))
        source = replace(source, columns=columns_there(database, source.tables))
        source = replace(source, others=tuple(table for table in source.others if not table.optional or _has(source, table)))
        # Of a table without any column the probe says more: that it is not there, or not granted.
        refuse(code, compare_all([table for table in source.tables if source.columns[table.source_name]], source.columns, {}))
        database.check(source.tables)
    return source


def _has(source: ShopSource, table: JdbcTable) -> bool:
    there = {name.lower() for name in source.columns[table.source_name]}
    return there.issuperset(table.needed_columns)


def shop_notes(source: ShopSource) -> list[str]:
    """What is not wrong and should be looked at, for people."""
    table = f"{source.settings.prefix}{source.store.tables[0].source_name}"
    with ShopDatabase(source.code, source.settings) as database:
        counts = dict(database.ask(status_counts_sql(source.store, source.settings.prefix), table))
        of_server = never_tried(database.version())
    notes = status_notes(counts, source.settings.counts_as_sale) if counts else []
    return [*of_server, *notes, *missing_rights(source)]


def missing_rights(source: ShopSource) -> list[str]:
    """What the shop's reader may not see that newer versions look at, in words."""
    missing = [table for table in TABLES if table.optional and not table.network_wide and table not in source.others]
    return [f"which is a {table.grain} can't be told: the reader has no right to see that" for table in missing]


def _source(code: str, shop: ShopSettings, options: Mapping[str, str]) -> ShopSource:
    version = options.get(VERSION_OPTION, "")
    numbers = tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit())
    others = tuple(table for table in TABLES if not table.root and numbers >= table.since)
    decimal_sign = options.get(DECIMAL_SIGN_OPTION) or "."
    return ShopSource(code, shop, order_store(options), is_synced(options), version, decimal_sign, others, {})

"""The rights that a read-only account needs: columns of the tables that are read, nothing else."""

from collections.abc import Iterable

from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.stores import OrderStore


def grants(database: str, prefix: str, account: str, store: OrderStore, users_prefix: str | None = None) -> dict[str, str]:
    """Table without prefix → the statement for `account` (as `'user'@'host'`). Of posts, products and legacy orders are parts.

    Columns that only a network of sites has are not among them: see `optional_grants`.
    """
    dates = (store.dates,) if store.dates else ()
    tables = (*(table for table in TABLES if not table.root), *store.tables, *dates)
    return _grants(database, prefix, account, tables, users_prefix)


def optional_grants(database: str, prefix: str, account: str, users_prefix: str | None = None) -> dict[str, str]:
    """The same of columns that only a network of sites has."""
    return _grants(database, prefix, account, TABLES, users_prefix, of_network=True)


def grants_on(database: str, account: str, tables: Iterable[JdbcTable]) -> dict[str, str]:
    """The same of tables that have no prefix."""
    return _grants(database, "", account, tables, None)


def _grants(
    database: str, prefix: str, account: str, tables: Iterable[JdbcTable], users_prefix: str | None, of_network: bool = False
) -> dict[str, str]:
    columns: dict[tuple[str, str], dict[str, None]] = {}
    for table in (table for table in tables if (table.optional and table.network_wide) is of_network):
        place = ((users_prefix or prefix) if table.network_wide else prefix, table.source_name)
        columns.setdefault(place, {}).update(dict.fromkeys(table.needed_columns))
    return {name: _grant(f"`{database}`.`{start}{name}`", names, account) for (start, name), names in columns.items()}


def _grant(table: str, columns: dict[str, None], account: str) -> str:
    return f"GRANT SELECT ({', '.join(f'`{name}`' for name in columns)}) ON {table} TO {account}"

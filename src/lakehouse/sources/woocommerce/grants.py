"""The rights that a read-only account needs: columns of the tables that are read, nothing else."""

from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.stores import OrderStore


def grants(database: str, prefix: str, account: str, store: OrderStore, users_prefix: str | None = None) -> dict[str, str]:
    """Table without prefix → the statement for `account` (as `'user'@'host'`). Of posts, products and legacy orders are parts."""
    columns: dict[tuple[str, str], dict[str, None]] = {}
    for table in (*(table for table in TABLES if not table.root), *store.tables):
        place = ((users_prefix or prefix) if table.network_wide else prefix, table.source_name)
        columns.setdefault(place, {}).update(dict.fromkeys(table.column_names))
    return {name: _grant(f"`{database}`.`{start}{name}`", names, account) for (start, name), names in columns.items()}


def _grant(table: str, columns: dict[str, None], account: str) -> str:
    return f"GRANT SELECT ({', '.join(f'`{name}`' for name in columns)}) ON {table} TO {account}"

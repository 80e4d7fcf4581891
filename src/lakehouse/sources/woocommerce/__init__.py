"""A WooCommerce shop whose orders are in its own order tables (HPOS): every table and column that is read, and nothing else.

The meaning of tables and columns follows WooCommerce's own schema (plugin sources 9.0 to 11.0).
"""

from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import catalogue, orders, people, shop

# In landing order: the root order of an item needs the orders, that of an item's meta needs the items.
TABLES: tuple[JdbcTable, ...] = (*shop.TABLES, *people.TABLES, *catalogue.TABLES, *orders.TABLES)


def grants(database: str, prefix: str, account: str) -> list[str]:
    """The statements that give a read-only account all that the ingest needs: columns of declared tables, nothing else."""
    return [table.grant(database, prefix, account) for table in TABLES]

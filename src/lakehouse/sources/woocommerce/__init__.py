"""A WooCommerce shop, 6.1 to 11, whichever store its orders are in: every table and column that is read, and nothing else.

The meaning of tables and columns follows WooCommerce's own schema (plugin sources 6.1 to 11.0).
"""

from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import orders, people, shop
from lakehouse.sources.woocommerce import products as catalogue

# What the lake mirrors, of every shop in these columns. Which tables that is read from, stores.py says.
TABLES: tuple[JdbcTable, ...] = (*shop.TABLES, *people.TABLES, *catalogue.TABLES, *orders.TABLES)

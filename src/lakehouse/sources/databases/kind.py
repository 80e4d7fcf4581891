"""A kind of database: the tables that are read of it, and what they say of orders, lines, customers and products."""

from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse.sources.source import JdbcTable


@dataclass(frozen=True)
class DatabaseKind:
    """`tables` are what is read, by their declarations: columns that these don't name (arrays, notes) never leave the database.

    A table's `source_name` may have its schema before a point; without one it is in the schema of the settings.
    `rows` has for each entity of `entities.py`, by its name, a SELECT of Spark SQL that gives its columns. `{<name>}` in it stands for the
    rows of a table, `{currency}` and `{price_includes_tax}` for the settings' values. A column that it leaves out is null. An id that is a
    number there stays that number. One that is text (a uuid, an article number) gets one from `bronze.database_keys`.
    """

    name: str
    description: str
    tables: tuple[JdbcTable, ...]
    rows: Mapping[str, str]
    counts_as_sale: tuple[str, ...]

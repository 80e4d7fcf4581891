"""Spark SQL over Delta tables that the driver answers from their files, by DuckDB, where it is sure to give Spark's rows."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa

from lakehouse.io.delta import delta_files
from lakehouse.spark_sql import Columns, Translated, kind_of, translated


class SparkSqlHere:
    """Asks tables that `open_table` gives by their names, for delta-rs. It raises NotOnTheList for one that only Spark can read."""

    def __init__(self, open_table: Callable[[str], Any]) -> None:
        self._open = cache(open_table)
        self._columns_of = cache(self._parsed)

    def translated(self, query: str) -> Translated:
        """The query in DuckDB's words; NotOnTheList, with the reason, if Spark must be asked."""
        return translated(query, self._columns_of)

    def answer(self, query: Translated) -> pa.Table:
        """Its rows: times are UTC without a zone, decimals have Spark's scales. delta_files.UNREADABLE where files are not as told."""
        tables = {name: (self._open(name), self._types(name)) for name in query.tables}
        return delta_files.ask_tables(query.sql, tables)

    def _types(self, name: str) -> dict[str, str]:
        """DuckDB's types of the columns that a query may ask for."""
        return {column: str(kind) for column, kind in self._columns_of(name) if kind is not None}

    def _parsed(self, name: str) -> Columns:
        fields = json.loads(delta_files.schema_json(self._open(name)))["fields"]
        return [(field["name"], kind_of(field["type"])) for field in fields]

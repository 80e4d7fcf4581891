"""Delta tables by name: where they are, their versions, and their rows, for Spark or for the driver."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lakehouse.arrow_frames import frame_from
from lakehouse.io.delta import delta_files
from lakehouse.io.delta.delta_files import TableVersion
from lakehouse.io.delta.delta_log import MAINTENANCE
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.files.stored_files import StoredFiles
from lakehouse.table import Column, Table, schema_of

# How Spark says that a table is not there: as a folder, in a catalog.
NOT_THERE = ("DELTA_MISSING_DELTA_TABLE", "DELTA_PATH_DOES_NOT_EXIST", "TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND")
# Maintenance leaves fewer commits than this, one after the other.
LOOK_BACK = 20
# A table of up to so many rows, and a frame that follows from tables of so many, is held by the driver.
SMALL_ROWS = 1_000_000
# So many times as many rows are still read by the driver where all that it keeps of them is an answer.
ASKED_TIMES = 20


class DeltaReader(StoredFiles):
    """The tables of a lake, by their names `<layer>.<table>`, where `tables` finds them.

    `spark` is a session, or a function that starts one when it is needed. `small_rows`: what has more rows is Spark's (0: everything).
    """

    def __init__(self, spark: SparkSession | Callable[[], SparkSession], tables: TableResolver, small_rows: int = SMALL_ROWS) -> None:
        self._session, self.tables, self._small_rows = spark, tables, small_rows

    @cached_property
    def spark(self) -> SparkSession:
        """The Spark session. It is started when it is asked for the first time."""
        return self._session() if callable(self._session) else self._session

    def head(self, name: str) -> TableVersion | None:
        """Identity and latest version of the rows; None where the table is not there."""
        if (path := self.tables.local_path(name)) is not None:
            return delta_files.head(path)
        table = self.tables.identifier(name)
        try:
            identity = self.spark.sql(f"DESCRIBE DETAIL {table}").select("id").first()
            # Without an id it is a folder that somebody began to write to.
            if identity is None or identity["id"] is None:
                return None
            commits = self.spark.sql(f"DESCRIBE HISTORY {table} LIMIT {LOOK_BACK}").select("version", "operation").collect()
        except AnalysisException as error:
            if error.getCondition() in NOT_THERE:
                return None
            raise
        # Newest first.
        version = next((row["version"] for row in commits if row["operation"] not in MAINTENANCE), commits[-1]["version"])
        return TableVersion(str(identity[0]), int(version))

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """A version of the table, by default the latest. Of one that Delta's own reader is not needed for, its files."""
        if (table := self.opened(name, version)) is not None:
            schema, files = StructType.fromJson(json.loads(delta_files.schema_json(table))), delta_files.files_of(table)
            return self.spark.read.schema(schema).parquet(*files) if files else frame_from(self.spark, [], schema)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.table(self.tables.identifier(name))

    def arrow(self, name: str, columns: Sequence[str] = (), where: str = "", version: int | None = None) -> pa.Table:
        """Rows for the driver: the columns (all, if none is named) of those for which the SQL condition holds. The table must be there."""
        if (table := self.opened(name, version)) is not None:
            return delta_files.rows_of(table, columns, where)
        frame = self.read(name, version)
        return (frame.where(where) if where else frame).select(*columns or ["*"]).toArrow()

    def rows(self, table: Table, columns: Sequence[str] = (), where: str = "") -> list[dict[str, Any]]:
        """The latest rows of a small table as dictionaries, times with their zone, UTC; none of a table that is not there.

        A declared column that rows are older than holds None.
        """
        wanted = list(columns) or table.column_names
        if self.head(table.name) is None:
            return []
        return _as_wanted(self.arrow(table.name, self._there(table, wanted), where), wanted)

    def newest(self, table: Table, by: Sequence[str], at: str, columns: Sequence[str] = (), where: str = "true") -> list[dict[str, Any]]:
        """As `rows`, but of each combination of `by` only those with the greatest `at`: what is old is left where it is."""
        wanted = list(columns) or table.column_names
        if self.head(table.name) is None:
            return []
        there = self._there(table, wanted)
        if (local := self.opened(table.name)) is not None:
            return _as_wanted(delta_files.newest_rows(local, by, at, there, where), wanted)
        frame = self.read(table.name).where(where)
        greatest = F.max(at).over(Window.partitionBy(*by))
        return _as_wanted(frame.withColumn("_newest", greatest).where(F.col(at) == F.col("_newest")).select(*there).toArrow(), wanted)

    def _there(self, table: Table, wanted: Iterable[str]) -> list[str]:
        there = set(self.column_names(table.name))
        return [name for name in wanted if name in there]

    def count(self, name: str, version: int | None = None) -> int:
        """Rows of a version; from the log where it says so."""
        table = self.opened(name, version)
        known = None if table is None else delta_files.row_count(table)
        return self.read(name, version).count() if known is None else known

    def question(self, sql: str, **tables: str) -> list[dict[str, Any]]:
        """The answer to SQL, as dictionaries."""
        return self.answer(sql, **tables).to_pylist()

    def answer(self, sql: str, **tables: str) -> pa.Table:
        """The answer to SQL that Spark and DuckDB understand alike; `{rows}`, which may stand there once, is the table given as `rows`.

        Latest versions are asked. The driver asks the tables' files itself unless they have very many rows.
        """
        here = {alias: self.opened(name) for alias, name in tables.items()}
        if all(table is not None for table in here.values()) and self._is_asked(self._counts(here.values())):
            data = {alias: delta_files.stream(table, sql) for alias, table in here.items() if f"{{{alias}}}" in sql}
            return delta_files.ask(sql.format(**{alias: alias for alias in tables}), **data)
        frames: dict[str, Any] = {alias: self.read(name) for alias, name in tables.items()}
        return self.spark.sql(sql, **frames).toArrow()

    def opened_to_ask(self, name: str, version: int) -> Any:
        """A version for the driver to ask its files; None where it is Spark's, or has very many rows. Versions below 0 are none."""
        table = self.opened(name, version) if version >= 0 else None
        return table if table is not None and self._is_asked(self._counts([table])) else None

    def _counts(self, tables: Iterable[Any]) -> float:
        counts = [delta_files.row_count(table) for table in tables]
        return sum(inf if count is None else count for count in counts)

    def is_small(self, tables: Mapping[str, TableVersion], fan_out: int = 1) -> bool:
        """Whether these tables have so few rows that what follows from them, so many rows for each of theirs, is held by the driver."""
        found = [self.opened(name, head.version) for name, head in tables.items() if head.version >= 0]
        return None not in found and self.holds(self._counts(found) * fan_out)

    def holds(self, rows: float) -> bool:
        """Whether the driver holds so many rows."""
        return self.tables.is_local and self._small_rows > 0 and rows <= self._small_rows

    def asks(self, rows: float) -> bool:
        """Whether the driver asks so many rows itself, where all that it keeps of them is an answer."""
        return self.tables.is_local and self._is_asked(rows)

    def _is_asked(self, rows: float) -> bool:
        return rows <= self._small_rows * ASKED_TIMES

    def opened(self, name: str, version: int | None = None) -> Any:
        """The table for delta-rs; None where it is Spark's."""
        path = self.tables.local_path(name)
        return delta_files.opened(path, version) if self._small_rows and path is not None else None

    def column_names(self, name: str, version: int | None = None) -> list[str]:
        """Of a version of the table, by default the latest."""
        table = self.opened(name, version)
        return self.read(name, version).columns if table is None else [field.name for field in table.schema().fields]

    def changes(self, name: str, first: int, last: int) -> DataFrame:
        """The change feed of the versions first..last, both included."""
        options = {"readChangeFeed": "true", "startingVersion": str(first), "endingVersion": str(last)}
        return self.spark.read.format("delta").options(**options).table(self.tables.identifier(name))

    def feed(self, name: str, first: int, last: int) -> pa.RecordBatchReader | None:
        """The change feed for the driver; None where it is Spark's."""
        table = self.opened(name)
        return None if table is None else delta_files.change_feed(table, first, last)

    def stored_version(self, name: str, version: int) -> int:
        """The newest version with the same rows, in fewer files, of a table on this machine. Elsewhere the version itself."""
        path = self.tables.local_path(name)
        return version if path is None else delta_files.stored_version(path, version)

    def commit_metadata_since(self, name: str, version: int) -> list[str]:
        """What commits after `version` say of themselves, but for maintenance (OPTIMIZE, VACUUM, ...): it leaves rows as they were."""
        if (table := self.opened(name)) is not None:
            return [metadata for operation, metadata in delta_files.commits_since(table, version) if operation not in MAINTENANCE]
        later = self.spark.sql(f"DESCRIBE HISTORY {self.tables.identifier(name)}").where(F.col("version") > version)
        notes = later.where(~F.col("operation").isin(*MAINTENANCE)).select(F.coalesce("userMetadata", F.lit("")))
        return [row[0] for row in notes.collect()]

    def latest(self, table: Table) -> DataFrame:
        """The declared columns as they stand now, also of a run that died before it was recorded; no rows where there is no table.

        A column that the table does not have yet is null.
        """
        head = self.head(table.name)
        if head is None:
            return self.empty(table.columns)
        rows = self.read(table.name, head.version)
        return rows.select(*(c.name if c.name in rows.columns else F.lit(None).cast(c.type).alias(c.name) for c in table.columns))

    def empty(self, columns: Iterable[Column]) -> DataFrame:
        """A frame of these columns without rows."""
        return frame_from(self.spark, [], schema_of(columns))


def _as_wanted(rows: pa.Table, wanted: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in wanted} for row in rows.to_pylist()]

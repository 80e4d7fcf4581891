"""The three ways to write a Delta table: replace, sync, append.

What is small and on this machine is written without Spark (`delta_files.py`): rows that a driver has in memory anyway. All else
is Spark's, with the same result.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, local
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

from lakehouse.arrow_frames import arrow_rows, declared_schema, frame_from
from lakehouse.io.delta import delta_files
from lakehouse.io.delta.changed_rows import CHANGE, DELETE, INSERT, UPDATE, differences, differences_in_spark, refuse_collapse
from lakehouse.io.delta.delta_files import TableVersion
from lakehouse.io.delta.delta_reader import SMALL_ROWS, DeltaReader
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.scope import Scope
from lakehouse.table import Table, conform, schema_of

__all__ = ["DeltaStore", "TableVersion", "Written"]

# Delta refuses to read a version that was superseded longer ago than this, vacuumed or not; what is published must stay readable.
RETENTION = {"delta.deletedFileRetentionDuration": "interval 3650 days", "delta.logRetentionDuration": "interval 3650 days"}
# More changed rows than this are merged from the frame; fewer are collected, which spares computing them twice.
COLLECT_AT_MOST = 20_000
# The setting whose value every commit of the session carries.
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
PROPERTIES = {"delta.enableChangeDataFeed": "true", **RETENTION}


@dataclass(frozen=True)
class Written:
    """What a write did, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


class DeltaStore(DeltaReader):
    """The same tables, to be written. `commit_metadata`: what the next commits say of themselves. `before_commit` may raise to stop one."""

    def __init__(self, spark: SparkSession | Callable[[], SparkSession], tables: TableResolver, small_rows: int = SMALL_ROWS) -> None:
        super().__init__(spark, tables, small_rows)
        self.commit_metadata = ""
        self.before_commit: Callable[[], None] = lambda: None
        self._of_thread, self._spark_commits = local(), Lock()

    @contextmanager
    def commits_marked(self, metadata: str) -> Iterator[None]:
        """Commits of this thread within carry this text."""
        self._of_thread.metadata = metadata
        try:
            yield
        finally:
            del self._of_thread.metadata

    @property
    def _metadata(self) -> str:
        """Of the commit that is about to be made."""
        self.before_commit()
        return getattr(self._of_thread, "metadata", self.commit_metadata)

    def replace(self, name: str, frame: DataFrame | pa.Table) -> None:
        """The table is the frame afterwards, columns included."""
        if isinstance(frame, pa.Table):
            return delta_files.replace(self.tables.folder(name), frame, self._metadata, PROPERTIES)
        self._write(name, frame, "overwrite", overwriteSchema="true")

    def append(self, name: str, frame: DataFrame | pa.Table) -> None:
        """Add the frame's rows; new columns are added to the table."""
        if isinstance(frame, pa.Table):
            return delta_files.append(self.tables.folder(name), frame, self._metadata, PROPERTIES)
        self._write(name, frame, "append", mergeSchema="true")

    def append_rows(self, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
        """Append records, given by column, in one commit and one file. Without any nothing is written."""
        values = [tuple(row.get(name) for name in table.column_names) for row in rows]
        if not values:
            return
        if self._small_rows and self.tables.local_path(table.name) is not None:
            self.append(table.name, arrow_rows(values, schema_of(table.columns)).cast(declared_schema(table)))
        else:
            self.append(table.name, conform(frame_from(self.spark, values, schema_of(table.columns)).coalesce(1), table))

    def _write(self, name: str, frame: DataFrame, mode: str, **options: str) -> None:
        with self.spark_commits_marked():
            self._save(_with_properties(frame.write.format("delta").mode(mode).options(**options)), name)

    def _save(self, writer: DataFrameWriter, name: str) -> None:
        if (path := self.tables.path(name)) is not None:
            return writer.save(path)
        schema = self.tables.schema(name)
        # Who may write to a schema may not always make one.
        if not self.spark.catalog.databaseExists(schema):
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        writer.saveAsTable(self.tables.identifier(name))

    @contextmanager
    def spark_commits_marked(self) -> Iterator[None]:
        """The session's commits carry the text of this thread. One at a time: the session has one setting for all threads."""
        with self._spark_commits:
            self.spark.conf.set(USER_METADATA, self._metadata)
            yield

    def drop(self, name: str) -> None:
        """Remove the table with all its versions. One that is not there is fine.

        On this machine it is gone at once, however long its files take: half a table could not be read.
        """
        if (local := self.tables.local_path(name)) is not None:
            self.finish_drop(name)
            if Path(local).exists():
                os.replace(local, _gone(local))
            self.finish_drop(name)
        elif (path := self.tables.path(name)) is not None:
            self.delete_folder(path)
        else:
            self.spark.sql(f"DROP TABLE IF EXISTS {self.tables.identifier(name)}")

    def finish_drop(self, name: str) -> None:
        """Delete what a process that was killed left of a table that it dropped."""
        if (local := self.tables.local_path(name)) is not None:
            self.delete_folder(_gone(local))

    def replace_where(self, name: str, frame: DataFrame, condition: str) -> None:
        """In one commit: rows for which the condition holds go, those of the frame (for which it holds too) come."""
        if self.head(name) is None:
            return self.append(name, frame)
        with self.spark_commits_marked():
            self._save(frame.write.format("delta").mode("overwrite").option("replaceWhere", condition), name)

    def sync(
        self,
        table: Table,
        frame: DataFrame | pa.Table,
        scope: Scope | None = None,
        max_delete_share: float = 1,
        within: tuple[str, ...] = (),
    ) -> Written:
        """Make the table, or its part in `scope`, equal to the frame by touching only rows that differ. Equal: no commit.

        `within` names columns: only rows whose values in them stand in the frame take part. Keys of the frame must be unique, known
        and within the scope; the runner checks that. CollapseError (65), and nothing written, if more than `max_delete_share` of the
        shops' (without a scope: the table's) rows would go.
        """
        if self.head(table.name) is None:
            count = frame.num_rows if isinstance(frame, pa.Table) else frame.count()
            self.replace(table.name, frame)
            return Written(inserted=count)
        if isinstance(frame, pa.Table):
            there = self.opened(table.name)
            if there is not None and there.schema().to_arrow().names == frame.schema.names and not within:
                return self._sync_here(table, frame, there, scope, max_delete_share)
            frame = self.spark.createDataFrame(frame, schema_of(table.columns))
        return self._sync_in_spark(table, conform(frame, table), scope, max_delete_share, within)

    def _sync_here(self, table: Table, new: pa.Table, there: Any, scope: Scope | None, max_delete_share: float) -> Written:
        """The driver compares; what differs is merged."""
        old = delta_files.rows_of(there, table.column_names, "" if scope is None else scope.condition(table.scope))
        changes = differences(old, new, table.key)
        counts = Counter(changes.column(CHANGE).to_pylist())
        if counts[DELETE] and max_delete_share < 1:
            rows = len(delta_files.rows_of(there, table.key[:1], "" if scope is None else scope.shops()))
            refuse_collapse(table.name, counts[DELETE], rows, max_delete_share)
        if set(counts) == {INSERT}:
            self.append(table.name, changes.drop_columns(CHANGE))
        elif counts:
            self._merge(table, changes, scope)
        return Written(counts[INSERT], counts[UPDATE], counts[DELETE])

    def _sync_in_spark(
        self, table: Table, frame: DataFrame, scope: Scope | None, max_delete_share: float, within: tuple[str, ...]
    ) -> Written:
        old = self.read(table.name)
        if _shape(old) != _shape(frame):
            return self._rewrite(table, frame, scope, within)
        part = old if scope is None else old.where(scope.condition(table.scope))
        if within:
            part = part.join(frame.select(*within).distinct(), list(within), "left_semi").select(*old.columns)
        changes = differences_in_spark(part, frame, table.key)
        rows = changes.limit(COLLECT_AT_MOST + 1).toArrow()
        if rows.num_rows <= COLLECT_AT_MOST:
            changes = self.spark.createDataFrame(rows, schema=changes.schema)
            counts = Counter(rows.column(CHANGE).to_pylist())
        else:
            changes = changes.persist()
            counts = Counter({row[0]: row[1] for row in changes.groupBy(CHANGE).count().collect()})
        if counts[DELETE] and max_delete_share < 1:
            there = old if scope is None else old.where(scope.shops())
            refuse_collapse(table.name, counts[DELETE], there.count(), max_delete_share)
        if set(counts) == {INSERT}:
            self.append(table.name, changes.drop(CHANGE))
        elif counts:
            self._merge(table, changes, scope)
        changes.unpersist()
        return Written(counts[INSERT], counts[UPDATE], counts[DELETE])

    def _merge(self, table: Table, changes: DataFrame | pa.Table, scope: Scope | None) -> None:
        if isinstance(changes, pa.Table):
            bounds = "" if scope is None else scope.bounds(table.scope, "old.")
            return delta_files.merge(self.tables.folder(table.name), changes, table.key, CHANGE, bounds, self._metadata)
        parts = [f"old.`{key}` = new.`{key}`" for key in table.key]
        on = " AND ".join(parts if scope is None else [*parts, scope.bounds(table.scope, "old.")])
        columns, values = [f"`{name}`" for name in table.column_names], [f"new.`{name}`" for name in table.column_names]
        statement = f"""
            MERGE INTO {self.tables.identifier(table.name)} AS old USING {{changes}} AS new ON {on}
            WHEN MATCHED AND new.{CHANGE} = '{DELETE}' THEN DELETE
            WHEN MATCHED THEN UPDATE SET {", ".join(f"{name} = {value}" for name, value in zip(columns, values, strict=True))}
            WHEN NOT MATCHED AND new.{CHANGE} = '{INSERT}' THEN INSERT ({", ".join(columns)}) VALUES ({", ".join(values)})
        """
        with self.spark_commits_marked():
            self.spark.sql(statement, changes=changes)

    def _rewrite(self, table: Table, frame: DataFrame, scope: Scope | None, within: tuple[str, ...]) -> Written:
        """The declared columns changed: write the table anew. Rows outside the scope keep the columns that both have."""
        count = frame.count()
        if scope is not None or within:
            others = self.read(table.name)
            if scope is not None:
                others = others.where(f"NOT {scope.condition(table.scope)}")
            if within:
                others = others.join(frame.select(*within).distinct(), list(within), "left_anti")
            common = others.select([name for name in others.columns if name in frame.columns])
            frame = frame.unionByName(common, allowMissingColumns=True)
        self.replace(table.name, frame)
        return Written(inserted=count)


def _gone(path: str) -> str:
    """Where a table's folder is while its files are deleted."""
    return f"{path}.gone"


def _with_properties(writer: DataFrameWriter) -> DataFrameWriter:
    return writer.options(**PROPERTIES)


def _shape(frame: DataFrame) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in frame.schema]

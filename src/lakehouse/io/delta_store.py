"""Delta tables by name: where they are, their versions, and the three ways to write: replace, sync, append.

What is small and on this machine is read and written without Spark (`delta_files.py`): rows that a driver has in memory anyway. All else
is Spark's, with the same result.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import pyarrow as pa
from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lakehouse.errors import CollapseError
from lakehouse.frames import arrow_rows, arrow_schema, frame_from
from lakehouse.io import delta_files
from lakehouse.io.delta_files import Head, quoted
from lakehouse.scope import Scope
from lakehouse.table import Column as TableColumn
from lakehouse.table import Table, conform, schema_of

# Delta refuses to read a version that was superseded longer ago than this, vacuumed or not; what is published must stay readable.
RETENTION = {"delta.deletedFileRetentionDuration": "interval 3650 days", "delta.logRetentionDuration": "interval 3650 days"}
# More changed rows than this are merged from the frame; fewer are collected, which spares computing them twice.
COLLECT_AT_MOST = 20_000
# Up to so many rows may go at once whatever their share: a small table is no sign of a half-loaded source.
FEW_ROWS = 10
CHANGE, INSERT, UPDATE, DELETE = "_lakehouse_change", "insert", "update", "delete"
# The setting whose value every commit of the session carries.
NOTE = "spark.databricks.delta.commitInfo.userMetadata"
MAINTENANCE = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES")
PROPERTIES = {"delta.enableChangeDataFeed": "true", **RETENTION}
# A table of up to so many rows, and a frame that follows from tables of so many, is held by the driver.
SMALL_ROWS = 1_000_000
# So many times as many rows are still read by the driver where all that it keeps of them is an answer.
ASKED_TIMES = 20


@dataclass(frozen=True)
class Written:
    """What a write did, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


class DeltaStore:
    """The tables under a lake's roots. Names are `<layer>.<table>`; the layer `vault` has a root of its own.

    `spark` is a session, or a function that starts one when it is needed. `small_rows`: what has more rows is Spark's (0: everything).
    """

    def __init__(
        self, spark: SparkSession | Callable[[], SparkSession], lake_root: str, vault_root: str, small_rows: int = SMALL_ROWS
    ) -> None:
        self._session, self._small_rows = spark, small_rows
        self._lake_root, self._vault_root = lake_root.rstrip("/"), vault_root.rstrip("/")
        self.note = ""

    @cached_property
    def spark(self) -> SparkSession:
        return self._session() if callable(self._session) else self._session

    def path(self, name: str) -> str:
        layer, table = name.split(".")
        is_personal = layer == "vault" or table.startswith("vault__")  # the second: rows of the vault in quarantine
        return f"{self._vault_root if is_personal else self._lake_root}/{layer}/{table}"

    def delete_folder(self, path: str) -> None:
        """Remove a folder with all in it, on any file system that Spark knows; one that is not there is fine."""
        at, files = self._hadoop(path)
        files.delete(at, True)

    def keep_file(self, local: str, path: str) -> None:
        """Copy a local file to `path`, on any file system that Spark knows, over what is there."""
        at, files = self._hadoop(path)
        files.copyFromLocalFile(False, True, self._hadoop(f"file:{local}")[0], at)

    def keep_folder(self, local: str, path: str) -> None:
        """Copy a local folder to `path`, in place of one that is there."""
        self.delete_folder(path)
        self.keep_file(local, path)

    def fetch_file(self, path: str, local: str) -> None:
        """The other way round."""
        at, files = self._hadoop(path)
        files.copyToLocalFile(False, at, self._hadoop(f"file:{local}")[0], True)

    def has_file(self, path: str) -> bool:
        at, files = self._hadoop(path)
        return bool(files.exists(at))

    def names_in(self, path: str) -> list[str]:
        """Of the files and folders there; none of a folder that is not there."""
        at, files = self._hadoop(path)
        return [found.getPath().getName() for found in files.listStatus(at)] if files.exists(at) else []

    def _hadoop(self, path: str) -> tuple[Any, Any]:
        """The path and its file system, as Spark knows them."""
        at = self.spark._jvm.org.apache.hadoop.fs.Path(path)  # type: ignore[union-attr]
        return at, at.getFileSystem(self.spark._jsparkSession.sessionState().newHadoopConf())

    def head(self, name: str) -> Head | None:
        """Identity and latest version; None where the table is not there."""
        path = self.path(name)
        if delta_files.is_local(path):
            return delta_files.head(path)
        if not DeltaTable.isDeltaTable(self.spark, path):
            return None
        table = DeltaTable.forPath(self.spark, path)
        identity, last = table.detail().select("id").first(), table.history(1).select("version").first()
        assert identity is not None and last is not None
        return Head(str(identity[0]), int(last[0]))

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """A version of the table, by default the latest. Of one that Delta's own reader is not needed for, its files."""
        if (table := self._local(name, version)) is not None:
            schema, files = StructType.fromJson(json.loads(delta_files.schema_json(table))), delta_files.files_of(table)
            return self.spark.read.schema(schema).parquet(*files) if files else frame_from(self.spark, [], schema)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(name))

    def arrow(self, name: str, columns: Sequence[str] = (), where: str = "", version: int | None = None) -> pa.Table:
        """Rows for the driver: the columns (all, if none is named) of those for which the SQL condition holds. The table must be there."""
        if (table := self._local(name, version)) is not None:
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
        there = set(self._column_names(table.name))
        found = self.arrow(table.name, [name for name in wanted if name in there], where).to_pylist()
        return [{name: row.get(name) for name in wanted} for row in found]

    def count(self, name: str, version: int | None = None) -> int:
        """Rows of a version; from the log where it says so."""
        table = self._local(name, version)
        known = None if table is None else delta_files.row_count(table)
        return self.read(name, version).count() if known is None else known

    def question(self, sql: str, **tables: str) -> list[dict[str, Any]]:
        """The answer to SQL that Spark and DuckDB understand alike; `{rows}`, which may stand there once, is the table given as `rows`.

        Latest versions are asked. The driver asks the tables' files itself unless they have very many rows.
        """
        here = {alias: self._local(name) for alias, name in tables.items()}
        if all(table is not None for table in here.values()) and self._counts(here.values()) <= self._small_rows * ASKED_TIMES:
            data = {alias: delta_files.stream(table, sql) for alias, table in here.items() if f"{{{alias}}}" in sql}
            return delta_files.ask(sql.format(**{alias: alias for alias in tables}), **data).to_pylist()
        frames: dict[str, Any] = {alias: self.read(name) for alias, name in tables.items()}
        return self.spark.sql(sql, **frames).toArrow().to_pylist()

    def _counts(self, tables: Iterable[Any]) -> float:
        counts = [delta_files.row_count(table) for table in tables]
        return sum(inf if count is None else count for count in counts)

    def is_small(self, tables: Mapping[str, Head], fan_out: int = 1) -> bool:
        """Whether these tables have so few rows that what follows from them, so many rows for each of theirs, is held by the driver."""
        found = [self._local(name, head.version) for name, head in tables.items() if head.version >= 0]
        return None not in found and self.holds(self._counts(found) * fan_out)

    def holds(self, rows: float) -> bool:
        """Whether the driver holds so many rows."""
        is_here = delta_files.is_local(self._lake_root) and delta_files.is_local(self._vault_root)
        return is_here and self._small_rows > 0 and rows <= self._small_rows

    def _local(self, name: str, version: int | None = None) -> Any:
        """The table for delta-rs; None where it is Spark's."""
        path = self.path(name)
        return delta_files.opened(path, version) if self._small_rows and delta_files.is_local(path) else None

    def _column_names(self, name: str) -> list[str]:
        table = self._local(name)
        return self.read(name).columns if table is None else [field.name for field in table.schema().fields]

    def empty(self, columns: Iterable[TableColumn]) -> DataFrame:
        """A frame of these columns without rows."""
        return frame_from(self.spark, [], schema_of(columns))

    def changes(self, name: str, first: int, last: int) -> DataFrame:
        """The change feed of the versions first..last, both included."""
        options = {"readChangeFeed": "true", "startingVersion": str(first), "endingVersion": str(last)}
        return self.spark.read.format("delta").options(**options).load(self.path(name))

    def feed(self, name: str, first: int, last: int) -> pa.RecordBatchReader | None:
        """The change feed for the driver; None where it is Spark's."""
        table = self._local(name)
        return None if table is None else delta_files.change_feed(table, first, last)

    def notes_since(self, name: str, version: int) -> list[str]:
        """The notes of all commits after `version` but maintenance (OPTIMIZE, VACUUM, properties), which leaves the rows as they were."""
        if (table := self._local(name)) is not None:
            return [note for operation, note in delta_files.commits_since(table, version) if operation not in MAINTENANCE]
        later = DeltaTable.forPath(self.spark, self.path(name)).history().where(F.col("version") > version)
        notes = later.where(~F.col("operation").isin(*MAINTENANCE)).select(F.coalesce("userMetadata", F.lit("")))
        return [row[0] for row in notes.collect()]

    @contextmanager
    def noted(self, note: str) -> Iterator[None]:
        """Commits within carry this note."""
        before, self.note = self.note, note
        try:
            yield
        finally:
            self.note = before

    def replace(self, name: str, frame: DataFrame | pa.Table) -> None:
        """The table is the frame afterwards, columns included."""
        if isinstance(frame, pa.Table):
            return delta_files.replace(self.path(name), frame, self.note, PROPERTIES)
        self._write(name, frame, "overwrite", overwriteSchema="true")

    def append(self, name: str, frame: DataFrame | pa.Table) -> None:
        if isinstance(frame, pa.Table):
            return delta_files.append(self.path(name), frame, self.note, PROPERTIES)
        self._write(name, frame, "append", mergeSchema="true")

    def append_rows(self, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
        """Append records, given by column, in one commit and one file. Without any nothing is written."""
        values = [tuple(row.get(name) for name in table.column_names) for row in rows]
        if not values:
            return
        if self._small_rows and delta_files.is_local(self.path(table.name)):
            self.append(table.name, arrow_rows(values, schema_of(table.columns)).cast(declared_schema(table)))
        else:
            self.append(table.name, conform(frame_from(self.spark, values, schema_of(table.columns)).coalesce(1), table))

    def _write(self, name: str, frame: DataFrame, mode: str, **options: str) -> None:
        self._note_spark()
        _with_properties(frame.write.format("delta").mode(mode).options(**options)).save(self.path(name))

    def _note_spark(self) -> None:
        self.spark.conf.set(NOTE, self.note)

    def replace_where(self, name: str, frame: DataFrame, condition: str) -> None:
        """In one commit: rows for which the condition holds go, those of the frame (for which it holds too) come."""
        if self.head(name) is None:
            return self.append(name, frame)
        self._note_spark()
        frame.write.format("delta").mode("overwrite").option("replaceWhere", condition).save(self.path(name))

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
            there = self._local(table.name)
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
            bounds = "" if scope is None else scope.bounds(table.scope, "old.")
            delta_files.merge(self.path(table.name), changes, table.key, CHANGE, bounds, self.note)
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
        changes = _diff(part, frame, table.key)
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

    def _merge(self, table: Table, changes: DataFrame, scope: Scope | None) -> None:
        parts = [f"old.`{key}` = new.`{key}`" for key in table.key]
        on = F.expr(" AND ".join(parts if scope is None else [*parts, scope.bounds(table.scope, "old.")]))
        self._note_spark()
        values: dict[str, str | Column] = {name: f"new.`{name}`" for name in table.column_names}
        (
            DeltaTable.forPath(self.spark, self.path(table.name))
            .alias("old")
            .merge(changes.alias("new"), on)
            .whenMatchedDelete(f"new.{CHANGE} = '{DELETE}'")
            .whenMatchedUpdate(set=values)
            .whenNotMatchedInsert(f"new.{CHANGE} = '{INSERT}'", values=values)
            .execute()
        )

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


def refuse_collapse(name: str, deleted: int, there: int, max_share: float) -> None:
    """CollapseError (65) if so much goes that the source rather looks half loaded. A few rows may always go, unless none is left."""
    if deleted > max_share * there and (deleted > FEW_ROWS or deleted == there):
        raise CollapseError(
            f"{name}: {deleted} of {there} rows are gone from the source, more than {max_share:.0%}; the table stays as it was",
            f"look at the source; if it is right, run again with --accept-deletes {name}",
            deleted,
            there,
        )


def _with_properties(writer: DataFrameWriter) -> DataFrameWriter:
    return writer.options(**PROPERTIES)


def _shape(frame: DataFrame) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in frame.schema]


def declared_schema(table: Table) -> pa.Schema:
    """The table's columns for Arrow, with their comments, which Delta keeps."""
    fields = zip(arrow_schema(schema_of(table.columns)), table.columns, strict=True)
    return pa.schema([pa.field(field.name, field.type, True, {"comment": column.comment}) for field, column in fields])


def differences(old: pa.Table, new: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows that differ: the new values (of a deleted row the old ones) and what to do, in the column CHANGE. Nulls are equal."""
    by = ", ".join(map(quoted, key))
    names = [quoted(name) for name in new.schema.names]
    is_other = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in names if name.strip('"') not in key) or "false"
    taken = ", ".join(f"CASE WHEN n._there IS NULL THEN o.{name} ELSE n.{name} END AS {name}" for name in names)
    kind = f"CASE WHEN o._there IS NULL THEN '{INSERT}' WHEN n._there IS NULL THEN '{DELETE}' ELSE '{UPDATE}' END"
    found = delta_files.ask(
        f"SELECT {kind} AS {CHANGE}, {taken} FROM (SELECT *, true AS _there FROM old) o FULL OUTER JOIN"
        f" (SELECT *, true AS _there FROM new) n USING ({by}) WHERE o._there IS NULL OR n._there IS NULL OR {is_other}",
        old=old,
        new=new,
    )
    return found.cast(pa.schema([pa.field(CHANGE, pa.string()), *new.schema]))


def _diff(old: DataFrame, new: DataFrame, key: tuple[str, ...]) -> DataFrame:
    """The rows that differ: the new values (of a deleted row the old ones) and what to do, in the column CHANGE."""
    before = old.select(*key, F.struct(*old.columns).alias("before"))
    after = new.select(*key, F.struct(*old.columns).alias("after"))
    kind = F.when(F.col("before").isNull(), INSERT).when(F.col("after").isNull(), DELETE).otherwise(UPDATE)
    return (
        before.join(after, list(key), "full_outer")
        .where(~F.col("before").eqNullSafe(F.col("after")))
        .select(kind.alias(CHANGE), F.coalesce("after", "before").alias("row"))
        .select(CHANGE, "row.*")
    )

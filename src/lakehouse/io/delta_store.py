"""Delta tables by name: where they are, their versions, and the three ways to write: replace, sync, append."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import CollapseError
from lakehouse.frames import frame_from
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


@dataclass(frozen=True)
class Head:
    """A table's identity and latest version. Another id means that the table was made anew."""

    table_id: str
    version: int


@dataclass(frozen=True)
class Written:
    """What a write did, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


class DeltaStore:
    """The tables under a lake's roots. Names are `<layer>.<table>`; the layer `vault` has a root of its own."""

    def __init__(self, spark: SparkSession, lake_root: str, vault_root: str) -> None:
        self.spark = spark
        self._lake_root, self._vault_root = lake_root.rstrip("/"), vault_root.rstrip("/")

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
        """Identity and latest version; None where the table is not there. Reads the log's tail only."""
        log = self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.spark._jsparkSession, self.path(name))  # type: ignore[union-attr]
        none = self.spark._jvm.scala.Option.empty()  # type: ignore[union-attr]
        snapshot = log.update(False, none, none)
        if snapshot.version() < 0:
            return None
        return Head(str(snapshot.metadata().id()), int(snapshot.version()))

    def read(self, name: str, version: int | None = None) -> DataFrame:
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(name))

    def empty(self, columns: Iterable[TableColumn]) -> DataFrame:
        """A frame of these columns without rows."""
        return frame_from(self.spark, [], schema_of(columns))

    def changes(self, name: str, first: int, last: int) -> DataFrame:
        """The change feed of the versions first..last, both included."""
        options = {"readChangeFeed": "true", "startingVersion": str(first), "endingVersion": str(last)}
        return self.spark.read.format("delta").options(**options).load(self.path(name))

    def notes_since(self, name: str, version: int) -> list[str]:
        """The notes of all commits after `version` but maintenance (OPTIMIZE, VACUUM, properties), which leaves the rows as they were."""
        later = DeltaTable.forPath(self.spark, self.path(name)).history().where(F.col("version") > version)
        notes = later.where(~F.col("operation").isin(*MAINTENANCE)).select(F.coalesce("userMetadata", F.lit("")))
        return [row[0] for row in notes.collect()]

    @contextmanager
    def noted(self, note: str) -> Iterator[None]:
        """Commits within carry this note."""
        before = self.spark.conf.get(NOTE, "")
        self.spark.conf.set(NOTE, note)
        try:
            yield
        finally:
            self.spark.conf.set(NOTE, before or "")

    def replace(self, name: str, frame: DataFrame) -> None:
        """The table is the frame afterwards, columns included."""
        writer = frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
        _with_properties(writer).save(self.path(name))

    def append(self, name: str, frame: DataFrame) -> None:
        writer = frame.write.format("delta").mode("append").option("mergeSchema", "true")
        _with_properties(writer).save(self.path(name))

    def append_rows(self, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
        """Append records, given by column, in one commit and one file. Without any nothing is written."""
        values = [tuple(row.get(name) for name in table.column_names) for row in rows]
        if values:
            frame = frame_from(self.spark, values, schema_of(table.columns))
            self.append(table.name, conform(frame.coalesce(1), table))

    def replace_where(self, name: str, frame: DataFrame, condition: str) -> None:
        """In one commit: rows for which the condition holds go, those of the frame (for which it holds too) come."""
        if self.head(name) is None:
            return self.append(name, frame)
        writer = frame.write.format("delta").mode("overwrite").option("replaceWhere", condition)
        writer.save(self.path(name))

    def sync(
        self, table: Table, frame: DataFrame, scope: Scope | None = None, max_delete_share: float = 1, within: tuple[str, ...] = ()
    ) -> Written:
        """Make the table, or its part in `scope`, equal to the frame by touching only rows that differ. Equal: no commit.

        `within` names columns: only rows whose values in them stand in the frame take part. Keys of the frame must be unique, known
        and within the scope; the runner checks that. CollapseError (65), and nothing written, if more than `max_delete_share` of the
        shops' (without a scope: the table's) rows would go.
        """
        if self.head(table.name) is None:
            count = frame.count()
            self.replace(table.name, frame)
            return Written(inserted=count)
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
        on = F.expr(" and ".join(f"old.`{key}` = new.`{key}`" for key in table.key))
        if scope is not None:
            on = on & scope.bounds(table.scope, "old.")
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
                others = others.where(~scope.condition(table.scope))
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
    return writer.options(**{"delta.enableChangeDataFeed": "true", **RETENTION})


def _shape(frame: DataFrame) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in frame.schema]


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

"""Delta tables on this machine's disks without Spark: by delta-rs, in milliseconds where a query of Spark takes tenths of a second.

What delta-rs can't read (deletion vectors, column mapping, partitions) is for Spark: `opened` gives None then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.dataset import Dataset
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from lakehouse.io.delta.delta_log import LastCommit, is_maintenance, last_commit
from lakehouse.table import quoted

# What tables of ours may need from who reads and writes them; anything else is Spark's.
READER_FEATURES: frozenset[str] = frozenset({"timestampNtz"})
WRITER_FEATURES: frozenset[str] = frozenset({"changeDataFeed", "invariants", "appendOnly", "timestampNtz"})
# What reading may raise: files that are gone, columns that are other ones.
UNREADABLE = (pa.ArrowException, duckdb.Error, DeltaError, OSError)
_newest: dict[str, tuple[LastCommit, DeltaTable, int]] = {}
_lock = Lock()


@dataclass(frozen=True)
class TableVersion:
    """A table's identity and the version of its rows. Another id means that the table was made anew.

    Maintenance (OPTIMIZE, VACUUM, properties) commits versions too, of the same rows: they do not count, the version before them does.
    """

    table_id: str
    version: int


def is_local(path: str) -> bool:
    """Whether a path is of this machine's disks. Unity Catalog's volumes are object stores that look like folders."""
    return "://" not in path and not path.startswith("/Volumes/")


def head(path: str) -> TableVersion | None:
    """Identity and latest version of the rows; None where no table is."""
    known = _known(path)
    return None if known is None else TableVersion(str(known[1].metadata().id), known[2])


def opened(path: str, version: int | None = None) -> DeltaTable | None:
    """The table, or a version of it as it is stored now, to be read here; None where there is none, or it is one for Spark."""
    known = _known(path)
    if known is None or not _is_plain(known[1]):
        return None
    table, stored = known[1], None if version is None else stored_version(path, version)
    return table if stored is None or stored == table.version() else DeltaTable(path, version=stored)


def stored_version(path: str, version: int) -> int:
    """The newest version with the same rows: maintenance after `version` put them into fewer files."""
    while is_maintenance(path, version + 1):
        version += 1
    return version


def files_of(table: DeltaTable) -> list[str]:
    """The Parquet files of the version, as paths."""
    return [unquote(uri.removeprefix("file://")) for uri in table.file_uris()]


def row_count(table: DeltaTable) -> int | None:
    """Rows of the version, from the log alone; None where a file's statistics are missing."""
    counts = pa.table(table.get_add_actions(flatten=True)).column("num_records").to_pylist()
    return None if None in counts else sum(counts)


def schema_json(table: DeltaTable) -> str:
    """As Spark's StructType.fromJson takes it."""
    return table.schema().to_json()


def dataset_of(table: DeltaTable) -> Dataset:
    """The rows as a data set whose files Arrow opens itself.

    delta-rs would give it a file system written in Python. A scan begins with Python's lock held. A thread of Arrow that has the scan's own
    lock and asks Python for a file would wait for ever.
    """
    return table.to_pyarrow_dataset(filesystem=SubTreeFileSystem(path_of(table), LocalFileSystem()))


def path_of(table: DeltaTable) -> str:
    """The folder of a table of this machine."""
    return unquote(table.table_uri.removeprefix("file://"))


def rows_of(table: DeltaTable, columns: Sequence[str] = (), where: str = "") -> pa.Table:
    """The columns (all, if none is named) of the rows for which the SQL condition holds."""
    dataset = dataset_of(table)
    names = list(columns) or dataset.schema.names
    if not where:
        return dataset.to_table(columns=names)
    selected = ", ".join(map(quoted, names))
    found = ask(f"SELECT {selected} FROM rows WHERE {where}", rows=stream(table, f"{selected} {where}"))
    return found.cast(pa.schema([dataset.schema.field(name) for name in names]))


def newest_rows(table: DeltaTable, by: Sequence[str], at: str, columns: Sequence[str], where: str) -> pa.Table:
    """Of each combination of `by` the rows with the greatest `at`, among those for which the SQL condition holds."""
    selected = ", ".join(map(quoted, columns))
    sql = f"SELECT {selected} FROM rows WHERE {where} QUALIFY {at} = max({at}) OVER (PARTITION BY {', '.join(map(quoted, by))})"
    return ask(sql, rows=stream(table, sql))


def stream(table: DeltaTable, sql: str) -> pa.RecordBatchReader:
    """The rows for a query that names the table once, of the columns whose names stand in its text.

    A stream and not the data set: files that delta-rs wrote say that their texts are of a kind that Arrow can't compare with others.
    """
    dataset = dataset_of(table)
    return dataset.scanner(columns=[name for name in dataset.schema.names if name in sql]).to_reader()


def ask(sql: str, /, **tables: object) -> pa.Table:
    """The answer to a query over Arrow tables, data sets or readers by their names. Times are UTC; nothing is spilled to a disk."""
    with _database().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql).to_arrow_table()


def ask_tables(sql: str, tables: Mapping[str, tuple[DeltaTable, Mapping[str, str]]]) -> pa.Table:
    """The answer to a query over tables by their names: for each its version, and DuckDB's types of the columns that may be asked for.

    Their files are read by DuckDB itself: it leaves out what no row of the answer needs. Times are UTC without a zone.
    """
    with _database().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, (table, types) in tables.items():
            connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS {_selection(connection, files_of(table), types)}")
        return connection.sql(sql).to_arrow_table()


def _selection(connection: duckdb.DuckDBPyConnection, files: Sequence[str], types: Mapping[str, str]) -> str:
    """The rows of Parquet files with these columns. What files are older than is null in their rows."""
    source, there = "(SELECT 1) WHERE false", set[str]()
    if files:
        paths = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        there = set(connection.sql(f"SELECT * FROM {source} LIMIT 0").columns)
    columns = [f"CAST({quoted(name) if name in there else 'NULL'} AS {kind}) AS {quoted(name)}" for name, kind in types.items()]
    return f"SELECT {', '.join(columns)} FROM {source}"


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """In memory and empty: cursors of it have views of their own."""
    return duckdb.connect(config={"temp_directory": ""})


def append(path: str, rows: pa.Table, metadata: str, properties: Mapping[str, str]) -> None:
    """Add the rows in one commit; the table is made with the properties if it is not there. New columns are added to it."""
    known, mode = _known(path), {}
    if known is not None:
        # The comments of columns that are there stay as they were: two different ones would be refused.
        there = set(known[1].schema().to_arrow().names)
        rows = rows.cast(pa.schema([field.remove_metadata() if field.name in there else field for field in rows.schema]))
        mode = {"schema_mode": "merge"}
    write_deltalake(path, rows, mode="append", configuration=properties, commit_properties=with_metadata(metadata), **mode)  # type: ignore[call-overload]


def replace(path: str, rows: pa.Table, metadata: str, properties: Mapping[str, str]) -> None:
    """The table has these rows and columns afterwards; made with the properties if it is not there."""
    mode = {"schema_mode": "overwrite"} if _known(path) is not None else {}
    write_deltalake(path, rows, mode="overwrite", configuration=properties, commit_properties=with_metadata(metadata), **mode)  # type: ignore[call-overload]


def merge(path: str, changes: pa.Table, key: Sequence[str], kind: str, bounds: str, metadata: str) -> None:
    """Apply changed rows in one commit: by the text in the column `kind` a row is to be inserted, updated or deleted.

    `bounds` is an SQL condition on `old` that holds for all rows that change: it leaves out files. Empty: all are looked at.
    """
    values = {name: f"new.{quoted(name)}" for name in changes.schema.names if name != kind}
    on = " AND ".join([*(f"old.{quoted(name)} = new.{quoted(name)}" for name in key), *filter(None, [bounds])])
    table = DeltaTable(path)
    merging = table.merge(changes, on, source_alias="new", target_alias="old", commit_properties=with_metadata(metadata))
    (
        merging.when_matched_delete(f"new.{quoted(kind)} = 'delete'")
        .when_matched_update(values, f"new.{quoted(kind)} = 'update'")
        .when_not_matched_insert(values, f"new.{quoted(kind)} = 'insert'")
        .execute()
    )


def change_feed(table: DeltaTable, first: int, last: int) -> pa.RecordBatchReader:
    """The rows that the versions first..last added and took away, with `_change_type` and `_commit_version`."""
    return pa.RecordBatchReader.from_stream(table.load_cdf(starting_version=first, ending_version=last))


def commits_since(table: DeltaTable, version: int) -> list[tuple[str, str]]:
    """(operation, metadata) of each commit after `version`, oldest first."""
    later = [commit for commit in table.history(table.version() - version) if commit["version"] > version]
    return [(str(commit["operation"]), str(commit.get("userMetadata") or "")) for commit in reversed(later)]


def file_sizes(table: DeltaTable) -> list[int]:
    """Of the version, in bytes."""
    return list(pa.table(table.get_add_actions(flatten=True)).column("size_bytes").to_pylist())


def with_metadata(metadata: str) -> CommitProperties:
    """What a commit says of itself, where Spark reads it as `userMetadata`."""
    return CommitProperties(custom_metadata={"userMetadata": metadata})


def _known(path: str) -> tuple[LastCommit, DeltaTable, int] | None:
    """The last commit, the table as of it, and the version of its rows. Read again only when the log has another last commit."""
    with _lock:
        known = _newest.get(path)
    last = last_commit(path, None if known is None else known[0])
    if last is None:
        return None
    if known is not None and known[0] == last:
        return known
    try:
        table = DeltaTable(path)
    except TableNotFoundError:
        return None
    version = table.version()
    while is_maintenance(path, version):
        version -= 1
    with _lock:
        _newest[path] = (last, table, version)
    return last, table, version


def _is_plain(table: DeltaTable) -> bool:
    protocol = table.protocol()
    features = set(protocol.reader_features or ()) <= READER_FEATURES and set(protocol.writer_features or ()) <= WRITER_FEATURES
    mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
    return features and not mapped and not table.metadata().partition_columns

"""One database → staged copies of its declared tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from lakehouse.bronze.databases.database_rows import LOCAL_TIMES, in_utc
from lakehouse.checksum import Checksum
from lakehouse.io.mysql.jdbc import Copies, Query, stage
from lakehouse.io.mysql.key_ranges import key_ranges
from lakehouse.io.mysql.shop_database import MysqlDatabase
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.io.postgres.postgres_reader import read_tables
from lakehouse.runs.stage import RunContext
from lakehouse.sources.source import JdbcTable
from lakehouse.stages.ingest_database.database_source import DatabaseSource
from lakehouse.table import LONG

ROWS_A_RANGE = 2_000_000
# Why the tables that were read fit together: `ops.shop_reads`.
ONE_SNAPSHOT, TABLE_BY_TABLE = "one snapshot", "table by table"


@dataclass(frozen=True)
class Staged:
    """`tables`: declared table → its rows, times in UTC. `consistency`: ONE_SNAPSHOT, or TABLE_BY_TABLE where the engine shares none."""

    tables: Mapping[str, DataFrame]
    checksums: Mapping[str, Checksum]
    read_at: datetime
    consistency: str


def read_database(run: RunContext, source: DatabaseSource) -> Staged:
    """Read all its tables once, into a folder of the staging area."""
    folder = f"{run.staging}/{run.run_id}/{source.code}"
    settings = source.settings
    if settings.is_postgres:
        with PostgresDatabase(source.code, settings) as database:
            read_at = database.now()
        copies, consistency = read_tables(run.spark, source.code, settings, source.kind.tables, folder), ONE_SNAPSHOT
    else:
        read_at, copies = _read_mysql(run, source, folder)
        consistency = TABLE_BY_TABLE
    tables = {table.name: _in_utc(copies, table, source) for table in source.kind.tables}
    return Staged(tables, copies.checksums, read_at, consistency)


def _read_mysql(run: RunContext, source: DatabaseSource, folder: str) -> tuple[datetime, Copies]:
    queries = []
    with MysqlDatabase(source.code, source.settings) as database:
        read_at = database.now()
        for table in source.kind.tables:
            first, conditions = table.columns[0], [""]
            if first.type == LONG:
                conditions = key_ranges(database.ask, table.source_name, first.name, ROWS_A_RANGE)
            queries += [Query(table.name, table.query("", within=condition), table.columns) for condition in conditions]
    return read_at, stage(run.spark, source.settings, queries, folder, source.settings.connections)


def _in_utc(copies: Copies, table: JdbcTable, source: DatabaseSource) -> DataFrame:
    found = {name.lower(): kind.lower() for name, kind in source.columns[table.source_name].items()}
    local = [column.name for column in table.columns if found[column.name.lower()] in LOCAL_TIMES]
    return in_utc(copies.frames[table.name], local, source.settings.time_zone)

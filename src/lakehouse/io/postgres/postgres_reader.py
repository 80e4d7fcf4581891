"""Declared tables of a PostgreSQL database → staged copies of one state: all connections read the same exported snapshot."""

import time
from collections.abc import Sequence

from pyspark.sql import SparkSession

from lakehouse.errors import SourceAwayError
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.host import logs
from lakehouse.io.mysql.jdbc import Copies, JdbcSource, Query, stage_from
from lakehouse.io.postgres.connections import ReadCancelledError, jdbc_options, translated
from lakehouse.io.postgres.postgres_database import PostgresDatabase, answers
from lakehouse.sources.databases.postgres_sql import select
from lakehouse.sources.source import JdbcTable

# Seconds before all is read again when a replica has ended the read.
WAITS = (5, 30)
ADVICE = "try again later; on the replica raise max_standby_streaming_delay above the time that a read takes, or set hot_standby_feedback"


def read_tables(spark: SparkSession, code: str, settings: DatabaseSettings, tables: Sequence[JdbcTable], folder: str) -> Copies:
    """All rows of the tables as they were at one moment, below `folder`.

    A replica that ends the read is read anew, in a new snapshot, after WAITS seconds each; then SourceAwayError (69). AccessError (77),
    DataError (65) and SourceAwayError (69) as of any read.
    """
    for attempt, pause in enumerate((*WAITS, None)):
        try:
            return _read_once(spark, code, settings, tables, f"{folder}/{attempt}")
        except ReadCancelledError as error:
            if pause is None:
                raise SourceAwayError(str(error), ADVICE) from None
            logs.warn(f"{error}; reading all of it again in {pause} s")
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _read_once(spark: SparkSession, code: str, settings: DatabaseSettings, tables: Sequence[JdbcTable], folder: str) -> Copies:
    with PostgresDatabase(code, settings) as database:
        snapshot = database.export_snapshot()
        queries = [
            Query(table.name, select(table, settings.schema_name, condition), table.columns)
            for table in tables
            for condition in database.ranges(table, settings.schema_name)
        ]
        return stage_from(spark, postgres_source(code, settings, snapshot), queries, folder, settings.connections)


def postgres_source(code: str, settings: DatabaseSettings, snapshot: str) -> JdbcSource:
    """How Spark's reader reaches the database and sees the snapshot."""
    # The driver begins a transaction with the first of these, and reads within it.
    begin = (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        f"SET TRANSACTION SNAPSHOT '{snapshot}'",
        # Rows that a policy hides are an error: nothing is left out in silence.
        "SET LOCAL row_security = off",
        f"SET LOCAL statement_timeout = {settings.statement_timeout_seconds * 1000}",
    )
    options = {**jdbc_options(settings), "sessionInitStatement": "; ".join(begin)}
    return JdbcSource(options, lambda: answers(settings), settings.socket_timeout_seconds, lambda text: translated(text, code))

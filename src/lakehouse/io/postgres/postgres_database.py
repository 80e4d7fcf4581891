"""Questions to a PostgreSQL database that need no Spark, and the snapshot that all readers of a night share."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, Self

import psycopg

from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.host import logs
from lakehouse.io.postgres.connections import connect_arguments, translated
from lakehouse.sources.databases.postgres_sql import qualified, select
from lakehouse.sources.drift import WHOLE_NUMERIC
from lakehouse.sources.source import JdbcTable

# Of materialized views too, which information_schema does not know. A domain is what it is made of, a domain over a domain too; an enum
# has a type of its own; an extension's type has its name wherever the extension is. A `numeric` that holds whole numbers alone, and none
# that a bigint does not hold, is one type, WHOLE_NUMERIC: so keys came from other databases. (A type's modifier has its digits and scale.)
COLUMNS_OF = f"""
WITH RECURSIVE made_of AS (
  SELECT oid, oid AS base, -1 AS modifier FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT t.oid, m.base, CASE WHEN m.modifier = -1 THEN t.typtypmod ELSE m.modifier END
  FROM pg_type t JOIN made_of m ON m.oid = t.typbasetype WHERE t.typtype = 'd'
), columns AS (
  SELECT a.attrelid, a.attnum, a.attname, m.base, CASE WHEN m.modifier = -1 THEN a.atttypmod ELSE m.modifier END - 4 AS modifier
  FROM pg_attribute a JOIN made_of m ON m.oid = a.atttypid WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT a.attname, CASE
  WHEN b.typtype = 'e' THEN 'enum'
  WHEN b.typname = 'citext' THEN 'citext'
  WHEN b.typname = 'numeric' AND a.modifier >= 0 AND a.modifier & 2047 = 0 AND a.modifier >> 16 <= 18 THEN '{WHOLE_NUMERIC}'
  ELSE format_type(b.oid, NULL)
END
FROM columns a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type b ON b.oid = a.base
WHERE n.nspname = %s AND c.relname = %s AND has_column_privilege(c.oid, a.attnum, 'SELECT')
"""
# Bytes of a table that are read over one connection: a range of its pages.
BYTES_A_RANGE = 64 * 1024 * 1024
# Only these have pages of their own. Others (views, foreign and partitioned tables) are read by one statement.
WITH_PAGES = ("r", "m")
PAGES_OF = """
SELECT c.relkind::text, pg_relation_size(c.oid), current_setting('block_size')::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
"""
# Nothing to do is not old: a primary that nobody writes to commits nothing. But what has arrived says how old it is only while more could
# arrive; without a receiver (a log that is shipped, a primary that is away) the last commit that was replayed does.
LAG = """
SELECT CASE
  WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
  ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))
END::float8 WHERE pg_is_in_recovery()
"""


class PostgresDatabase:
    """A read-only connection of short questions. Use it as a context manager."""

    def __init__(self, code: str, settings: ConnectionSettings) -> None:
        self.code = code
        if settings.tls == "disable" and not settings.address.is_loopback:
            _warn_of_plain_text(code, settings.address.host)
        try:
            self._connection = psycopg.connect(**connect_arguments(settings))
        except psycopg.Error as error:
            raise translated(str(error), code, error.sqlstate or "") from None
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def now(self) -> datetime:
        """The database's own time, UTC."""
        return self.ask("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]

    def version(self) -> str:
        """The server's kind and version, as `PostgreSQL 15.14`."""
        return f"PostgreSQL {str(self.ask('SHOW server_version')[0][0]).split()[0]}"

    def is_replica(self) -> bool:
        """Whether the server replays the log of another one (hot standby)."""
        return bool(self.ask("SELECT pg_is_in_recovery()")[0][0])

    def lag_seconds(self) -> float | None:
        """How old the state is that a replica holds, at most; None of a primary, and where nothing was replayed yet."""
        return next((lag for (lag,) in self.ask(LAG)), None)

    def columns_there(self, tables: Iterable[JdbcTable], schema: str) -> dict[str, dict[str, str]]:
        """Source table → column → type. A table that is not there, or of which nothing is granted, has no columns."""
        return {table.source_name: dict(self.ask(COLUMNS_OF, qualified(table, schema))) for table in tables}

    def check(self, tables: Iterable[JdbcTable], schema: str) -> None:
        """DataError (65) naming the first declared table or column that is missing or that we may not read."""
        for table in tables:
            self.ask(f"{select(table, schema)} LIMIT 0")

    def ranges(self, table: JdbcTable, schema: str) -> list[str]:
        """Conditions that together hold for every row, each for about BYTES_A_RANGE of the table's pages.

        They hold within one snapshot only: a row that is changed later moves to another page.
        """
        found = self.ask(PAGES_OF, qualified(table, schema))
        kind, size, block = found[0] if found else ("", 0, 1)
        pieces = -(-size // BYTES_A_RANGE) if kind in WITH_PAGES else 1
        if pieces <= 1:
            return [""]
        pages = -(-size // block)
        starts = [pages * piece // pieces for piece in range(pieces)]
        between = [f"ctid >= '({first},0)'::tid AND ctid < '({end},0)'::tid" for first, end in pairwise(starts)]
        return [*between, f"ctid >= '({starts[-1]},0)'::tid"]

    def export_snapshot(self) -> str:
        """The name of this transaction's snapshot: others may read what it sees as long as this connection is open."""
        # It waits without a statement until all have read.
        self.ask("SET LOCAL idle_in_transaction_session_timeout = 0")
        return str(self.ask("SELECT pg_export_snapshot()")[0][0])

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a short question; no rows of what gives none."""
        try:
            cursor = self._connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise translated(str(error), self.code, error.sqlstate or "") from None


def answers(settings: ConnectionSettings) -> bool:
    """Whether the database lets in, told within seconds."""
    try:
        psycopg.connect(**connect_arguments(settings)).close()
    except psycopg.Error:
        return False
    return True


@cache
def _warn_of_plain_text(code: str, host: str) -> None:
    logs.warn(f"database {code}: the connection to {host} is not encrypted: password and customers' data can be read on the way; set tls")

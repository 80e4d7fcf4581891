"""A shop's tables through Spark's JDBC reader: each statement one connection, streamed into a staged copy, tried again when it fails."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass
from threading import Event

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession, is_remote
from pyspark.sql import functions as F

from lakehouse.checksum import Checksum, checksum_columns
from lakehouse.errors import AccessError, DataError, LakehouseError, SourceAwayError, java_error, known
from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.config.secrets import resolve
from lakehouse.io.host import logs
from lakehouse.io.mysql.database_url import jdbc_url
from lakehouse.io.mysql.shop_database import answers
from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, STRING, Column, schema_of

FETCH_ROWS = "5000"
# What is staged is read a few times and then gone: files a third to a half larger cost less than dictionaries and INT96 times.
# And CHAR comes as the database gives it, without blanks to its full length.
SESSION = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS", "spark.sql.readSideCharPadding": "false"}
STAGED = {"parquet.enable.dictionary": "false"}
# Seconds before each retry; no further one is begun so many seconds after the first failure.
WAITS, GIVE_UP_SECONDS = (1, 4, 8), 25
# Seconds between two interruptions of what still runs when reading is given up.
INTERRUPT_SECONDS = 0.2
AWAY = (
    r"SQL(Non)?TransientConnectionException|SocketTimeout|Communications link|Connection (refused|reset)"
    r"|Could not connect|unexpected end of stream|Server shutdown|Socket error|Read timed out|Connection is closed"
)


@dataclass(frozen=True)
class Query:
    """One statement: its table's or question's `name`, the SELECT, and its columns in the types that are wanted."""

    name: str
    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class JdbcSource:
    """How a database is read: the reader's `options`; whether it `answers`, told within seconds; after how many seconds of silence it
    counts as away; and what the text of an error means."""

    options: Mapping[str, str]
    answers: Callable[[], bool]
    silence_seconds: int
    translated: Callable[[str], LakehouseError]


# What was seen of rows on their way: their checksum, and the greatest value of their first column.
Seen = tuple[Checksum, int | None]


@dataclass(frozen=True)
class Copies:
    """By the queries' names: the rows of all queries of that name, their checksum, and the greatest value of their first column.

    That is None of no rows, and where the column holds no whole numbers. The rows are files below `folder`.
    """

    frames: Mapping[str, DataFrame]
    checksums: Mapping[str, Checksum]
    greatest: Mapping[str, int | None]
    folder: str

    def sql(self, name: str) -> str:
        """The rows for DuckDB, where `folder` is on this machine."""
        files = f"{self.folder}/{name}/*/*.parquet".replace("'", "''")
        return f"read_parquet('{files}')"


def stage(spark: SparkSession, shop: ConnectionSettings, queries: Sequence[Query], folder: str, connections: int) -> Copies:
    """`stage_from` of a database on MySQL or MariaDB."""
    return stage_from(spark, mysql_source(shop), queries, folder, connections)


def stage_from(spark: SparkSession, source: JdbcSource, queries: Sequence[Query], folder: str, connections: int) -> Copies:
    """Run each query once, `connections` at a time, into Parquet under `folder`. Checksums are taken of the rows on their way.

    One that fails because the source is away is tried three times more, then SourceAwayError (69). Any failure ends it all.
    """
    reader = _Reader(spark, source)
    left = {name: sum(query.name == name for query in queries) for name in (query.name for query in queries)}
    paths: dict[str, list[str]] = {name: [] for name in left}
    checksums = {name: Checksum() for name in left}
    greatest: dict[str, int | None] = dict.fromkeys(left)
    started = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        waiting = {}
        for number, query in enumerate(queries):
            path = f"{folder}/{query.name}/{number:05d}"
            paths[query.name].append(path)
            waiting[pool.submit(reader.read, query, path)] = query.name
        try:
            for done in as_completed(waiting):
                name, (checksum, last) = waiting[done], done.result()
                checksums[name] += checksum
                greatest[name] = max((value for value in (greatest[name], last) if value is not None), default=None)
                left[name] -= 1
                if not left[name]:
                    seconds = time.monotonic() - started
                    logs.info(f"read {name:<35} {seconds:6.1f} s  in {len(paths[name])} parts", table=name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            reader.cancel(waiting)
            raise
    schemas = {query.name: schema_of(query.columns) for query in queries}
    return Copies({name: spark.read.schema(schemas[name]).parquet(*parts) for name, parts in paths.items()}, checksums, greatest, folder)


def mysql_source(shop: ConnectionSettings) -> JdbcSource:
    """By MariaDB's driver."""
    seconds = shop.statement_timeout_seconds
    # Each of the two servers takes the other's for a comment.
    limit = f"/*M!100101 SET max_statement_time={seconds} *//*!50708 SET max_execution_time={seconds * 1000} */"
    options = {
        # The binary protocol spares both sides the way through text.
        "url": f"{jdbc_url(shop)}&useServerPrepStmts=true",
        "driver": "org.mariadb.jdbc.Driver",
        "user": shop.user,
        "password": resolve(shop.password),
        "sessionInitStatement": limit,
    }
    return JdbcSource(options, lambda: answers(shop), shop.socket_timeout_seconds, translated)


class _Reader:
    """Reads into Parquet over one connection a query."""

    def __init__(self, spark: SparkSession, source: JdbcSource) -> None:
        # A session of its own: with other settings, and it can be interrupted without the rest. On a server of Spark Connect there is but
        # one, in which a tag says what is interrupted; where there is a JVM, a tag is that of one thread, and no other can use it.
        self._spark, self._source = spark if is_remote() else spark.newSession(), source
        self._tag = f"reading-{id(self)}"
        self._failed = Event()
        self._failure: BaseException = CancelledError()
        for name, value in SESSION.items():
            self._spark.conf.set(name, value)

    def cancel(self, queries: Iterable[Future[Seen]]) -> None:
        """End what runs, and what is just about to: an interruption does not reach a job that begins a moment later."""
        self._failed.set()
        running = {query for query in queries if not query.done()}
        while running:
            if is_remote():
                self._spark.interruptTag(self._tag)
            else:
                self._spark.interruptAll()
            running = wait(running, timeout=INTERRUPT_SECONDS).not_done

    def read(self, query: Query, path: str) -> Seen:
        """Nothing where another query has failed: the thread of that one takes the next before anybody can cancel it."""
        if self._failed.is_set():
            raise self._failure
        try:
            return self._try(query, path)
        except BaseException as error:
            if not self._failed.is_set():
                self._failure = error
                self._failed.set()
            raise

    def _try(self, query: Query, path: str) -> Seen:
        first_failure: float | None = None
        for pause in (*WAITS, None):
            began = time.monotonic()
            try:
                if first_failure is not None and not self._source.answers():
                    raise SourceAwayError("the database does not answer", "try again later")
                return self._write(query, path)
            except SourceAwayError as error:
                now = time.monotonic()
                if first_failure is None or now - began > self._source.silence_seconds + GIVE_UP_SECONDS:
                    first_failure = now  # it had read for longer than any silence lasts: another failure
                if pause is None or now + pause > first_failure + GIVE_UP_SECONDS or self._failed.is_set():
                    raise
                logs.warn(f"{query.name}: {error}; trying again in {pause} s")
                if self._failed.wait(pause):
                    raise
        raise AssertionError("the last try returns or raises")

    def _write(self, query: Query, path: str) -> Seen:
        types = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in query.columns)
        reader = self._spark.read.format("jdbc").options(**self._source.options, fetchsize=FETCH_ROWS)
        try:
            frame = reader.option("dbtable", f"({query.sql}) AS source").option("customSchema", types).load()
            first, seen = query.columns[0], Observation()
            greatest = F.max(F.col(f"`{first.name}`") if first.type == LONG else F.lit(None)).alias("greatest")
            frame = frame.observe(seen, *checksum_columns(query.columns), greatest)
            self._spark.addTag(self._tag)  # of this thread
            frame.write.mode("overwrite").options(**STAGED).parquet(path)
            return Checksum.of(seen.get), seen.get["greatest"]
        except (Py4JError, PySparkException) as error:
            raise (known(error) or self._source.translated(str(error))) from None


def refuse_names_as_values(staged: DataFrame, source: JdbcTable) -> None:
    """DataError if the first row holds the columns' own names: the sign of a driver and dialect that don't fit together."""
    text = [column.name for column in source.columns if column.type == STRING]
    first = staged.select(*text).first() if text else None
    if first is not None and all(first[name] == name for name in text):
        raise DataError(
            f"{source.source_name}: the columns came back as their own names", "use a jdbc:mysql:// URL with the MariaDB driver"
        )


def translated(message: str) -> LakehouseError:
    """An error inside Spark's tasks is text only. The text may hold values, so none of it is passed on but the reason."""
    missing = r"(Unknown column|Table '[\w.$-]+' doesn't exist|doesn't exist|command denied|Table definition has changed)[^\n]{0,160}"
    if found := re.search(missing, message):
        return DataError(
            f"a declared table or column is missing or not granted: {found.group(0)}", "`lakehouse grants` prints the rights needed"
        )
    if re.search(r"PKIX path|certificat|SSLHandshakeException|SSLPeerUnverified", message, re.I):
        return AccessError("the database's certificate does not verify", "check shops.<code>.tls_ca, and the host in the URL")
    if re.search(r"does not support SSL|ssl not enabled", message, re.I):
        return AccessError("the database offers no TLS", "turn it on there, or change shops.<code>.tls")
    if re.search(r"Access denied", message):
        return AccessError("the database denied access", "check the user, the password and the rights")
    if re.search(r"max_statement_time exceeded|maximum statement execution time exceeded", message):
        return LakehouseError("a statement ran longer than statement_timeout_seconds", "raise it, or read when the database has less to do")
    if re.search(AWAY, message):
        return SourceAwayError("the database stopped answering", "try again later")
    return LakehouseError(f"reading the database failed: {java_error(message) or 'unknown reason'}", "run it again")

"""Reading a shop over a network that breaks: all rows, each once, or error 69 in time. Never a table that lacks some."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.tcp_proxy import Fault, TcpProxy

from lakehouse.demo.store.server import Server, start, stop
from lakehouse.errors import SourceAwayError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.jdbc import Query, stage
from lakehouse.table import LONG, STRING, Column

pytestmark = [pytest.mark.database, pytest.mark.spark]
ROWS, RANGES = 100_000, 4
SOCKET_SECONDS = 2
# The product's promise to the operator.
SECONDS_AT_MOST = SOCKET_SECONDS + 30
# A range has 25,000 rows of more than 60 bytes, so this is in the middle of its result.
MIDDLE = 700_000
COLUMNS = (Column("id", LONG, "the row"), Column("filler", STRING, "60 characters"))


@pytest.fixture(scope="module")
def rows_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, since it is restarted, with rows 1 to 100,000."""
    folder = tmp_path_factory.mktemp("faulty_mariadb")
    server = start(folder)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE faulty")
        cursor.execute("USE faulty")
        cursor.execute("CREATE TABLE many (id BIGINT PRIMARY KEY, filler CHAR(60) NOT NULL)")
        cursor.execute(f"INSERT INTO many SELECT seq, LPAD(seq, 60, 'x') FROM seq_1_to_{ROWS}")
        cursor.execute("CREATE USER faulty@'%' IDENTIFIED BY 'of the tests'")
        cursor.execute("GRANT SELECT ON faulty.* TO faulty@'%'")
    yield server
    stop(folder)


@pytest.fixture
def proxy(rows_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpProxy]:
    monkeypatch.setenv("SHOP_PASSWORD", "of the tests")
    with TcpProxy(rows_server.port) as found:
        yield found


def read(spark: SparkSession, proxy: TcpProxy, folder: Path, condition: str = "") -> DataFrame:
    """All rows as the ingest reads them: in ranges, two at a time."""
    url = f"jdbc:mysql://127.0.0.1:{proxy.port}/faulty"
    settings: dict[str, Any] = {"url": url, "user": "faulty", "password": "env:SHOP_PASSWORD", "socket_timeout_seconds": SOCKET_SECONDS}
    size = ROWS // RANGES
    wheres = [f"id BETWEEN {first} AND {first + size - 1} {condition}" for first in range(1, ROWS, size)]
    queries = [Query("many", f"SELECT `id`, `filler` FROM `many` WHERE {where}", COLUMNS) for where in wheres]
    started = time.monotonic()
    try:
        return stage(spark, ShopSettings(**settings), queries, str(folder / "staged"), 2).frames["many"]
    finally:
        assert time.monotonic() - started < SECONDS_AT_MOST


def assert_complete(staged: DataFrame, rows: int = ROWS) -> None:
    found = staged.agg(F.count("*"), F.countDistinct("id"), F.sum("id"), F.min("filler")).first()
    step = ROWS // rows
    assert found is not None
    assert tuple(found)[:3] == (rows, rows, step * rows * (rows + 1) // 2)


def test_a_sound_network_gives_all_rows(spark: SparkSession, proxy: TcpProxy, tmp_path: Path) -> None:
    assert_complete(read(spark, proxy, tmp_path))
    assert proxy.passed > RANGES * 2 * MIDDLE


@pytest.mark.parametrize("fault", ["cut", "reset", "blackhole"])
def test_a_connection_that_breaks_once_costs_no_row_and_doubles_none(
    spark: SparkSession, proxy: TcpProxy, tmp_path: Path, fault: Fault
) -> None:
    proxy.fail(fault, after=MIDDLE, victims=2)
    assert_complete(read(spark, proxy, tmp_path))
    assert proxy.victims == 0


@pytest.mark.parametrize("fault", ["cut", pytest.param("blackhole", marks=pytest.mark.slow)])
def test_connections_that_always_break_end_with_69_in_time(spark: SparkSession, proxy: TcpProxy, tmp_path: Path, fault: Fault) -> None:
    proxy.fail(fault, after=MIDDLE)
    with pytest.raises(SourceAwayError):
        read(spark, proxy, tmp_path)


@pytest.mark.slow
def test_a_database_that_accepts_and_says_nothing_ends_with_69_in_time(spark: SparkSession, proxy: TcpProxy, tmp_path: Path) -> None:
    proxy.fail("blackhole", after=0)
    with pytest.raises(SourceAwayError):
        read(spark, proxy, tmp_path)


def test_a_database_that_refuses_ends_with_69_in_time(spark: SparkSession, proxy: TcpProxy, tmp_path: Path) -> None:
    proxy.refuse()
    with pytest.raises(SourceAwayError):
        read(spark, proxy, tmp_path)
    assert proxy.connections == 0


def test_a_database_that_refuses_for_a_second_is_read_in_full(spark: SparkSession, proxy: TcpProxy, tmp_path: Path) -> None:
    proxy.refuse()
    healing = threading.Timer(1, proxy.heal)
    healing.start()
    assert_complete(read(spark, proxy, tmp_path))
    healing.join()


def test_a_database_that_is_restarted_meanwhile_is_read_in_full_or_away(
    spark: SparkSession, proxy: TcpProxy, rows_server: Server, tmp_path: Path
) -> None:
    """Every tenth row, slowly, so that the restart is in the middle."""
    restarts: list[int] = []

    def restart() -> None:
        while proxy.passed < 20_000:
            time.sleep(0.01)
        restarts.append(proxy.passed)
        stop(rows_server.folder)
        start(rows_server.folder)

    restarting = threading.Thread(target=restart)
    restarting.start()
    try:
        staged = read(spark, proxy, tmp_path, "AND id % 10 = 0 AND SLEEP(0.0005) = 0")
        assert_complete(staged, ROWS // 10)
    except SourceAwayError:
        pass
    finally:
        restarting.join()
    assert restarts[0] < 10_000 * 60

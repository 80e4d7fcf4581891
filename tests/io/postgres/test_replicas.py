"""How old a replica is can be told, and one that ends the read is read again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pyspark.sql import SparkSession
from tests.support.flat_sales import make_many_sales, make_sales, sales_of
from tests.support.postgres import PostgresServer, standby_of

from lakehouse.errors import SourceAwayError
from lakehouse.io.host import logs
from lakehouse.io.postgres import postgres_reader
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.io.postgres.postgres_reader import read_tables
from lakehouse.sources.databases.flat_sales import SALES

pytestmark = [pytest.mark.database, pytest.mark.spark]


@pytest.fixture
def standby(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A replica that waits for no reader."""
    with TemporaryDirectory() as folder:
        running = standby_of(postgres, Path(folder), ("max_standby_streaming_delay=0", "hot_standby_feedback=off"))
        yield running
        running.stop()


def test_how_old_a_replica_is_can_be_told_by_an_account_without_rights(postgres: PostgresServer, standby: PostgresServer) -> None:
    make_sales(postgres, "aging")
    wait_for(standby, replayed(postgres))
    with PostgresDatabase("till", sales_of(postgres, "aging")) as primary:
        assert not primary.is_replica() and primary.lag_seconds() is None
    # Nobody writes to the primary: what its replica has is not old, however long ago it was written.
    time.sleep(1.5)
    assert lag_of(standby) == 0
    standby.run("postgres", "SELECT pg_wal_replay_pause()")
    postgres.run("aging", "UPDATE sales SET quantity = 1")
    wait_for(standby, "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()")
    # The last commit that it has replayed was made before the pause above.
    assert 1.5 <= lag_of(standby) < 600
    standby.run("postgres", "SELECT pg_wal_replay_resume()")
    wait_for(standby, replayed(postgres))
    assert lag_of(standby) == 0
    # What it has may be old from now on: nothing more arrives.
    standby.run("postgres", "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
    assert lag_of(standby) > 0


def lag_of(replica: PostgresServer) -> float:
    with PostgresDatabase("till", sales_of(replica, "aging")) as database:
        found = database.lag_seconds()
    assert found is not None
    return found


def replayed(primary: PostgresServer) -> str:
    """A question that is true when a replica has all that the primary has written now."""
    ((written,),) = primary.run("postgres", "SELECT pg_current_wal_lsn()")
    return f"SELECT pg_last_wal_replay_lsn() >= '{written}'"


def wait_for(server: PostgresServer, question: str) -> None:
    deadline = time.monotonic() + 60
    while not server.run("postgres", question)[0][0]:
        assert time.monotonic() < deadline, question
        time.sleep(0.2)


@pytest.mark.slow
def test_a_replica_that_ends_the_read_ends_it_with_69_and_is_read_in_peace(
    spark: SparkSession, postgres: PostgresServer, standby: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_many_sales(postgres, "busy", 300_000)
    wait_for(standby, replayed(postgres))
    monkeypatch.setattr(postgres_reader, "WAITS", (0,))
    warnings: list[str] = []
    monkeypatch.setattr(logs, "warn", lambda text, **_: warnings.append(text))
    stop = threading.Event()

    def write() -> None:
        """What the snapshot still sees is deleted and cleared away, over and over."""
        while not stop.is_set():
            postgres.run("busy", "UPDATE sales SET quantity = quantity + 1 WHERE sale_id % 50 = 0")
            postgres.run("busy", "VACUUM sales")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(SourceAwayError) as caught:
            read_tables(spark, "till", sales_of(standby, "busy"), [SALES], str(tmp_path / "disturbed"))
    finally:
        stop.set()
        writer.join()
    assert "max_standby_streaming_delay" in caught.value.todo
    assert warnings
    copies = read_tables(spark, "till", sales_of(standby, "busy"), [SALES], str(tmp_path / "in peace"))
    assert copies.frames[SALES.name].count() == 300_000

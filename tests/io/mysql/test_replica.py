"""A consistent state of a replica: how old it may be, and that it stands still while it is read."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.live_writer import broken_invariants, live_writer, make_live_shop
from tests.support.replication import Replication, replication

from lakehouse.demo.store.server import Server
from lakehouse.errors import DataError, SourceAwayError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.host import logs
from lakehouse.io.mysql import replica_pause
from lakehouse.io.mysql.replica import Replica, checked_lag, connected, position, replica_of
from lakehouse.io.mysql.replica_pause import catch_up, paused, resume

pytestmark = pytest.mark.database
# Of MariaDB 10.5 and later, as docs/operations.md has them.
SEES, PAUSES = "SLAVE MONITOR", "REPLICATION SLAVE ADMIN"
# A replica that has applied the half of what it received, in MariaDB's words.
STATUS = {
    "Slave_IO_Running": "Yes",
    "Slave_SQL_Running": "Yes",
    "Master_Log_File": "log.2",
    "Read_Master_Log_Pos": 900,
    "Relay_Master_Log_File": "log.2",
    "Exec_Master_Log_Pos": 400,
    "Seconds_Behind_Master": 7,
    "Last_SQL_Errno": 0,
    "Gtid_IO_Pos": "0-1-20,5-3-8",
}
WITHOUT_GTID = {**STATUS, "Gtid_IO_Pos": ""}


@pytest.fixture(scope="module")
def pair() -> Iterator[Replication]:
    """A live shop's primary and its replica, with users of every kind of right."""
    with replication() as pair:
        make_live_shop(pair.primary, "live", orders=50)
        with pair.primary.connect("live") as connection, connection.cursor() as cursor:
            for user, rights in {"plain": (), "sees": (SEES,), "pauses": (SEES, PAUSES)}.items():
                cursor.execute(f"CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'pw'")
                cursor.execute(f"GRANT SELECT ON live.* TO '{user}'@'127.0.0.1'")
                for right in rights:
                    cursor.execute(f"GRANT {right} ON *.* TO '{user}'@'127.0.0.1'")
        pair.catch_up()
        yield pair


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "pw")


@pytest.fixture
def level(pair: Replication) -> Iterator[Replication]:
    """Both threads run and all is applied, before and after the test."""
    yield pair
    pair.on_replica("START SLAVE")
    pair.catch_up()


def shop(server: Server, user: str = "pauses", **settings: Any) -> ShopSettings:
    url = f"jdbc:mysql://127.0.0.1:{server.port}/live"
    return ShopSettings(url=url, user=user, password="env:SHOP_PASSWORD", **settings)


def test_a_replica_that_stood_still_gets_time_to_catch_up(level: Replication, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it receives it applies five seconds later."""
    told: list[str] = []
    monkeypatch.setattr(logs, "info", told.append)
    level.on_replica("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 5", "START SLAVE")
    try:
        with level.primary.connect("live") as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE latecomers (id INT)")
        time.sleep(3)
        catch_up("live", shop(level.replica, max_replica_lag_seconds=1))
        with level.replica.connect("live") as connection, connection.cursor() as cursor:
            assert cursor.execute("SHOW TABLES LIKE 'latecomers'") == 1
        assert "seconds behind its primary; waiting" in told[0]
    finally:
        level.on_replica("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 0", "START SLAVE")


def counts(server: Server) -> tuple[Any, ...]:
    """What moves when the shop trades."""
    with server.connect("live") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MAX(id), SUM(total_amount) FROM wp_wc_orders")
        return cursor.fetchone()  # type: ignore[return-value]


def nothing() -> None:
    pass


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


class TestPause:
    def test_the_replica_stands_still_while_it_is_read_and_moves_on_afterwards(self, level: Replication) -> None:
        with live_writer(level.primary, "live") as writer:
            wait_until(lambda: writer.committed > 20)
            with paused("nl", shop(level.replica), nothing, nothing) as read:
                at_first, traded = counts(level.replica), writer.committed
                wait_until(lambda: writer.committed > traded + 100)
                assert counts(level.replica) == at_first
                assert read.mode == "replica paused"
                with level.replica.connect("live") as connection, connection.cursor() as cursor:
                    assert read.position == position(connection)
                    assert broken_invariants(cursor) == {}
            wait_until(lambda: counts(level.replica) != at_first)
        level.catch_up()
        assert counts(level.replica) == counts(level.primary)

    def test_the_intent_is_recorded_before_the_stop_and_the_end_after_the_start(self, level: Replication) -> None:
        seen = []
        with paused("nl", shop(level.replica), lambda: seen.append(running(level)), lambda: seen.append(running(level))):
            seen.append(running(level))
        assert seen == ["Yes", "No", "Yes"]

    def test_a_failed_reading_starts_the_replica_too(self, level: Replication) -> None:
        ends: list[str] = []
        with pytest.raises(ZeroDivisionError), paused("nl", shop(level.replica), nothing, lambda: ends.append("end")):
            raise ZeroDivisionError
        assert running(level) == "Yes"
        assert ends == ["end"]

    def test_a_killed_run_leaves_its_intent_and_its_successor_starts_the_replica(self, level: Replication, tmp_path: Path) -> None:
        note = tmp_path / "intent"
        code = f"""
import time
from pathlib import Path
from lakehouse.io.mysql.replica_pause import paused
from lakehouse.io.config.shop_settings import ShopSettings
shop = ShopSettings.model_validate_json({shop(level.replica).model_dump_json()!r})
note = Path({str(note)!r})
with paused("nl", shop, note.touch, note.unlink):
    print("inside", flush=True)
    time.sleep(60)
"""
        run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert run.stdout.readline() == "inside\n"
        run.kill()
        run.wait()
        assert note.exists()
        assert running(level) == "No"
        resume("nl", shop(level.replica))
        assert running(level) == "Yes"

    def test_resume_leaves_a_running_replica_and_a_server_that_is_none(self, level: Replication) -> None:
        assert resume("nl", shop(level.replica)).applies
        assert not resume("nl", shop(level.primary)).is_replica

    def test_a_replica_that_cannot_be_started_again_is_an_error_that_names_the_statement(
        self, level: Replication, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ends: list[str] = []
        waits: list[float] = []
        # Its own only: threads of libraries sleep in this process too.
        monkeypatch.setattr(replica_pause, "time", SimpleNamespace(sleep=waits.append, monotonic=time.monotonic))
        with (
            pytest.raises(SourceAwayError, match="does not start again") as error,
            paused("nl", shop(level.replica), nothing, lambda: ends.append("end")),
        ):
            level.on_replica(f"REVOKE {PAUSES} ON *.* FROM 'pauses'@'127.0.0.1'")
        assert "START SLAVE SQL_THREAD" in error.value.todo
        assert ends == []
        assert waits == [0], "a missing right does not come by waiting"
        level.on_replica(f"GRANT {PAUSES} ON *.* TO 'pauses'@'127.0.0.1'")
        resume("nl", shop(level.replica))
        assert running(level) == "Yes"

    def test_starting_is_tried_again_while_the_server_is_away(self, level: Replication, monkeypatch: pytest.MonkeyPatch) -> None:
        tries = iter([SourceAwayError("away"), SourceAwayError("away"), None])

        @contextmanager
        def sometimes(code: str, settings: ShopSettings) -> Iterator[Any]:
            if problem := next(tries):
                raise problem
            with connected(code, settings) as connection:
                yield connection

        level.on_replica("STOP SLAVE SQL_THREAD")
        monkeypatch.setattr(replica_pause, "WAITS", (0, 0, 0))
        monkeypatch.setattr(replica_pause, "connected", sometimes)
        resume("nl", shop(level.replica))
        assert running(level) == "Yes"

    def test_a_lost_answer_to_the_stop_leaves_no_replica_stopped(self, level: Replication, monkeypatch: pytest.MonkeyPatch) -> None:
        def lost(*_: Any) -> None:
            level.on_replica("STOP SLAVE SQL_THREAD")
            raise SourceAwayError("no answer")

        seen: list[str] = []
        monkeypatch.setattr(replica_pause, "_stop", lost)
        with pytest.raises(SourceAwayError, match="no answer"):
            paused("nl", shop(level.replica), lambda: seen.append("intent"), lambda: seen.append("end")).__enter__()
        assert (running(level), seen) == ("Yes", ["intent", "end"])

    def test_a_replica_that_somebody_starts_meanwhile_is_not_one_state(self, level: Replication) -> None:
        with pytest.raises(SourceAwayError, match="somebody started"), paused("nl", shop(level.replica), nothing, nothing):
            level.on_replica("START SLAVE SQL_THREAD")

    def test_a_replica_that_moved_and_was_stopped_again_is_not_one_state(self, level: Replication) -> None:
        with pytest.raises(SourceAwayError, match="somebody started"), paused("nl", shop(level.replica), nothing, nothing):
            with level.primary.connect("live") as connection, connection.cursor() as cursor:
                cursor.execute("UPDATE wp_options SET autoload = 'no' WHERE option_name = 'home'")
            level.on_replica("START SLAVE SQL_THREAD")
            level.catch_up()
            level.on_replica("STOP SLAVE SQL_THREAD")
        assert running(level) == "Yes"

    def test_a_replica_that_others_stopped_stays_stopped(self, level: Replication) -> None:
        level.on_replica("STOP SLAVE SQL_THREAD")
        intents: list[str] = []
        with paused("nl", shop(level.replica), lambda: intents.append("intent"), nothing) as read:
            assert read.mode == "watermark"
            assert read.lag_seconds == 0
        assert intents == []
        assert running(level) == "No"


class TestWatermark:
    def test_a_user_without_the_right_to_see_still_gets_the_position(self, level: Replication) -> None:
        intents: list[str] = []
        with paused("nl", shop(level.replica, "plain"), lambda: intents.append("intent"), nothing) as read:
            assert running(level) == "Yes"
        with level.primary.connect() as connection:
            assert read.position == position(connection) != ""
        assert (read.mode, read.lag_seconds, intents) == ("watermark", None, [])

    def test_a_user_without_the_right_to_pause_closes_the_intent_and_reads_a_moving_shop(self, level: Replication) -> None:
        seen: list[str] = []
        with paused("nl", shop(level.replica, "sees"), lambda: seen.append("intent"), lambda: seen.append("end")) as read:
            assert seen == ["intent", "end"]
            assert running(level) == "Yes"
        assert (read.mode, read.lag_seconds) == ("watermark", 0)

    def test_the_setting_forbids_the_pause(self, level: Replication) -> None:
        with paused("nl", shop(level.replica, pause_replica=False), nothing, nothing) as read:
            assert running(level) == "Yes"
        assert read.mode == "watermark"

    def test_a_primary_is_read_by_the_watermark(self, level: Replication) -> None:
        with level.primary.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@GLOBAL.gtid_binlog_pos")
            (here,) = cursor.fetchall()[0]
        with paused("nl", shop(level.primary), nothing, nothing) as read:
            assert (read.mode, read.position, read.lag_seconds) == ("watermark", here, None)

    def test_a_server_without_any_log_has_no_position(self, server: Server) -> None:
        with server.connect() as connection:
            assert position(connection) == ""
            assert replica_of(connection) == Replica(is_visible=True)


class TestAge:
    def test_a_replica_behind_the_limit_is_refused(self, level: Replication) -> None:
        with level.replica.connect("live") as connection, connection.cursor() as cursor, live_writer(level.primary, "live"):
            cursor.execute("LOCK TABLES wp_posts READ")
            wait_until(lambda: (level.status()["Seconds_Behind_Master"] or 0) >= 2)
            strict, easy = (shop(level.replica, "sees", max_replica_lag_seconds=limit) for limit in (1, 600))
            with pytest.raises(SourceAwayError, match=r"the replica is \d+ seconds behind its primary, more than 1") as error:
                paused("nl", strict, nothing, nothing).__enter__()
            assert "shops.nl.max_replica_lag_seconds" in error.value.todo
            with paused("nl", easy, nothing, nothing) as read:
                assert 2 <= (read.lag_seconds or 0) < 60
            cursor.execute("UNLOCK TABLES")

    def test_a_replica_that_hears_nothing_from_its_primary_is_refused(self, level: Replication) -> None:
        level.on_replica("STOP SLAVE IO_THREAD")
        with pytest.raises(SourceAwayError, match="IO thread"):
            paused("nl", shop(level.replica), nothing, nothing).__enter__()
        assert running(level) == "Yes"

    def test_a_replica_whose_sql_thread_failed_is_refused(self, level: Replication) -> None:
        clash = "INSERT INTO live.wp_options (option_id, option_name, option_value) VALUES (999, 'clash', '')"
        level.on_replica(clash)
        with level.primary.connect() as connection, connection.cursor() as cursor:
            cursor.execute(clash)
        wait_until(lambda: level.status()["Last_SQL_Errno"])
        try:
            with pytest.raises(SourceAwayError, match="error 1062"):
                paused("nl", shop(level.replica), nothing, nothing).__enter__()
        finally:
            level.on_replica("DELETE FROM live.wp_options WHERE option_id = 999")

    @pytest.mark.parametrize(("newest", "age"), [("- INTERVAL 40 SECOND", 40), ("+ INTERVAL 5 SECOND", 0)])
    def test_who_may_not_see_the_replica_learns_its_age_from_the_heartbeat(self, level: Replication, newest: str, age: int) -> None:
        beat(level, "varchar(26)", f"UTC_TIMESTAMP(6) {newest}", "UTC_TIMESTAMP(6) - INTERVAL 1 DAY")
        blind = shop(level.replica, "plain", heartbeat_table="live.heartbeat")
        with paused("nl", blind, nothing, nothing) as read:
            assert read.lag_seconds == pytest.approx(age, abs=5)

    @pytest.mark.parametrize(
        ("kind", "ts"),
        [
            ("timestamp(6)", "NOW(6)"),
            ("varchar(40)", "CONCAT(DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL 2 HOUR, '%Y-%m-%dT%H:%i:%s.%f'), '-02:00')"),
        ],
    )
    def test_a_heartbeat_may_state_its_zone(self, level: Replication, kind: str, ts: str) -> None:
        beat(level, kind, ts)
        with paused("nl", shop(level.replica, "plain", heartbeat_table="heartbeat"), nothing, nothing) as read:
            assert read.lag_seconds == pytest.approx(0, abs=5)

    def test_an_old_heartbeat_is_refused(self, level: Replication) -> None:
        beat(level, "varchar(26)", "UTC_TIMESTAMP(6) - INTERVAL 700 SECOND")
        with pytest.raises(SourceAwayError, match=r"70\d seconds behind"):
            paused("nl", shop(level.replica, "plain", heartbeat_table="heartbeat"), nothing, nothing).__enter__()

    @pytest.mark.parametrize("table", ["wp_comments", "not_there", "wp_options"])
    def test_a_heartbeat_table_without_a_time_is_an_error_in_the_data(self, level: Replication, table: str) -> None:
        with pytest.raises(DataError, match=table):
            paused("nl", shop(level.replica, "plain", heartbeat_table=table), nothing, nothing).__enter__()


class TestStatus:
    def test_all_that_was_received_is_applied_also_if_the_domains_stand_in_another_order(self) -> None:
        found = Replica.of(STATUS, "5-3-8,0-1-20")
        assert (found.lag_seconds, found.received, found.applied) == (0, "0-1-20,5-3-8", "5-3-8,0-1-20")

    def test_what_is_received_and_not_applied_is_as_old_as_the_server_says(self) -> None:
        assert Replica.of(STATUS, "0-1-19,5-3-8").lag_seconds == 7

    def test_without_gtid_the_places_in_the_log_are_compared(self) -> None:
        found = Replica.of(WITHOUT_GTID, "")
        assert (found.lag_seconds, found.received, found.applied) == (7, "log.2:900", "log.2:400")
        assert Replica.of({**WITHOUT_GTID, "Exec_Master_Log_Pos": 900}, "").lag_seconds == 0

    @pytest.mark.parametrize("state", ["No", "Connecting"])
    def test_the_age_is_unknown_while_nothing_is_heard_from_the_primary(self, state: str) -> None:
        assert Replica.of({**STATUS, "Slave_IO_Running": state}, "0-1-20,5-3-8").lag_seconds is None

    def test_mysql_names_its_columns_otherwise(self) -> None:
        names = {name.replace("Slave_", "Replica_").replace("Master", "Source"): value for name, value in WITHOUT_GTID.items()}
        assert "Relay_Source_Log_File" in names
        del names["Gtid_IO_Pos"]
        assert Replica.of(names, "") == Replica.of(WITHOUT_GTID, "")

    def test_an_unknown_age_is_not_checked(self, level: Replication) -> None:
        stopped = Replica(is_visible=True, is_replica=True, receives=True)
        with connected("nl", shop(level.replica)) as connection:
            assert checked_lag("nl", shop(level.replica), connection, stopped) is None


class TestLiveWriter:
    def test_it_trades_fast_and_the_shop_adds_up_at_every_moment(self, level: Replication) -> None:
        with live_writer(level.primary, "live", per_second=1000) as writer:
            for _ in range(5):
                traded = writer.committed
                wait_until(lambda traded=traded: writer.committed > traded + 50)  # type: ignore[misc]
                with level.primary.connect("live") as connection, connection.cursor() as cursor:
                    assert broken_invariants(cursor) == {}
        assert writer.per_second > 50

    def test_what_breaks_the_shop_is_seen(self, level: Replication) -> None:
        breaks = {
            "order_that_does_not_add_up": "UPDATE wp_wc_orders SET total_amount = total_amount + 0.01 LIMIT 1",
            "item_meta_without_item": "DELETE FROM wp_woocommerce_order_items WHERE order_item_type = 'shipping' LIMIT 1",
            "wc_order_addresses_without_order": "DELETE FROM wp_wc_orders WHERE type = 'shop_order' LIMIT 1",
        }
        make_live_shop(level.primary, "broken", orders=3)
        with level.primary.connect("broken") as connection, connection.cursor() as cursor:
            for name, statement in breaks.items():
                assert name not in broken_invariants(cursor)
                cursor.execute(statement)
                assert name in broken_invariants(cursor)


def running(pair: Replication) -> str:
    return str(pair.status()["Slave_SQL_Running"])


def beat(pair: Replication, kind: str, *times: str) -> None:
    """A heartbeat table on the replica alone, whose rows have these times."""
    rows = ", ".join(f"({time}, {server})" for server, time in enumerate(times, start=1))
    pair.on_replica(
        "SET time_zone = '+03:00'",
        f"CREATE OR REPLACE TABLE live.heartbeat (ts {kind} NOT NULL, server_id int PRIMARY KEY)",
        f"INSERT INTO live.heartbeat VALUES {rows}",
    )

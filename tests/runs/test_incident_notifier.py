"""What somebody hears of runs: once when something breaks, once when it is over, and never at the cost of the run."""

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.receiver import Receiver
from tests.support.runs import run_one

from lakehouse.errors import BusyError, ConfigError, DataError, SourceAwayError, WriteError
from lakehouse.incident import WARNING, Incident
from lakehouse.io.alerts import alert_sinks
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.host import logs
from lakehouse.io.host.lock import lake_lock
from lakehouse.ops import incident_records as incidents
from lakehouse.ops.incident_records import INCIDENTS, known_incidents, open_incidents
from lakehouse.ops.ledger import STARTED, Entry, Ledger
from lakehouse.runs.incident_notifier import Findings, IncidentNotifier
from lakehouse.runs.stage import RunContext

DAY = date(2026, 11, 18)
HOOK = {"kind": "webhook", "url": "env:HOOK"}
PAGERDUTY = {"kind": "webhook", "shape": "pagerduty", "url": "env:HOOK", "routing_key": "env:ROUTING_KEY"}
SECRET = "hunter2"  # in the address of the receiver


class House:
    """An empty lake, a receiver of alerts, and what was logged."""

    def __init__(self, folder: Path, spark: SparkSession, receiver: Receiver) -> None:
        self.folder, self.spark, self.receiver = folder, spark, receiver
        self.store = DeltaStore(spark, TableResolver(str(folder / "lake"), str(folder / "vault")))
        self.log = io.StringIO()

    def settings(self, *alerts: Any, **changes: Any) -> Settings:
        roots = {f"{name}_root": str(self.folder / name) for name in ("lake", "vault", "export")}
        shop = {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}
        common = {"env": "local", "tracking_uri": "sqlite:///none.db", "shops": {"nl": shop}, "log_format": "text", **roots}
        return Settings.model_validate({**common, "alerts": alerts or (HOOK,), **changes})

    def run(self, command: str, task: Callable[[RunContext], None] = lambda run: None, settings: Settings | None = None) -> None:
        with contextlib.redirect_stderr(self.log):
            run_one(settings or self.settings(), command, DAY, task)

    def notifier(
        self, command: str = "night", run_id: str = "run", settings: Settings | None = None, found: Findings | None = None
    ) -> IncidentNotifier:
        """Of a run that has begun, without the run."""
        notifier = IncidentNotifier(settings or self.settings(), command, DAY, run_id, found)
        notifier.can_record(self.store, Ledger(self.store, run_id, command, DAY, "test"))
        return notifier

    def heard(self) -> list[tuple[str, str]]:
        """What came since the last time that this was asked: event and title."""
        bodies, self.receiver.bodies = self.receiver.bodies, []
        return [(body["event"], body["title"]) for body in bodies]

    def events(self) -> list[tuple[str, str]]:
        rows = self.store.read(INCIDENTS.name).orderBy("recorded_at", "title").collect()
        return [(row["event"], row["title"]) for row in rows]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, spark: SparkSession, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("HOOK", receiver.url)
    monkeypatch.setenv("ROUTING_KEY", "r" * 32)
    monkeypatch.setattr(alert_sinks, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(alert_sinks, "PAUSE_SECONDS", 0.01)
    found = House(tmp_path, spark, receiver)
    with contextlib.redirect_stderr(found.log):
        logs.set_up("text", "run")
    yield found
    assert SECRET not in found.log.getvalue()
    assert "r" * 32 not in found.log.getvalue()


def away(run: RunContext | None) -> None:
    logs.set_current_step("ingest")
    raise SourceAwayError(f"shop nl: no answer after {time.monotonic():.3f} s", "try again later")


def broken(run: RunContext | None) -> None:
    logs.set_current_step("silver.orders")
    raise DataError("rows break a rule")


AWAY, BROKEN = "night failed at ingest (error 69): shop nl: no answer after", "night failed at silver.orders (error 65): rows break a rule"


def test_a_failure_and_a_killed_run_are_told_once_and_taken_back_by_the_next_success(house: House) -> None:
    settings = house.settings(PAGERDUTY, metrics_file=str(house.folder / "lakehouse.prom"))
    for command in ("night", "models promote"):
        Ledger(house.store, f"killed {command}", command, date(2026, 11, 17), "test").record(Entry("", STARTED))
    with pytest.raises(SourceAwayError):
        house.run("night", away, settings)
    for task, kind in ((away, SourceAwayError), (broken, DataError)):
        notifier = house.notifier(settings=settings)
        with pytest.raises(kind), notifier.of_the_run():
            task(None)

    triggers = house.receiver.bodies
    assert [body["event_action"] for body in triggers] == ["trigger"] * 3
    killed, first, second = (body["payload"] for body in triggers)
    assert killed["summary"].endswith(" UTC, was killed or could not record its end")
    assert killed["custom_details"]["run that was killed"] == "killed night"
    assert killed["custom_details"]["run again"] == "lakehouse night --env local --run-date 2026-11-17"
    assert first["summary"].startswith(f"[local] critical: {AWAY}")
    assert (first["component"], first["custom_details"]["what to do"]) == ("ingest", "try again later")
    assert first["custom_details"]["run again"] == "lakehouse night --env local --run-date 2026-11-18"
    assert first["custom_details"]["readers see"] == "nothing of this run; what was published before stays"
    assert second["summary"] == f"[local] critical: {BROKEN}"
    metrics = (house.folder / "lakehouse.prom").read_text()
    assert 'lakehouse_last_run_exit_code{command="night"} 69.0' in metrics
    assert 'lakehouse_open_incidents{severity="critical"} 3.0' in metrics

    with house.notifier("ingest", settings=settings).of_the_run():
        pass  # no part of the night shows that the night works again
    assert len(house.receiver.bodies) == 3
    house.run("night", settings=settings)
    resolved = {(body["event_action"], body["dedup_key"]) for body in house.receiver.bodies[3:]}
    assert resolved == {("resolve", body["dedup_key"]) for body in triggers}
    assert [event for event, _ in house.events()] == ["opened", "opened", "repeated", "opened", *["recovered"] * 3]
    assert open_incidents(house.store) == []
    metrics = (house.folder / "lakehouse.prom").read_text()
    assert 'lakehouse_last_run_exit_code{command="night"} 0.0' in metrics
    assert 'lakehouse_open_incidents{severity="critical"} 0.0' in metrics


def test_neither_a_lock_that_is_held_nor_a_wrong_setting_is_told_but_a_lake_that_cannot_be_written_is(house: House) -> None:
    with lake_lock(str(house.folder / "lake"), "file"), pytest.raises(BusyError):
        house.run("night")
    with pytest.raises(ConfigError):
        house.run("night", settings=house.settings(lake_root="s3a://bucket/lake"))
    assert house.heard() == []
    with pytest.raises(WriteError):
        house.run("night", settings=house.settings(lake_root="/proc/lake"))
    (told,) = house.receiver.bodies
    assert told["title"].startswith("night failed (error 73): cannot write /proc/lake")
    assert (told["key"], told["details"]["recorded"][:3]) == ("run:night:no end recorded", "no:")


def test_a_full_disk_does_not_keep_the_alert_back_and_the_error_stays_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    notifier = house.notifier()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(WriteError, match="no space"), notifier.of_the_run():
        disk.setattr(house.store, "append_rows", full)
        raise WriteError("no space")
    (told,) = house.receiver.bodies
    # The key by which the next start finds this run, and takes it back.
    assert told["key"] == "run:night:no end recorded"
    assert "warning: incidents could not be recorded (OSError)" in house.log.getvalue()


def test_an_error_that_is_not_ours_is_told_by_its_kind_alone(house: House) -> None:
    with pytest.raises(ValueError), house.notifier().of_the_run():
        raise ValueError("anna@mail.example")
    assert house.heard() == [("opened", "night failed (error 70): unexpected ValueError")]
    assert "anna" not in json.dumps([row.asDict() for row in house.store.read(INCIDENTS.name).collect()], default=str)


def test_a_command_that_somebody_types_tells_nobody_else_that_it_failed(house: House) -> None:
    with pytest.raises(DataError), house.notifier("models promote").of_the_run():
        raise DataError("there is no version 99")
    assert house.heard() == []
    assert house.store.head(INCIDENTS.name) is None


def test_an_alarm_is_over_when_a_run_looked_for_it_and_did_not_find_it(house: House) -> None:
    def night(run_id: str, alarms: tuple[str, ...] = (), cleared: tuple[str, ...] = (), fails: bool = False) -> list[tuple[str, str]]:
        found = Findings([Incident(key, WARNING, key, "look") for key in alarms], set(cleared))
        with contextlib.suppress(DataError), house.notifier(run_id=run_id, found=found).of_the_run():
            if fails:
                raise DataError("stop")
        return sorted(house.heard())

    assert night("1", alarms=("late", "odd")) == [("opened", "late"), ("opened", "odd")]
    assert night("2", alarms=("late",)) == []  # odd: nobody looked
    assert night("3", cleared=("late",), fails=True) == [("opened", "night failed (error 65): stop")]
    assert night("4", alarms=("odd",), cleared=("late", "other")) == [("recovered", "late"), ("recovered", "night failed (error 65): stop")]
    assert [record.title for record in open_incidents(house.store)] == ["odd"]


def test_who_missed_an_alert_gets_it_later_and_who_had_it_is_left_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def night(run_id: str, address: str, alarm: bool) -> list[tuple[str, str]]:
        monkeypatch.setenv("OTHER", address)
        found = Findings([Incident("late", WARNING, "late", "look")] if alarm else [], set() if alarm else {"late"})
        with house.notifier(run_id=run_id, settings=house.settings(HOOK, {**HOOK, "url": "env:OTHER"}), found=found).of_the_run():
            pass
        return house.heard()

    dead = f"http://127.0.0.1:1/{SECRET}"
    with Receiver() as other:
        assert night("1", dead, alarm=True) == [("opened", "late")]
        assert night("2", other.url, alarm=True) == []
        assert [body["event"] for body in other.bodies] == ["opened"]
        assert night("3", other.url, alarm=True) == []
        assert night("4", dead, alarm=False) == [("recovered", "late")]
        assert night("5", other.url, alarm=False) == []
        assert [body["event"] for body in other.bodies] == ["opened", "recovered"]
        assert known_incidents(house.store) == {}


def test_what_stays_is_told_again_the_next_night(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for expected in ([("opened", "late")], [("reminder", "late")]):
        with house.notifier(found=Findings([Incident("late", WARNING, "late", "look")])).of_the_run():
            pass
        assert house.heard() == expected
        monkeypatch.setattr(incidents, "REMIND_AFTER", timedelta(0))


def test_dead_sinks_and_a_metrics_file_that_cannot_be_written_cost_a_night_nothing_but_warnings(house: House) -> None:
    with Receiver(0) as silent:
        (house.folder / "silent").write_text(silent.url)
        (house.folder / "refused").write_text(f"http://127.0.0.1:1/{SECRET}")
        sinks = [{**HOOK, "url": f"file:{house.folder}/{name}"} for name in ("silent", "refused", "none")]
        settings = house.settings(*sinks, metrics_file="/proc/none/lakehouse.prom")
        started = time.monotonic()
        with pytest.raises(SourceAwayError), house.notifier(settings=settings).of_the_run():
            away(None)
        with house.notifier(settings=settings).of_the_run():
            pass
        assert time.monotonic() - started < 20
    log = house.log.getvalue()
    for number, why in enumerate(("TimeoutError", "ConnectionRefusedError", "secret file:")):
        assert log.count(f"warning: alerts.{number} (webhook) did not take 1 alert(s): {why}") == 2
    assert "warning: metrics_file /proc/none/lakehouse.prom could not be written" in log

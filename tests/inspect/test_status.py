"""What somebody reads who is woken at three: whether everything is fine, and if not, what happened and what to do."""

import fcntl
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession
from tests.support.past import Past, night_of, step

from lakehouse.errors import DataError
from lakehouse.inspect.status import Facts, facts
from lakehouse.inspect.status_text import as_text
from lakehouse.inspect.text_tables import ReportFormat
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.lake import Lake
from lakehouse.ops.ledger import ABANDONED, FAILED, RUNS, STARTED, Entry

AWAY = Entry("", FAILED, "ingest", 60.0, message="69: shop nl: db.example:3306 does not answer", todo="try again later")


def told(store: DeltaStore, folder: Path, past: Past, now: datetime, lock: str = "file") -> tuple[Facts, str]:
    past.write(store)
    found = facts(lake(store, folder, lock), now)
    return found, as_text(found, 5)


def lake(store: DeltaStore, folder: Path, lock: str = "file") -> Lake:
    shop: Any = {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}
    roots = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export")}
    settings = Settings(env="local", tracking_uri="x", shops={"nl": shop}, lock=cast(Any, lock), **roots)  # type: ignore[arg-type]
    return Lake(settings)


def test_after_a_good_night_everything_is_fine(store: DeltaStore, tmp_path: Path, spark: SparkSession) -> None:
    past = Past().run("a", night_of(18), step("silver.orders", 3, seconds=50), step("silver.products", 1))
    past.published("a", night_of(18) + timedelta(minutes=10), {"silver.orders": TableVersion("silver.orders", 3)})
    found, text = told(store, tmp_path, past, night_of(18) + timedelta(hours=5))
    assert found.problems == []
    assert text.splitlines()[:6] == [
        "everything is fine",
        "",
        "last night    2026-11-18 02:40 UTC, 4 h ago: night a of 2026-11-18",
        "now           nothing runs",
        "last failure  none",
        "readers see   1 tables as of 2026-11-18 02:40 UTC",
    ]
    slowest = text.split("slowest steps of a\n")[1].splitlines()
    assert [line.split()[0] for line in slowest] == ["step", "silver.orders", "silver.products"]


def test_a_failure_says_where_why_and_what_to_do_until_the_command_succeeds(store: DeltaStore, tmp_path: Path) -> None:
    past = Past().run("a", night_of(17)).run("b", night_of(18), end=AWAY)
    _, text = told(store, tmp_path, past, night_of(18) + timedelta(hours=1))
    assert text.splitlines()[:3] == [
        "1 thing to look at",
        "  1. night b of 2026-11-18 failed at ingest: 69: shop nl: db.example:3306 does not answer",
        "     -> try again later",
    ]
    # Another command does not make it good; the same one does.
    at_one, at_two = night_of(18) + timedelta(hours=1), night_of(18) + timedelta(hours=2)
    _, text = told(store, tmp_path, Past().run("c", at_one, command="refresh"), at_two)
    assert text.startswith("1 thing to look at")
    _, text = told(store, tmp_path, Past().run("d", at_two), night_of(18) + timedelta(hours=3))
    assert text.startswith("everything is fine")
    assert "last failure  2026-11-18 02:40 UTC, night b of 2026-11-18 failed at ingest: 69: shop nl" in text
    assert "it succeeded since" in text


def test_a_run_without_an_end_is_at_work_while_the_lock_is_held_and_was_killed_otherwise(store: DeltaStore, tmp_path: Path) -> None:
    past = Past().run("a", night_of(17)).run("b", night_of(18), step("silver.orders", 3), end=Entry("", STARTED))
    now = night_of(18) + timedelta(minutes=20)
    past.write(store)
    with (tmp_path / "lake" / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = facts(lake(store, tmp_path), now)
    text = as_text(found, 5)
    assert found.problems == []
    assert "now           night b of 2026-11-18, since 2026-11-18 02:30 UTC (20 min; usually 10 min), at work" in text
    assert "last step done: silver.orders" in text
    problems = facts(lake(store, tmp_path), now).problems
    assert [(p.what, p.todo) for p in problems] == [
        ("night b of 2026-11-18 was killed, after silver.orders", "run it again: nothing must be cleaned up")
    ]
    (unknown,) = facts(lake(store, tmp_path, "none"), now).problems
    assert "at work, or killed" in unknown.what and "scheduler" in unknown.todo


def test_nights_that_do_not_come_are_noticed_after_thirty_hours(store: DeltaStore, tmp_path: Path) -> None:
    ended = night_of(16) + timedelta(minutes=10)
    past = Past().run("a", night_of(16))
    found, _ = told(store, tmp_path, past, ended + timedelta(hours=30))
    assert found.problems == []
    (problem,) = facts(lake(store, tmp_path), ended + timedelta(hours=31)).problems
    assert problem.what == "no night has succeeded for 31 h"
    assert "lakehouse plan" in problem.todo


def test_a_killed_run_that_the_next_one_found_is_a_failure_without_a_reason(store: DeltaStore, tmp_path: Path) -> None:
    past = Past().run("a", night_of(17), end=Entry("", ABANDONED)).run("b", night_of(18), command="backfill")
    found, _ = told(store, tmp_path, past, night_of(18))
    assert ("night a of 2026-11-17 was killed", "run it again: nothing must be cleaned up") in [(p.what, p.todo) for p in found.problems]


def test_rows_in_quarantine_and_a_lake_of_before_there_was_a_todo_are_shown(store: DeltaStore, tmp_path: Path) -> None:
    rejected = Entry("silver.orders", "succeeded", "full", 5.0, 100, 97, rows_rejected=3)
    found, text = told(store, tmp_path, Past().run("a", night_of(18), rejected), night_of(18))
    assert found.quarantined == {"silver.orders": 3}
    assert "in quarantine by a" in text
    store.replace(RUNS.name, store.read(RUNS.name).drop("todo"))
    assert facts(lake(store, tmp_path), night_of(18)).runs == found.runs


def test_an_empty_lake_says_how_to_begin(store: DeltaStore, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run was made on this lake yet") as error:
        facts(lake(store, tmp_path), night_of(18))
    assert "lakehouse doctor" in error.value.todo


def test_tools_get_the_same_as_one_object(store: DeltaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lakehouse.inspect import status_text

    Past().run("a", night_of(17)).run("b", night_of(18), end=AWAY).write(store)
    monkeypatch.setattr(status_text, "load_settings", lambda env: lake(store, tmp_path).settings)
    found = json.loads(status_text.status("local", 1, ReportFormat.JSON))
    assert (found["is_fine"], found["night"]["run_id"], [run["run_id"] for run in found["runs"]]) == (False, "a", ["b"])
    assert {"what": "night b of 2026-11-18 failed at ingest: " + AWAY.message, "todo": "try again later"} in found["problems"]

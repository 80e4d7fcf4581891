"""A run with stages: what they get from each other, when their work is shown, and what becomes of it after a failure."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import settings_in

from lakehouse.errors import DataError, LockLostError, SourceAwayError
from lakehouse.incident import WARNING, Incident
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.host.held_lock import HeldLock
from lakehouse.ops.incident_records import open_incidents
from lakehouse.ops.ledger import FAILED, RUNS, STARTED, published
from lakehouse.runs.orchestrator import run_stages
from lakehouse.runs.stage import AfterPublication, RunContext, StageCall, StageResult, both, having_done
from lakehouse.silver import categories

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 2)
MODEL = TableVersion("an MLflow run", 7)


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> DeltaStore:
    return DeltaStore(spark, TableResolver.of(settings))


def categories_of(run: RunContext, *numbers: int, **changes: Any) -> StageResult:
    """Of a stage that writes so many categories; an alias is to be moved and an alarm to be told."""
    rows = [{**good_row(categories.TABLE), "shop_code": "nl", "category_id": number, **changes} for number in numbers]
    run.store.replace(categories.TABLE.name, frame_of(run.spark, categories.TABLE, rows).coalesce(1))
    head = run.store.head(categories.TABLE.name)
    assert head is not None
    return StageResult(
        {categories.TABLE.name: head},
        {"models.champion": MODEL},
        (Incident("odd", WARNING, "something is odd", "look"),),
        after=(AfterPublication.of(note, text=f"{len(numbers)} shown"),),
    )


def note(run: RunContext, text: str) -> None:
    """Done after the publication: what readers see by then is written down."""
    seen = published(run.store)[categories.TABLE.name].version
    (Path(run.settings.lake_root) / "noted").open("a").write(f"{text}, version {seen}\n")


def noted(settings: Settings) -> list[str]:
    path = Path(settings.lake_root) / "noted"
    return path.read_text().splitlines() if path.exists() else []


def test_a_stage_reads_what_the_stages_before_it_wrote_and_nobody_else_does_until_the_end(
    settings: Settings, lake: DeltaStore, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, TableVersion, bool]] = []

    def second(run: RunContext) -> StageResult:
        seen.append((run.read(categories.TABLE).count(), run.heads["models.champion"], categories.TABLE.name in published(run.store)))
        return StageResult()

    first = StageCall("first", lambda run: categories_of(run, 1, 2))
    results = run_stages(settings, "night", DAY, lambda: [first, StageCall("second", second)])
    assert seen == [(2, MODEL, False)]
    assert published(lake) == results[0].outputs
    assert noted(settings) == ["2 shown, version 0"]
    assert [record.title for record in open_incidents(lake)] == ["something is odd"]
    assert "published: 1 tables of 1 are new or changed" in capfd.readouterr().err


def test_a_stage_after_the_publication_is_done_when_readers_see_what_was_written_and_one_that_is_not_due_is_left_out(
    settings: Settings, lake: DeltaStore
) -> None:
    def last(run: RunContext) -> StageResult:
        note(run, "tidied")
        return StageResult()

    def never(run: RunContext) -> StageResult:
        raise AssertionError("it was not due")

    calls = [
        StageCall("last", last, due=lambda run: "it is Monday", after_publication=True),
        StageCall("never", never, due=lambda run: ""),
        StageCall("first", lambda run: categories_of(run, 1)),
    ]
    run_stages(settings, "night", DAY, lambda: calls)
    assert noted(settings) == ["1 shown, version 0", "tidied, version 0"]


def test_nothing_is_shown_of_a_run_whose_later_stage_fails(settings: Settings, lake: DeltaStore, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(run: RunContext) -> StageResult:
        raise DataError("stop")

    with pytest.raises(DataError, match="stop"):
        run_stages(settings, "night", DAY, lambda: [StageCall("first", lambda run: categories_of(run, 1)), StageCall("broken", broken)])
    assert published(lake) == {}
    assert noted(settings) == []
    assert "published:" not in capfd.readouterr().err
    assert sorted(record.severity for record in open_incidents(lake)) == ["critical", "warning"]


def test_what_a_stage_found_before_it_failed_is_told_and_the_failure_is_the_cause(settings: Settings, lake: DeltaStore) -> None:
    def stopped(run: RunContext) -> StageResult:
        found = StageResult(alarms=(Incident("late", WARNING, "a file is late", "look"),))
        with having_done(found):
            raise SourceAwayError("the shop is away")

    with pytest.raises(SourceAwayError, match="the shop is away"):
        run_stages(settings, "night", DAY, lambda: [StageCall("ingest", stopped)])
    assert {record.title for record in open_incidents(lake)} == {"a file is late", "night failed at ingest (error 69): the shop is away"}


class LostLock(HeldLock):
    """Another run took it over: who asks is told."""

    def check(self) -> None:
        if self.is_lost:
            raise LockLostError("lost")

    def confirm(self) -> None:
        self.is_lost = True
        self.check()


def test_a_run_that_lost_its_lock_shows_nothing_and_touches_nothing_that_another_run_may_have(settings: Settings, lake: DeltaStore) -> None:
    staged = Path(settings.vault_root) / "_staging" / "of the other run"

    def first(run: RunContext) -> StageResult:
        staged.mkdir(parents=True)
        return categories_of(run, 1)

    with pytest.raises(LockLostError):
        run_stages(settings, "night", DAY, lambda: [StageCall("first", first)], lock=LostLock())
    assert published(lake) == {}
    assert noted(settings) == []
    assert staged.exists()
    assert [row["status"] for row in lake.rows(RUNS) if row["step"] == ""] == [STARTED]
    assert open_incidents(lake) == []


def test_stages_that_cannot_be_imported_are_a_failure_on_record(settings: Settings, lake: DeltaStore) -> None:
    def broken() -> list[StageCall]:
        raise ImportError("no library")

    with pytest.raises(ImportError):
        run_stages(settings, "night", DAY, broken)
    (end,) = [row for row in lake.rows(RUNS) if row["status"] == FAILED]
    assert end["message"] == "70: ImportError"
    assert len(open_incidents(lake)) == 1


def test_a_stage_that_needs_good_tables_waits_for_the_verdicts_on_them(settings: Settings, lake: DeltaStore) -> None:
    def trained(run: RunContext) -> StageResult:
        raise AssertionError("it was trained on a table that is not good")

    calls = [
        StageCall("first", lambda run: categories_of(run, 1, 1)),
        StageCall("train", trained, judged_first=True),
    ]
    with pytest.raises(DataError, match="key_stands_once is not true of 1 keys"):
        run_stages(settings, "night", DAY, lambda: calls)


def test_a_result_is_the_same_in_another_process() -> None:
    first = StageResult(
        {"silver.orders": TableVersion("a", 3)},
        {"models.champion": MODEL},
        (Incident("late", WARNING, "late", "look", "feeds", {"days": "2"}),),
        frozenset({"odd", "old"}),
        (AfterPublication.of(note, text="x"),),
        "done",
    )
    assert StageResult.from_json(first.to_json()) == first
    assert json.loads(first.to_json())["after"] == [{"function": f"{__name__}:note", "arguments": {"text": "x"}}]


def test_two_results_of_one_stage_are_one() -> None:
    one = StageResult({"a": TableVersion("a", 1)}, alarms=(Incident("x", WARNING, "x", "y"),), cleared=frozenset({"k"}), text="one")
    other = StageResult({"a": TableVersion("a", 2), "b": TableVersion("b", 1)}, after=(AfterPublication.of(note, text=""),), text="two")
    assert both(one, other) == StageResult(
        {"a": TableVersion("a", 2), "b": TableVersion("b", 1)}, {}, one.alarms, frozenset({"k"}), other.after, "one\ntwo"
    )

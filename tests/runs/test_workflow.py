"""Tasks of a workflow: each is a run of its own, and readers see what all of them did when the last one says so."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import settings_in

from lakehouse.errors import BusyError, ConfigError, DataError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.ledger import published
from lakehouse.runs.orchestrator import run_stages
from lakehouse.runs.stage import AfterPublication, RunContext, StageCall, StageResult
from lakehouse.runs.workflow import Workflow, refuse_older
from lakehouse.silver import categories

DAY, NAME = date(2026, 11, 2), categories.TABLE.name
MODEL = TableVersion("an MLflow run", 7)


def categories_of(run: RunContext, *numbers: int) -> dict[str, TableVersion]:
    """Of a stage that writes these categories."""
    rows = [{**good_row(categories.TABLE), "shop_code": "nl", "category_id": number} for number in numbers]
    run.store.replace(NAME, frame_of(run.spark, categories.TABLE, rows).coalesce(1))
    head = run.store.head(NAME)
    assert head is not None
    return {NAME: head}


def note(run: RunContext, text: str) -> None:
    """Done after the publication."""
    (Path(run.settings.lake_root) / "noted").open("a").write(f"{text} {published(run.store)[NAME].version}\n")


def task(settings: Settings, command: str, act: Callable[[RunContext], StageResult], workflow: str) -> None:
    """One task in place of a process: a run of its own."""
    run_stages(settings, command, DAY, lambda: [StageCall(command, act)], workflow_id=workflow)


def last_task(settings: Settings, workflow: str) -> None:
    run_stages(settings, "publish", DAY, list, workflow_id=workflow)


@pytest.mark.spark
def test_readers_see_what_tasks_wrote_only_when_the_last_one_publishes_and_each_task_reads_what_those_before_it_wrote(
    tmp_path: Path, spark: SparkSession
) -> None:
    settings = settings_in(tmp_path)
    lake = DeltaStore(spark, TableResolver.of(settings))
    seen: list[tuple[int, TableVersion]] = []

    def refresh(run: RunContext) -> StageResult:
        return StageResult(categories_of(run, 1, 2), {"models.champion": MODEL}, after=(AfterPublication.of(note, text="of version"),))

    def score(run: RunContext) -> StageResult:
        seen.append((run.read(categories.TABLE).count(), run.heads["models.champion"]))
        return StageResult()

    task(settings, "refresh", lambda run: StageResult(categories_of(run, 1)), "17")
    task(settings, "refresh", refresh, "17")  # repaired: its newest result counts
    task(settings, "score", score, "17")
    assert seen == [(2, MODEL)]
    assert published(lake) == {}
    assert not (tmp_path / "lake" / "noted").exists()
    with pytest.raises(DataError, match="no task of workflow 18"):
        last_task(settings, "18")
    last_task(settings, "17")
    head = lake.head(NAME)
    assert head is not None
    assert (published(lake), head.version) == ({NAME: head}, 1)
    assert (tmp_path / "lake" / "noted").read_text() == "of version 1\n"


def test_what_readers_see_is_never_taken_back_by_a_workflow_that_began_before_it() -> None:
    ours, newer, another = TableVersion("a", 3), TableVersion("a", 4), TableVersion("b", 0)
    refuse_older({NAME: ours}, {NAME: ours})
    refuse_older({NAME: ours}, {NAME: newer, "silver.orders": ours})
    for seen in (newer, another):
        with pytest.raises(BusyError, match=r"another run published silver\.categories"):
            refuse_older({NAME: seen}, {NAME: ours})


def test_an_id_that_could_be_more_than_an_id_is_2() -> None:
    assert Workflow("scheduled__2026-11-17T02:30:00+00:00", "ingest").workflow_id
    for wrong in ("", "1' or '1'='1", "a b"):
        with pytest.raises(ConfigError, match="the id of a workflow"):
            Workflow(wrong, "ingest")

"""The page of the night: what is derived from it, and what must fit it."""

from pathlib import Path

import pytest
import yaml

from lakehouse.cli import app
from lakehouse.night import NIGHT, PUBLISH, SCHEDULED, Stage, found, heals
from lakehouse.runs.stage import StageCall, calls_of_the_night

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("stage", NIGHT, ids=lambda stage: stage.name)
def test_the_functions_of_a_stage_are_there(stage: Stage) -> None:
    assert all(callable(found(name)) for name in (stage.function, stage.due, stage.outlook) if name)


def test_the_night_asks_stages_whether_they_are_due_and_a_command_only_if_told_to() -> None:
    calls = calls_of_the_night()
    assert [call.name for call in calls] == [stage.name for stage in NIGHT]
    assert [call.name for call in calls if call.due] == ["train", "maintain"]
    assert [call.name for call in calls if call.after_publication] == ["maintain"]
    (train,) = (stage for stage in NIGHT if stage.name == "train")
    assert StageCall.of(train, {}, when_due=False).due is None


def test_every_stage_is_a_command_and_a_launcher() -> None:
    commands = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert set(SCHEDULED) <= commands
    launchers = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "jobs").glob("*.py")}
    assert launchers.keys() == set(SCHEDULED), "make docs"
    assert all(f'main(["{name}", *sys.argv[1:]])' in text for name, text in launchers.items())


def test_the_tasks_on_databricks_are_the_stages_in_their_order_and_what_is_done_when_due_has_a_job_of_its_own() -> None:
    jobs = [yaml.safe_load(path.read_text(encoding="utf-8"))["resources"] for path in (ROOT / "infra/databricks").glob("*.yml")]
    tasks = {name: job["tasks"] for resources in jobs for name, job in resources.get("jobs", {}).items()}
    every_night = [*(stage.name for stage in NIGHT if not stage.due), PUBLISH]
    assert [task["task_key"] for task in tasks["nightly"]] == every_night
    assert [task.get("depends_on", []) for task in tasks["nightly"]] == [[], *([{"task_key": name}] for name in every_night[:-1])]
    alone = sorted(task["task_key"] for name, job in tasks.items() if name not in ("nightly", "backfill") for task in job)
    assert alone == sorted(stage.name for stage in NIGHT if stage.due)
    for task in (task for job in tasks.values() for task in job):
        assert task["python_wheel_task"]["parameters"][0] == task["task_key"]


def test_a_night_shows_that_failures_of_its_stages_are_past_but_no_stage_that_a_night_is() -> None:
    assert all(heals("night", command, SCHEDULED) and heals(command, command) for command in SCHEDULED)
    assert heals("night", "export")
    assert not heals("night", "maintain"), "it was not due"
    assert not heals("ingest", "night")
    assert not heals("ingest", "score")
    assert not heals("night", "models promote")

"""The night as Databricks' tasks: each with the parameters of the bundle, and nothing is shown until the last one."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, assert_equal_tables, copy_of, lake_for
from tests.test_databricks import JOBS, given_parameters

from lakehouse.ops.ledger import published

pytestmark = [pytest.mark.spark, pytest.mark.database, pytest.mark.slow]
DAY = "2026-11-17"
TASKS = {name: [given_parameters(task, run_id="4711", day=DAY) for task in job["tasks"]] for target, name, job in (p.values for p in JOBS)}


def done(lake: DemoLake, parameters: list[str], code: int = 0) -> str:
    """What a task said; `--env` is that of the tests, whose tables are not in a workspace."""
    at = parameters.index("--env")
    ended, log = lake.command(*parameters[:at], *parameters[at + 2 :])
    assert ended == code, log
    return log


def test_tasks_show_together_what_a_night_shows_and_nothing_before_the_last_one(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    tasks, night = (copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path / name)) for name in ("tasks", "night"))
    before, old_pack = published(tasks.store(spark)), tasks.pack()
    for parameters in TASKS["nightly"]:
        assert (published(tasks.store(spark)), tasks.pack()) == (before, old_pack), "shown too early"
        done(tasks, parameters)
        if parameters[0] == "score":
            done(tasks, parameters)  # repaired
    pack = tasks.pack()
    assert pack != old_pack
    assert (pack / "_SUCCESS").exists()
    done(tasks, TASKS["nightly"][-1])  # repaired: there is nothing left to show
    assert tasks.pack() == pack
    done(night, ["night", "--env", "local", "--run-date", DAY])
    assert_equal_tables(tasks.store(spark), night.store(spark), "bronze", "silver", "gold", "recommendations")
    # Links name the run, so the packs are not equal byte by byte.
    assert len((pack / "customers.csv").read_text().splitlines()) == len((night.pack() / "customers.csv").read_text().splitlines()) > 50
    shown, at_night = (published(lake.store(spark)) for lake in (tasks, night))
    assert {name: head.version for name, head in shown.items()} == {name: head.version for name, head in at_night.items()}


def test_the_other_jobs_run_with_the_parameters_of_their_tasks(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path, remote: str | None
) -> None:
    lake = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path))
    for name in ("drop", "outbox"):
        (tmp_path / name).mkdir()
        lake.environment[f"LAKEHOUSE_{name.upper()}_ROOT"] = str(tmp_path / name)
    assert TASKS.keys() == {"nightly", "training", "maintenance", "backfill"}
    for name in ("maintenance", "backfill"):
        for parameters in TASKS[name]:
            done(lake, parameters)
    # On a server of Spark Connect it says that it can't, and what to do.
    log = done(lake, TASKS["training"][0], code=2 if remote else 0)
    assert ("training needs a Spark session of its own" in log) == (remote is not None)

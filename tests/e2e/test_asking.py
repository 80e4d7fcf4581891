"""Questions to a lake after a night, and the gold of past days built again."""

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, assert_equal_tables, lake_for

from lakehouse.flow import STEPS
from lakehouse.io.host.lock import lake_lock

RUN_DATE = "2026-11-16"


def contents(folder: Path) -> set[str]:
    return {str(path) for name in ("lake", "vault", "export") for path in (folder / name).rglob("*")}


def test_a_plan_decides_without_writing_anything(demo_lake: DemoLake) -> None:
    before = contents(demo_lake.folder)
    plan = demo_lake.output("plan", "--run-date", RUN_DATE)
    assert contents(demo_lake.folder) == before
    assert "blocks\n  nothing" in plan
    assert "nl    all orders: it is small; tables without a change are left" in plan
    assert plan.count("skip: nothing changed") + plan.count("left out: nothing ever came") == len(STEPS)
    assert "train: not due, every 7 days, the last one was of 2026-11-16; champion: version 1" in plan
    assert f"{demo_lake.folder}/export/email/{RUN_DATE}, unless its pack stands; usually" in plan
    another = demo_lake.output("plan", "--run-date", "2026-11-23")
    assert another.count("full: another run date, code or settings") == 3
    assert "train: due" in another


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"DEMO_PASSWORD": "wrong"}, 77, "77: shop nl: access denied"),
        ({"LAKEHOUSE_SHOPS__NL__URL": "jdbc:mysql://127.0.0.1:1/demo"}, 69, "does not answer"),
        ({"LAKEHOUSE_PSEUDONYM_KEY": "env:NO_KEY"}, 77, "secret env:NO_KEY is not set"),
    ],
    ids=["password", "away", "key"],
)
def test_what_would_stop_a_night_ends_the_plan_with_the_nights_code(
    demo_lake: DemoLake, capsys: pytest.CaptureFixture[str], changes: dict[str, str], code: int, words: str
) -> None:
    with demo_lake.entered(changes):
        from lakehouse.inspect.plan.plan import plan

        found = plan("local")
    assert (found.exit_code, words in found.above) == (code, True), found.above


def test_a_plan_beside_a_run_says_that_it_would_have_to_wait(demo_lake: DemoLake) -> None:
    with lake_lock(str(demo_lake.folder / "lake"), "file"):
        assert demo_lake.command("plan")[0] == 75
        assert demo_lake.command("status")[0] == 0


def test_a_plan_for_an_empty_lake_builds_everything(demo_lake: DemoLake, tmp_path: Path) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    plan = lake.output("plan")
    assert "nl    all orders: it was never read" in plan
    assert "train: due, no model yet" in plan
    assert not list(tmp_path.iterdir())


def test_status_and_lineage_tell_of_the_night(demo_lake: DemoLake) -> None:
    status = demo_lake.output("status")
    assert "last failure  none" in status and "night 2" in status and f"of {RUN_DATE}" in status
    assert "quarantine" not in status.split("slowest steps")[0]
    read = json.loads(demo_lake.output("sql", "select * from ops.shop_reads order by read_at", "--format", "json").splitlines()[0])
    tree = demo_lake.output("lineage", "export.email")
    assert f"of {RUN_DATE}" in tree.splitlines()[1]
    assert f"from shop   nl as of {read['read_at'].replace('T', ' ').replace('Z', ' UTC')}" in tree
    assert "bronze.woo__orders v0 <- shop nl" in tree
    assert "no run that the ledger knows" not in tree
    found = json.loads(demo_lake.output("lineage", "gold.daily_sales", "--format", "json"))
    assert (found["name"], found["made"]["run_id"]) == ("gold.daily_sales", read["run_id"])
    assert demo_lake.output("lineage", "train").startswith("train\nmade by")


def test_a_backfill_builds_dated_gold_again_and_gives_the_same_tables(demo_lake: DemoLake, spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    for name in ("lake", "vault"):
        shutil.copytree(demo_lake.folder / name, tmp_path / name)
    (tmp_path / "vault.key").write_bytes((demo_lake.folder / "vault.key").read_bytes())
    before = lake.store(spark).head("gold.daily_sales")
    told = lake.output("backfill", "--from", "2026-11-10", "--to", "2026-11-14", "--run-date", RUN_DATE)
    assert "drop_root is not set" in told
    after = lake.store(spark).head("gold.daily_sales")
    assert before and after and after.version > before.version
    assert_equal_tables(lake.store(spark), demo_lake.store(spark), "bronze", "silver", "gold")
    assert lake.command("backfill", "--from", "2026-11-14", "--to", "2026-11-10")[0] == 2

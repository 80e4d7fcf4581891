"""The page of findings: what is fine, what is worth a look, what stands in the way."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake
from tests.support.past import Past, night_of, step

from lakehouse.errors import ConfigError, SourceAwayError
from lakehouse.inspect.doctor.doctor import report
from lakehouse.inspect.doctor.lake import check_catalogs, check_runs
from lakehouse.inspect.text_tables import RowFormat
from lakehouse.io.config.secrets import open_secrets
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.lake import Lake
from lakehouse.ops.ledger import STARTED, Entry


def settings(folder: Path, **changes: Any) -> Settings:
    shop: Any = {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}
    roots: Any = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export")}
    return Settings(env="local", tracking_uri="x", shops={"nl": shop}, **roots, **changes)


def lake(folder: Path) -> Lake:
    return Lake(settings(folder))


def test_a_run_that_was_killed_is_told_with_what_to_do(tmp_path: Path) -> None:
    assert check_runs(lake(tmp_path)) == "none yet"
    store = lake(tmp_path).store
    Past().run("a", night_of(17)).run("b", night_of(18), step("silver.orders", 3), end=Entry("", STARTED)).write(store)
    found, note = check_runs(lake(tmp_path)).splitlines()
    assert found == "2, the newest is night b of 2026-11-18: started"
    assert note == "night b of 2026-11-18 was killed, after silver.orders: run it again: nothing must be cleaned up"
    Past().run("c", night_of(18) + timedelta(hours=1)).write(store)
    assert "the newest is night c of 2026-11-18: succeeded" in check_runs(lake(tmp_path))


def test_findings_are_lines_for_people_and_rows_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    def away() -> str:
        raise SourceAwayError("it does not answer", "try again later")

    checks = [("java", lambda: "17.0.15"), ("shop nl", away), ("key", lambda: "vault.key\nothers can read it"), ("disks", away)]
    assert report(checks, RowFormat.TABLE) == 69
    assert capsys.readouterr().out.splitlines()[:3] == [
        "ok       java: 17.0.15",
        "problem  shop nl: it does not answer -> try again later",
        "ok       key: vault.key",
    ]
    assert report(checks, RowFormat.JSON) == 69
    rows = [[*json.loads(line).values()] for line in capsys.readouterr().out.splitlines()]
    assert rows[1:4] == [
        ["problem", "shop nl", "it does not answer", "try again later", 69],
        ["ok", "key", "vault.key", "", 0],
        ["note", "key", "others can read it", "", 0],
    ]


@pytest.mark.spark
def test_a_catalog_is_listed_and_one_that_is_not_there_is_a_problem(store: DeltaStore, spark: SparkSession, tmp_path: Path) -> None:
    assert check_catalogs(settings(tmp_path, catalog="spark_catalog")).startswith("spark_catalog with default")
    with pytest.raises(ConfigError, match="catalog nowhere can't be listed") as error:
        check_catalogs(settings(tmp_path, vault_catalog="nowhere"))
    assert "spark.sql.catalog.nowhere" in error.value.todo


def test_a_secret_that_everybody_can_read_is_told_and_one_s_own_is_not(tmp_path: Path) -> None:
    for name, mode in (("own", 0o600), ("group", 0o640), ("all", 0o644)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    references = [*(f"file:{tmp_path}/{name}" for name in ("own", "group", "all", "none")), "env:NONE"]
    assert open_secrets(references) == [f"every user of this machine can read {tmp_path}/all: chmod 600 it"]


@pytest.mark.spark
@pytest.mark.database
def test_on_a_lake_that_is_fine_nothing_stands_in_the_way(demo_lake: DemoLake) -> None:
    lines = demo_lake.output("doctor").splitlines()
    names = [line.split(":")[0].removeprefix("ok").strip() for line in lines if line.startswith("ok")]
    assert names == ["folders", "disks", "java", "jars", "spark", "catalog", "runs", "pseudonym key", "alerts", "campaigns", "shop nl"]
    assert not [line for line in lines if line.startswith("problem")]
    assert [line for line in lines if "runs: " in line and "succeeded" in line]


@pytest.mark.spark
@pytest.mark.database
def test_another_key_and_a_wrong_password_are_problems_and_the_code_is_the_first_one_s(demo_lake: DemoLake, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0" * 32)
    changes = {"LAKEHOUSE_PSEUDONYM_KEY": f"file:{tmp_path}/key", "DEMO_PASSWORD": "wrong"}
    code, _ = demo_lake.command("doctor", **changes)
    assert code == 77

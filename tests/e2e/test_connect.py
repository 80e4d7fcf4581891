"""A night on a server of Spark Connect: its process has no JVM, as on Databricks' standard and serverless compute."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.conftest import SPARK
from tests.support.connect_server import SOURCES, connect_server
from tests.support.demo_lake import DemoLake, copy_of, lake_for, table_names

from lakehouse.demo.vendor_files import write_files
from lakehouse.demo.world.truth import read_state
from lakehouse.io.delta.delta_store import DeltaStore

pytestmark = [pytest.mark.spark, pytest.mark.database]
LAYERS = ("bronze", "silver", "gold")
NEXT_DAY = "2026-11-17"


def done_on(address: str, lake: DemoLake, stage: str, run_date: str, **changes: str) -> str:
    """A command in a process of its own: what it said. It must have ended with 0, and started no JVM."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    environment = {**kept, **lake.environment, **changes, "SPARK_REMOTE": address, "PYTHONPATH": str(SOURCES), "JAVA_HOME": "/nowhere"}
    code = "from lakehouse.cli import main; main()"
    command = [sys.executable, "-c", code, stage, "--run-date", run_date]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def assert_same(one: DeltaStore, other: DeltaStore, *names: str) -> None:
    """Of files all but when this machine got them."""
    for name in names:
        rows, expected = (sorted(map(str, store.read(name).drop("_arrived_at").collect())) for store in (one, other))
        assert rows == expected, name


def test_a_night_on_a_server_scores_with_the_champion_and_reads_the_shop_as_a_night_of_its_own_spark_did(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    lake = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path))
    with connect_server(tmp_path, SPARK) as address:
        log = done_on(address, lake, "night", NEXT_DAY)
    assert "train: not due" in log
    one, other = lake.store(spark), demo_lake.store(spark)
    assert_same(one, other, *table_names(one, "bronze", "silver"))
    assert len(lake.pack().joinpath("customers.csv").read_text().splitlines()) > 50
    lists = one.read("recommendations.customer_products").select("model_version", "run_date").distinct().collect()
    assert [(row["model_version"], row["run_date"]) for row in lists] == [("1", date(2026, 11, 17))]


@pytest.mark.slow
def test_a_night_on_a_server_lands_vendors_files_and_leaves_the_tables_that_a_night_of_its_own_spark_leaves(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    there, here = (copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path / name)) for name in ("there", "here"))
    truth = demo_lake.folder / "truth"
    write_files(tmp_path / "drop", truth, read_state(truth))
    for lake in (there, here):
        shutil.copytree(tmp_path / "drop", lake.folder / "drop")  # with the times at which the files came
        lake.environment.update({f"LAKEHOUSE_{name.upper()}_ROOT": str(lake.folder / name) for name in ("drop", "outbox")})
    with connect_server(tmp_path, SPARK) as address:
        log = done_on(address, there, "night", NEXT_DAY)
    code, other_log = here.command("night", "--run-date", NEXT_DAY)
    assert code == 0, other_log
    assert "silver.app_orders " in log and "silver.wholesale_offers " in log
    one, other = there.store(spark), here.store(spark)
    assert_same(one, other, *table_names(one, *LAYERS), "recommendations.customer_products")
    lines, other_lines = (len(lake.pack().joinpath("customers.csv").read_text().splitlines()) for lake in (there, here))
    assert lines == other_lines > 50


@pytest.mark.slow
def test_a_first_night_whose_every_table_is_the_servers_has_the_same_tables_and_leaves_training_to_a_session_of_its_own(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "vault.key").write_bytes((demo_lake.folder / "vault.key").read_bytes())  # the same people have the same pseudonyms
    lake = lake_for(demo_lake.shop, tmp_path)
    with connect_server(tmp_path, SPARK) as address:
        first = done_on(address, lake, "night", "2026-11-16", LAKEHOUSE_SMALL_ROWS="0")
        done_on(address, lake, "night", "2026-11-16", LAKEHOUSE_SMALL_ROWS="0")
    assert "train: due (no model yet), and left out" in first
    assert_same(lake.store(spark), demo_lake.store(spark), *table_names(lake.store(spark), *LAYERS))

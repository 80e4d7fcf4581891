"""A channel is its module and a line in the night: its pack, its row in the ledger, and what the plan says follow."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import settings_in

from lakehouse.export.channel import Channel
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import RUNS, Ledger
from lakehouse.recommend import customer_products
from lakehouse.recommend.params import parse_params
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customers
from lakehouse.stages import export as module

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 18)


def audience(people: DataFrame, lists: DataFrame) -> DataFrame:
    return people.withColumn("suppressed_for", F.when(F.col("country_code") == "DE", "not_there_yet"))


def rows(reached: DataFrame, people: DataFrame, lists: DataFrame) -> DataFrame:
    return reached.select("customer_key", F.lower("country_code").alias("country")).orderBy("customer_key")


# pytest loads this module in a way that keeps no source to take a fingerprint of.
rows.__module__ = "lakehouse.export.channel"
TABLES = (customers.TABLE, customer_products.TABLE)
PUSH = Channel("push", "devices.csv", ("customer_key", "country"), ("not_there_yet",), TABLES, audience, rows)


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    return settings_in(tmp_path)


def customer(number: int, country: str) -> dict[str, Any]:
    return {**good_row(customers.TABLE), "shop_code": "nl", "customer_key": f"{number:064}", "country_code": country}


@pytest.fixture
def run(settings: Settings, spark: SparkSession) -> RunContext:
    """Of a lake with three customers, one of them in Germany, and no lists."""
    store = DeltaStore(spark, TableResolver.of(settings))
    store.replace(customers.TABLE.name, frame_of(spark, customers.TABLE, [customer(1, "NL"), customer(2, "DE"), customer(3, "BE")]))
    store.replace(customer_products.TABLE.name, frame_of(spark, customer_products.TABLE, []))
    heads = {table.name: head for table in TABLES if (head := store.head(table.name))}
    params, at = parse_params(read_conf("als.yaml")), datetime(2026, 11, 18, 3, tzinfo=UTC)
    return RunContext("run", DAY, at, settings, store, Ledger(store, "run", "export", DAY, "test"), params, "k" * 32, heads, heads)


def statuses(run: RunContext) -> list[str]:
    run.ledger.flush()
    return [row["status"] for row in run.store.rows(RUNS, where="step = 'export.push'")]


def test_a_channel_of_its_own_has_a_pack_a_row_in_the_ledger_and_a_line_in_the_plan(
    run: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_channels", lambda: [PUSH])
    folder = Path(run.settings.export_root) / "push" / "2026-11-18"
    result = module.export(run)
    assert not folder.exists()  # not before everything is published
    for action in result.after:
        action.do(run)
    with (folder / "devices.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["customer_key", "country"], [f"{1:064}", "nl"], [f"{3:064}", "be"]]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["channel"], manifest["rows"], manifest["suppressed"]) == ("push", 2, {"not_there_yet": 1})
    assert statuses(run) == ["succeeded"]
    lake = Lake(run.settings)
    assert module.outlook(lake, History(lake.store), DAY).startswith(f"{folder}, replaces the pack that is there")
    assert module.export(run).after == ()
    assert sorted(statuses(run)) == ["skipped", "succeeded"]

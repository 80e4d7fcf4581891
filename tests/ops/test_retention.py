"""Rows of `ops` that are older than 400 days go; those by which something is decided stay."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.flow import STEPS
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops import file_ledger, ledger, quality_results, shop_reads, source_schema
from lakehouse.ops import incident_records as incidents
from lakehouse.ops.file_ledger import FileLedger
from lakehouse.ops.ledger import Ledger
from lakehouse.ops.retention import KEPT_WHOLE, RETENTIONS, forget_old_rows
from lakehouse.pipeline.declared import declared
from lakehouse.table import Table

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def put(store: DeltaStore, table: Table, *rows: Mapping[str, Any]) -> None:
    store.append_rows(table, rows)


def left(store: DeltaStore, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row.values()) for row in store.rows(table, columns))


def event(run_id: str, step: str, status: str, days: int) -> dict[str, Any]:
    return {"run_id": run_id, "command": "night", "run_date": date(2026, 1, 1), "step": step, "status": status, "ended_at": days_ago(days)}


def a_run(run_id: str, days: int, *steps: str) -> list[dict[str, Any]]:
    ends = [event(run_id, step, "succeeded", days) for step in steps]
    return [event(run_id, "", "started", days), *ends, event(run_id, "", "succeeded", days)]


@pytest.fixture(params=["driver", "spark"])
def lake(request: pytest.FixtureRequest, spark: SparkSession, store: DeltaStore) -> DeltaStore:
    return store if request.param == "driver" else DeltaStore(spark, store.tables, small_rows=0)


def test_every_table_of_ops_says_what_stays() -> None:
    of_steps = {step.name for step in STEPS}
    said = [*(retention.table.name for retention in RETENTIONS), *(table.name for table in KEPT_WHOLE)]
    assert sorted(said) == sorted(name for name in declared() if name.startswith("ops.") and name not in of_steps)


def test_a_run_stays_whole_while_it_is_young_or_holds_the_last_success_of_a_step(lake: DeltaStore) -> None:
    put(lake, ledger.RUNS, *a_run("old", 500, "silver.orders", "train"), *a_run("older", 600, "silver.orders"), *a_run("dead", 700))
    put(lake, ledger.RUNS, event("failed", "", "started", 450), event("failed", "", "failed", 450))
    put(lake, ledger.RUNS, *a_run("young", 399, "silver.orders"))
    assert forget_old_rows(lake, NOW) == 5
    # `train` succeeded last in the run `old`; the run `failed` is the last that failed.
    assert left(lake, ledger.RUNS, "run_id", "step", "status") == [
        ("failed", "", "failed"),
        ("failed", "", "started"),
        ("old", "", "started"),
        ("old", "", "succeeded"),
        ("old", "silver.orders", "succeeded"),
        ("old", "train", "succeeded"),
        ("young", "", "started"),
        ("young", "", "succeeded"),
        ("young", "silver.orders", "succeeded"),
    ]
    after = Ledger(lake, "new", "night", date(2026, 11, 20), "test")
    assert after.mark_abandoned() == []
    assert after.last_success("train") is not None
    assert forget_old_rows(lake, NOW) == 0


def test_a_file_that_was_landed_long_ago_is_not_landed_again(lake: DeltaStore) -> None:
    def delivery(name: str, status: str, sha256: str, days: int) -> dict[str, Any]:
        said = {"sender": "app", "file_name": name, "status": status, "sha256": sha256, "feed": "app_users", "recorded_at": days_ago(days)}
        return {**said, "arrived_at": days_ago(days), "run_id": f"run {days}", "rows_quarantined": 0}

    put(lake, file_ledger.FILES, delivery("a", "loaded", "1", 800), delivery("a", "loaded", "1", 700), delivery("a", "repeated", "1", 600))
    put(
        lake,
        file_ledger.FILES,
        delivery("b", "quarantined", "2", 800),
        delivery("b", "repeated", "2", 500),
        delivery("c", "loaded", "3", 9),
    )
    before = FileLedger(lake)
    assert forget_old_rows(lake, NOW) == 1
    after = FileLedger(lake)
    for name in ("a", "b", "c"):
        assert after.latest("app", name) == before.latest("app", name)
    assert after.replayable("app_users") == before.replayable("app_users")
    assert after.newest_used("app_users") == before.newest_used("app_users")


def test_what_is_open_or_was_seen_last_stays(lake: DeltaStore) -> None:
    def incident(key: str, event: str, days: int) -> dict[str, Any]:
        return {"incident_key": key, "event": event, "recorded_at": days_ago(days), "opened_at": days_ago(days), "sent_at": days_ago(days)}

    def column(name: str, days: int) -> dict[str, Any]:
        return {"shop_code": "nl", "table_name": "posts", "column_name": name, "data_type": "int", "seen_at": days_ago(days)}

    def reading(mode: str, days: int) -> dict[str, Any]:
        return {"run_id": f"run {days}", "shop_code": "nl", "mode": mode, "read_at": days_ago(days)}

    def verdict(table: str, check: str, days: int) -> dict[str, Any]:
        return {"run_id": f"run {days}", "table_name": table, "check": check, "status": "passed", "checked_at": days_ago(days)}

    put(lake, incidents.INCIDENTS, incident("disk", "opened", 900), incident("disk", "repeated", 800), incident("run", "recovered", 20))
    put(lake, source_schema.SOURCE_COLUMNS, column("id", 900), column("id", 800), column("title", 800))
    put(lake, shop_reads.SHOP_READS, reading("full", 900), reading("full", 800), reading("incremental", 700), reading("incremental", 1))
    put(lake, quality_results.QUALITY_RESULTS, verdict("silver.orders", "key", 900), verdict("silver.orders", "key", 800))
    put(lake, quality_results.QUALITY_RESULTS, verdict("silver.orders", "has_rows", 800), verdict("silver.refunds", "key", 30))
    assert forget_old_rows(lake, NOW) == 5
    assert left(lake, incidents.INCIDENTS, "incident_key", "event") == [("disk", "repeated"), ("run", "recovered")]
    assert left(lake, source_schema.SOURCE_COLUMNS, "column_name") == [("id",), ("title",)]
    assert left(lake, shop_reads.SHOP_READS, "run_id") == [("run 1",), ("run 800",)]
    assert left(lake, quality_results.QUALITY_RESULTS, "table_name", "check", "run_id") == [
        ("silver.orders", "has_rows", "run 800"),
        ("silver.orders", "key", "run 800"),
        ("silver.refunds", "key", "run 30"),
    ]


def test_a_young_ledger_is_not_touched(lake: DeltaStore) -> None:
    put(lake, ledger.RUNS, *a_run("young", 399, "silver.orders"))
    before = lake.head(ledger.RUNS.name)
    assert forget_old_rows(lake, NOW) == 0
    assert lake.head(ledger.RUNS.name) == before

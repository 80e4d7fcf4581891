"""The figures of the ledgers, as a scraper reads them from the file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lakehouse.incident import CRITICAL, Incident
from lakehouse.io.alerts.metrics_file import METRICS, Sample, samples, write_metrics
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.file_ledger import FILES
from lakehouse.ops.incident_records import met, record_incidents
from lakehouse.ops.ledger import RUNS
from lakehouse.ops.shop_reads import SHOP_READS


def seconds(hour: int) -> float:
    return at(hour).timestamp()


def at(hour: int) -> datetime:
    return datetime(2026, 11, 18, hour, tzinfo=UTC)


def run(command: str, status: str, hour: int, took: float = 0, message: str = "") -> dict[str, Any]:
    return {"command": command, "step": "", "status": status, "ended_at": at(hour), "seconds": float(took), "message": message}


def step(name: str, hour: int, status: str = "succeeded", took: float = 1, **rows: int) -> dict[str, Any]:
    figures = {f"rows_{kind}": rows.get(kind, 0) for kind in ("read", "inserted", "updated", "deleted", "rejected")}
    return {"command": "night", "step": name, "status": status, "ended_at": at(hour), "seconds": float(took), "message": "", **figures}


def test_an_empty_lake_has_no_incidents_and_no_other_figures(store: DeltaStore) -> None:
    assert samples(store) == [Sample("lakehouse_open_incidents", (s,), 0) for s in ("critical", "warning")]


def test_the_figures_are_those_of_the_last_run_step_reading_and_file(store: DeltaStore) -> None:
    rows = [
        run("night", "started", 1),
        run("night", "succeeded", 2, 90),
        run("night", "failed", 4, 7, "65: 3 of 9 rows: too many"),
        run("ingest", "abandoned", 3),
        step("silver.orders", 2, took=4, read=100, inserted=5, updated=6, deleted=7, rejected=8),
        step("silver.orders", 1, took=9, read=999),
        step("silver.orders", 3, "skipped"),
        step("bronze.woo__orders[nl]", 2, took=2.5),
        step("replica[nl]", 2),
    ]
    store.append_rows(RUNS, rows)
    store.append_rows(SHOP_READS, [{"shop_code": "nl", "read_at": at(hour), "cursor_at": at(hour - 1)} for hour in (1, 2)])
    files = [("loaded", 1), ("repeated", 2), ("quarantined", 3)]
    store.append_rows(FILES, [{"feed": "stock", "sender": "stock", "status": status, "arrived_at": at(hour)} for status, hour in files])
    record_incidents(store, [met(Incident("run:night", CRITICAL, "night failed", "wait"), None, "night", "run", at(4))])

    expected: dict[tuple[str, ...], float] = {
        ("last_success_timestamp_seconds", "night"): seconds(2),
        ("last_run_end_timestamp_seconds", "night"): seconds(4),
        ("last_run_seconds", "night"): 7,
        ("last_run_success", "night"): 0,
        ("last_run_exit_code", "night"): 65,
        ("last_run_end_timestamp_seconds", "ingest"): seconds(3),
        ("last_run_seconds", "ingest"): 0,
        ("last_run_success", "ingest"): 0,
        ("step_end_timestamp_seconds", "silver.orders", ""): seconds(2),
        ("step_seconds", "silver.orders", ""): 4,
        ("step_rows_read", "silver.orders", ""): 100,
        ("step_rows_written", "silver.orders", ""): 11,
        ("step_rows_deleted", "silver.orders", ""): 7,
        ("step_rows_rejected", "silver.orders", ""): 8,
        ("step_end_timestamp_seconds", "bronze.woo__orders", "nl"): seconds(2),
        ("step_seconds", "bronze.woo__orders", "nl"): 2.5,
        **{(f"step_rows_{kind}", "bronze.woo__orders", "nl"): 0 for kind in ("read", "written", "deleted", "rejected")},
        ("shop_read_timestamp_seconds", "nl"): seconds(2),
        ("shop_newest_order_timestamp_seconds", "nl"): seconds(1),
        ("feed_last_file_timestamp_seconds", "stock", "stock"): seconds(2),
        ("open_incidents", "critical"): 1,
        ("open_incidents", "warning"): 0,
    }
    assert {(s.metric.removeprefix("lakehouse_"), *s.labels): s.value for s in samples(store)} == expected
    assert {s.metric for s in samples(store)} == set(METRICS)


def test_the_file_is_replaced_as_a_whole_and_a_scraper_understands_it(tmp_path: Path) -> None:
    path = tmp_path / "lakehouse.prom"
    path.write_text("an older file\n")
    step = ("silver.orders", "nl")
    write_metrics(str(path), [Sample("lakehouse_last_run_exit_code", ("night",), 65), Sample("lakehouse_step_rows_read", step, 1e9)])
    families = {family.name: family for family in text_string_to_metric_families(path.read_text())}
    assert set(families) == set(METRICS)
    assert {family.type for family in families.values()} == {"gauge"}
    assert [(s.labels, s.value) for s in families["lakehouse_last_run_exit_code"].samples] == [({"command": "night"}, 65)]
    assert [(s.labels, s.value) for s in families["lakehouse_step_rows_read"].samples] == [({"step": "silver.orders", "shop": "nl"}, 1e9)]
    assert "Exit code of the last run" in families["lakehouse_last_run_exit_code"].documentation
    assert [file.name for file in tmp_path.iterdir()] == ["lakehouse.prom"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_metrics(str(tmp_path / "none" / "lakehouse.prom"), [])

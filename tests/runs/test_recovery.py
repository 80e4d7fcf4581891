"""What runs that died left in quarantine, and failures whose record fails too."""

from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from lakehouse.arrow_frames import frame_from
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.ledger import FAILED, RUNS, STARTED, SUCCEEDED, Entry, Ledger
from lakehouse.runs.recovery import drop_unrecorded_rejects, emptied_scratch, give_up

DAY = date(2026, 11, 17)


def reject(store: DeltaStore, run_id: str, *orders: int, table: str = "quarantine.silver__orders") -> None:
    store.append(table, frame_from(store.spark, [(order, run_id) for order in orders], "order_id bigint, run_id string").coalesce(1))


def run_of(store: DeltaStore, run_id: str, end: str | None, *steps: str) -> None:
    ledger = Ledger(store, run_id, "night", DAY, "test")
    ledger.record(Entry("", STARTED))
    for step in steps:
        ledger.record(Entry(step, SUCCEEDED, fingerprint="f"))
    if end:
        ledger.record(Entry("", end))


def left(store: DeltaStore, table: str = "quarantine.silver__orders") -> list[tuple[Any, ...]]:
    return sorted((row["run_id"], row["order_id"]) for row in store.read(table).collect())


def test_rows_of_a_step_that_died_before_it_was_recorded_go_and_those_of_recorded_steps_stay(store: DeltaStore) -> None:
    drop_unrecorded_rejects(store)  # on an empty lake there is nothing to do
    run_of(store, "a", SUCCEEDED, "silver.orders")
    reject(store, "a", 1)
    run_of(store, "b", FAILED, "silver.orders")
    reject(store, "b", 2)
    reject(store, "b", 7, table="quarantine.silver__products")
    drop_unrecorded_rejects(store)
    assert left(store) == [("a", 1), ("b", 2)]
    assert left(store, "quarantine.silver__products") == []

    run_of(store, "c", None, "bronze.woo__orders[nl]")
    reject(store, "c", 2, 3)
    reject(store, "c", 4, table="quarantine.bronze__woo__orders")
    assert Ledger(store, "d", "night", DAY, "test").mark_abandoned()
    drop_unrecorded_rejects(store)
    assert left(store) == [("a", 1), ("b", 2)]
    assert left(store, "quarantine.bronze__woo__orders") == [("c", 4)]


def test_after_a_run_that_succeeded_nothing_is_looked_at(store: DeltaStore) -> None:
    run_of(store, "a", FAILED)
    reject(store, "a", 1)
    run_of(store, "b", SUCCEEDED)
    drop_unrecorded_rejects(store)
    assert left(store) == [("a", 1)]


def test_a_failure_that_cannot_be_recorded_either_is_still_the_failure(store: DeltaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "append_rows", full)
    give_up(OSError(28, "x"), Ledger(store, "a", "night", DAY, "test"), 1.0, lambda: done.append("staging"))
    assert done == ["staging"]


def test_a_full_disk_is_recorded_as_73(store: DeltaStore) -> None:
    def no_jvm() -> None:
        raise ConnectionRefusedError

    give_up(OSError(28, "No space left on device"), Ledger(store, "a", "night", DAY, "test"), 1.0, no_jvm)
    (row,) = store.read(RUNS.name).collect()
    assert (row["status"], row["message"][:4]) == (FAILED, "73: ")


def test_what_a_killed_spark_left_of_its_shuffles_goes_with_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "vault" / "_scratch" / "blockmgr-1" / "shuffle_0"
    left.parent.mkdir(parents=True)
    left.write_text("anna@mail.example")
    context = Mock()
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", context)
    context.getConf.return_value = {"spark.local.dir": str(tmp_path / "vault" / "_scratch")}
    assert emptied_scratch(str(tmp_path / "vault")) is None
    assert left.exists()  # it is of the session that is at work
    context.getConf.return_value = {"spark.local.dir": "/elsewhere"}
    assert emptied_scratch(str(tmp_path / "vault")) is None
    assert not left.exists()
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)
    scratch = emptied_scratch(str(tmp_path / "vault"))
    assert scratch is not None and scratch.is_dir() and scratch.parent == tmp_path / "vault"
    assert list(scratch.iterdir()) == []
    assert emptied_scratch("s3a://bucket/vault") is None

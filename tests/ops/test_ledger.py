"""What the ledger tells later runs: the last success of a step, the versions that readers see, runs that were killed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import ABANDONED, FAILED, RUNS, SKIPPED, STARTED, SUCCEEDED, Entry, Ledger, inputs_json, published

INPUTS = {"bronze.woo__orders": TableVersion("id-1", 4), "bronze.woo__items": TableVersion("id-2", 0)}


def ledger(store: DeltaStore, run_id: str) -> Ledger:
    return Ledger(store, run_id, "refresh", date(2026, 7, 1), "0.1.0")


def done(version: int, status: str = SUCCEEDED, step: str = "silver.orders") -> Entry:
    return Entry(step, status, "full", table_id="id-3", table_version=version, inputs=inputs_json(INPUTS), fingerprint="f" * 64)


def events(store: DeltaStore) -> list[tuple[str, str, str]]:
    return sorted((row["run_id"], row["step"], row["status"]) for row in store.read(RUNS.name).collect())


def test_the_last_success_of_a_step_is_the_latest_row_that_succeeded(store: DeltaStore) -> None:
    assert ledger(store, "a").last_success("silver.orders") is None
    first = ledger(store, "a")
    first.record(done(1))
    first.record(done(5, step="silver.refunds"))
    second = ledger(store, "b")
    second.record(done(2))
    second.record(done(3, FAILED))
    third = ledger(store, "c")
    found = third.last_success("silver.orders")
    assert found == done(2)
    assert found.output == TableVersion("id-3", 2)
    assert found.input_heads == INPUTS
    assert third.last_success("silver.refunds") == done(5, step="silver.refunds")
    assert third.last_success("silver.products") is None
    # What this run does itself is known at once.
    third.record(done(4))
    assert third.last_success("silver.orders") == done(4)


def test_rows_that_no_later_run_decides_by_wait_for_the_next_one_that_does(store: DeltaStore) -> None:
    run = ledger(store, "a")
    run.record(Entry("", STARTED))
    run.record(Entry("silver.orders", SKIPPED, "nothing changed"))
    assert events(store) == [("a", "", STARTED)]
    run.record(done(1, step="silver.refunds"))
    assert events(store) == [("a", "", STARTED), ("a", "silver.orders", SKIPPED), ("a", "silver.refunds", SUCCEEDED)]
    run.record(Entry("train", SUCCEEDED))
    run.record(Entry("", SUCCEEDED))
    assert len(events(store)) == 5


def test_a_run_that_started_and_never_ended_is_marked_abandoned_once(store: DeltaStore) -> None:
    assert ledger(store, "new").mark_abandoned() == []
    before = datetime.now(UTC)
    for run_id, end in (("ended", SUCCEEDED), ("failed", FAILED), ("killed", None), ("killed too", None)):
        run = ledger(store, run_id)
        run.record(Entry("", STARTED))
        if end:
            run.record(Entry("", end))
    run.record(done(1))
    found = ledger(store, "new").mark_abandoned()
    assert [(run.run_id, run.command, run.run_date) for run in found] == [
        ("killed", "refresh", date(2026, 7, 1)),
        ("killed too", "refresh", date(2026, 7, 1)),
    ]
    assert before <= found[0].started_at < found[1].started_at <= datetime.now(UTC)
    marked = store.read(RUNS.name).where(f"status = '{ABANDONED}'").collect()
    assert sorted((row["run_id"], row["command"], row["run_date"]) for row in marked) == [
        ("killed", "refresh", date(2026, 7, 1)),
        ("killed too", "refresh", date(2026, 7, 1)),
    ]
    assert ledger(store, "newer").mark_abandoned() == []


def test_readers_see_the_version_that_was_published_last_of_each_table(store: DeltaStore) -> None:
    assert published(store) == {}
    ledger(store, "a").publish({"silver.orders": TableVersion("id-3", 9), "silver.refunds": TableVersion("id-4", 1)})
    ledger(store, "b").publish({"silver.orders": TableVersion("id-5", 2)})
    # The table was made anew, so that its version went down.
    assert published(store) == {"silver.orders": TableVersion("id-5", 2), "silver.refunds": TableVersion("id-4", 1)}
    ledger(store, "c").publish({})
    assert published(store)["silver.orders"] == TableVersion("id-5", 2)


def test_what_a_killed_run_meant_to_undo_is_known_to_the_next(store: DeltaStore) -> None:
    killed = ledger(store, "a")
    assert killed.last_status("replica[nl]") is None
    killed.record(Entry("replica[nl]", STARTED), at_once=True)
    after = ledger(store, "b")
    assert after.last_status("replica[nl]") == STARTED
    after.record(Entry("replica[nl]", SUCCEEDED), at_once=True)
    assert ledger(store, "c").last_status("replica[nl]") == SUCCEEDED
    assert ledger(store, "c").last_status("replica[de]") is None


def test_rows_whose_commit_got_through_without_an_answer_are_not_written_twice(store: DeltaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ledger(store, "a")
    run.record(Entry("", STARTED))
    append = store.append_rows

    def answer_is_lost(*arguments: Any) -> None:
        append(*arguments)
        raise OSError("connection reset")

    with monkeypatch.context() as patched, pytest.raises(OSError):
        patched.setattr(store, "append_rows", answer_is_lost)
        run.record(done(1))
    run.record(Entry("", FAILED))
    assert events(store) == [("a", "", FAILED), ("a", "", STARTED), ("a", "silver.orders", SUCCEEDED)]
    assert run.ended_runs() == {"a"}

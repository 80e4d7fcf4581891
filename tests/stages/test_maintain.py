"""When the lake is maintained, and which versions must be readable after it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.arrow_frames import arrow_rows, declared_schema
from lakehouse.io.delta import delta_tidy
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.delta_upkeep import Needed
from lakehouse.ops.ledger import RUNS, STARTED, SUCCEEDED, Entry, Ledger, inputs_json
from lakehouse.silver import orders
from lakehouse.stages import maintain
from lakehouse.stages.maintain import tables_there, why_due
from lakehouse.stages.needed_versions import needed_of_lake
from lakehouse.table import schema_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)
STEP = "silver.orders"
INPUT = "bronze.woo__orders"


def ran(store: DeltaStore, days_ago: float, step: str = "", status: str = STARTED) -> None:
    at = NOW - timedelta(days=days_ago)
    row = {"run_id": f"run {days_ago}", "command": "night", "run_date": date(2026, 1, 1), "step": step, "status": status, "ended_at": at}
    store.append_rows(RUNS, [row])


def written(store: DeltaStore, name: str, times: int) -> TableVersion:
    rows = arrow_rows([], schema_of(orders.TABLE.columns)).cast(declared_schema(orders.TABLE))
    for _ in range(times):
        store.append(name, pa.concat_tables([rows, pa.table([[None]] * len(rows.schema), schema=rows.schema)]))
    head = store.head(name)
    assert head is not None
    return head


def test_a_lake_is_maintained_a_week_after_its_first_run_and_after_each_maintenance(store: DeltaStore) -> None:
    assert why_due(store, 7, NOW) == ""
    ran(store, 8)
    assert why_due(store, 7, NOW) == "the first run was 8 days ago"
    assert why_due(store, 9, NOW) == ""
    ran(store, 6.9, maintain.STEP, SUCCEEDED)
    assert why_due(store, 7, NOW) == ""
    assert why_due(store, 6, NOW) == "the last one was 6 days ago"
    assert why_due(store, 0, NOW) == "", "nights that never maintain"


def test_a_table_with_many_small_files_or_commits_is_maintained_at_once(store: DeltaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(store, 1)
    written(store, STEP, 5)
    assert why_due(store, 7, NOW) == ""
    monkeypatch.setattr(maintain, "MANY_FILES", 5)
    assert why_due(store, 7, NOW) == f"{STEP} has 5 small files"
    monkeypatch.setattr(maintain, "MANY_FILES", 6)
    monkeypatch.setattr(maintain, "MANY_COMMITS", 5)
    assert why_due(store, 7, NOW) == f"{STEP} has 5 commits after its last checkpoint"
    delta_tidy.checkpoint(store.tables.folder(STEP))
    assert why_due(store, 7, NOW) == ""


def test_all_tables_are_maintained_those_of_quarantine_and_of_the_vault_too(store: DeltaStore) -> None:
    names = ["ops.files", "quarantine.silver__orders", "quarantine.app_orders", "vault.woo__users", INPUT, STEP, "ops.unmatched_products"]
    for name in names:
        written(store, name, 1)
    written(store, "silver.of_somebody_else", 1)
    assert sorted(tables_there(store)) == sorted(names)
    assert sorted(maintain.records_of(store)) == ["ops.files", "quarantine.app_orders", "quarantine.silver__orders"]


def test_needed_is_what_is_published_what_was_read_or_sent_last_and_what_champions_were_trained_on(
    store: DeltaStore,
) -> None:
    latest, items, made = written(store, INPUT, 9), written(store, "bronze.woo__order_meta", 3), written(store, STEP, 4)
    ledger = Ledger(store, "a", "night", date(2026, 1, 1), "test")
    inputs = {INPUT: TableVersion(latest.table_id, 6), "bronze.woo__order_meta": items}
    ledger.record(Entry(STEP, SUCCEEDED, table_id=made.table_id, table_version=3, inputs=inputs_json(inputs), fingerprint="f"))
    facts = written(store, "gold.customer_facts", 3)
    sent = inputs_json({"gold.customer_facts": TableVersion(facts.table_id, 1)})
    ledger.record(Entry("export.crm", SUCCEEDED, inputs=sent), at_once=True)
    ledger.publish({INPUT: TableVersion(latest.table_id, 5), STEP: TableVersion(made.table_id, 3)})
    ledger.publish({INPUT: TableVersion(latest.table_id, 7), "bronze.woo__order_meta": TableVersion("of a table that was made anew", 1)})
    assert needed_of_lake(store, ledger, [{INPUT: 2}, {STEP: 1, "gold.interactions": 4}]) == {
        INPUT: Needed(frozenset({2, 6, 7}), changes_from=7),
        "bronze.woo__order_meta": Needed(frozenset({2}), changes_from=3),
        STEP: Needed(frozenset({1, 3}), None),
        "gold.interactions": Needed(frozenset({4}), None),
        "gold.customer_facts": Needed(frozenset({1}), None),
    }


def test_the_decision_opens_no_file_of_rows(store: DeltaStore) -> None:
    ran(store, 1)
    written(store, STEP, 3)
    for file in Path(store.tables.folder(STEP)).glob("*.parquet"):
        file.unlink()
    assert why_due(store, 7, NOW) == ""

"""Lists and vault → the campaign pack of the channel e-mail."""

import time
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.campaign import COLUMNS, REASONS, audience, contacts, rows
from lakehouse.fingerprint import fingerprint, source
from lakehouse.gold import interactions
from lakehouse.io.files.campaign_files import prepare_pack, promote_pack, stands
from lakehouse.io.host import logs
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import SKIPPED, SUCCEEDED, Entry, inputs_json
from lakehouse.pipeline.recording import record
from lakehouse.recommend import customer_products
from lakehouse.runs.stage import AfterPublication, RunContext, StageResult
from lakehouse.silver import customers, products
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.table import Table

CHANNEL, FILE = "email", "customers.csv"
STEP = f"export.{CHANNEL}"
VAULT = tuple(source.vault for source in (USERS, USER_META, ORDERS, ORDER_ADDRESSES) if source.vault)
TABLES = (customers.TABLE, products.TABLE, customer_products.TABLE, interactions.TABLE, *VAULT)


def export(run: RunContext) -> StageResult:
    """Write `<export_root>/email/<run date>/`: customers.csv, manifest.json, _SUCCESS. A pack that was made from the same is left."""
    started = time.monotonic()
    logs.set_current_step("export")
    inputs = {table.name: run.head(table) for table in TABLES}
    made_from = fingerprint("lakehouse.export.campaign", source("lakehouse.io.files.campaign_files"), inputs_json(inputs))
    folder = Path(run.settings.export_root) / CHANNEL / run.run_date.isoformat()
    if stands(folder, made_from):
        entry = Entry(STEP, SKIPPED, str(folder), time.monotonic() - started, inputs=inputs_json(inputs))
        record(run.ledger, entry, f"{folder} stands: it was made from the same")
        return StageResult()
    is_small = run.store.is_small(inputs)
    everybody, catalogue, lists, bought, users, user_meta, orders, order_addresses = (_read(run, table) for table in TABLES)
    people = audience(everybody, lists).persist()
    counts = {row["suppressed_for"]: row["count"] for row in people.groupBy("suppressed_for").count().collect()}
    reached = people.where(F.col("suppressed_for").isNull())
    frame = rows(reached, contacts(users, user_meta, orders, order_addresses, reached), lists, catalogue, bought).select(*COLUMNS)
    suppressed = {reason: counts.get(reason, 0) for reason in REASONS}
    facts = {
        "channel": CHANNEL,
        "run_id": run.run_id,
        "run_date": run.run_date.isoformat(),
        "created": run.started_at.isoformat(timespec="seconds"),
        "model_version": _model_version(lists),
        "data_versions": {name: head.version for name, head in inputs.items()},
        "made_from": made_from,
        "suppressed": suppressed,
    }
    manifest = prepare_pack(folder, FILE, COLUMNS, frame.collect() if is_small else frame.toLocalIterator(), facts)
    people.unpersist()
    written, seconds = int(str(manifest["rows"])), time.monotonic() - started
    entry = Entry(STEP, SUCCEEDED, str(folder), seconds, sum(counts.values()), written, inputs=inputs_json(inputs))
    left_out = ", ".join(f"{reason} {n}" for reason, n in suppressed.items())
    record(run.ledger, entry, f"{written} customers in {folder}; left out: {left_out}")
    return StageResult(after=(AfterPublication.of(show, folder=str(folder)),))


def show(run: RunContext, folder: str) -> None:
    """Marketing sees the pack from now on."""
    promote_pack(Path(folder))


def outlook(lake: Lake, history: History, run_date: date) -> str:
    """Which pack a night of that date would write, and how long that usually takes."""
    folder, usual = Path(lake.settings.export_root) / CHANNEL / run_date.isoformat(), history.usual(STEP)
    told = f"{folder}" + (", replaces the pack that is there" if folder.exists() else "")
    return told if usual is None else f"{told}; usually {usual.rows} customers are looked at, {usual.seconds:.0f} s"


def _read(run: RunContext, table: Table) -> DataFrame:
    return run.store.read(table.name, run.head(table).version)


def _model_version(lists: DataFrame) -> str | None:
    row = lists.select("model_version").first()
    return None if row is None else row[0]

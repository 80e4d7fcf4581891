"""Lists and vault → the campaign pack of the channel e-mail."""

import time
from dataclasses import replace
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.campaign import COLUMNS, REASONS, audience, contacts, rows
from lakehouse.fingerprint import fingerprint, source
from lakehouse.gold import interactions
from lakehouse.io import logs
from lakehouse.io.campaign_files import prepare_pack, promote_pack, stands
from lakehouse.io.ledger import SKIPPED, SUCCEEDED, Entry, inputs_json
from lakehouse.recommend import customer_products
from lakehouse.silver import customers, products
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.table import Table
from lakehouse.tasks.run import Run

CHANNEL, FILE = "email", "customers.csv"
STEP = f"export.{CHANNEL}"
VAULT = tuple(source.vault for source in (USERS, USER_META, ORDERS, ORDER_ADDRESSES) if source.vault)
TABLES = (customers.TABLE, products.TABLE, customer_products.TABLE, interactions.TABLE, *VAULT)


def export(run: Run) -> None:
    """Write `<export_root>/email/<run date>/`: customers.csv, manifest.json, _SUCCESS. A pack that was made from the same is left."""
    started = time.monotonic()
    logs.at("export")
    inputs = {table.name: run.runner.pinned(table) for table in TABLES}
    made_from = fingerprint("lakehouse.export.campaign", source("lakehouse.io.campaign_files"), inputs_json(inputs))
    folder = Path(run.settings.export_root) / CHANNEL / run.run_date.isoformat()
    if stands(folder, made_from):
        _record(run, Entry(STEP, SKIPPED, str(folder), inputs=inputs_json(inputs)), started, f"{folder} stands: it was made from the same")
        return
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
    run.at_end.append(lambda: promote_pack(folder))
    people.unpersist()
    written = int(str(manifest["rows"]))
    entry = Entry(STEP, SUCCEEDED, str(folder), rows_read=sum(counts.values()), rows_inserted=written, inputs=inputs_json(inputs))
    left_out = ", ".join(f"{reason} {n}" for reason, n in suppressed.items())
    _record(run, entry, started, f"{written} customers in {folder}; left out: {left_out}")


def _record(run: Run, entry: Entry, started: float, what: str) -> None:
    """A row of the ledger and a line of progress."""
    done = replace(entry, seconds=time.monotonic() - started)
    run.ledger.record(done)
    logs.info(f"{STEP:<40} {done.seconds:6.1f} s  {what}", step=STEP)


def _read(run: Run, table: Table) -> DataFrame:
    return run.store.read(table.name, run.runner.pinned(table).version)


def _model_version(lists: DataFrame) -> str | None:
    row = lists.select("model_version").first()
    return None if row is None else row[0]

"""How long rows of `ops` stay: 400 days, and whatever their age those by which a later run or a reader decides something."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from lakehouse.arrow_frames import declared_schema
from lakehouse.io.delta.delta_files import ask
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops import file_ledger, ledger, model_changes, packs, quality_results, reconciliations, shop_reads, source_schema
from lakehouse.ops import incident_records as incidents
from lakehouse.ops import pseudonym_key as key_file
from lakehouse.ops.lists import rule_effects
from lakehouse.table import Table

KEPT = timedelta(days=400)


@dataclass(frozen=True)
class Retention:
    """`at` says how old a row is. The newest row of each combination of `newest_of` stays, with all that have the same time.

    `together`: rows that share its value stay if one of them does.
    """

    table: Table
    at: str
    newest_of: tuple[str, ...]
    together: str = ""


RETENTIONS = (
    # The last success of a step says what its table was made from; a failure stands until the same command succeeds. Whole runs stay: a
    # start without its end would be a run that was killed.
    Retention(ledger.RUNS, "ended_at", ("command", "step", "status"), together="run_id"),
    # Only tasks of the same workflow ask for them.
    Retention(ledger.HANDOVERS, "handed_at", ("stage",)),
    # A night goes on from a shop's last reading; lineage names the last time that all orders were read.
    Retention(shop_reads.SHOP_READS, "read_at", ("shop_code", "mode")),
    # `status` shows what differed at the last reading.
    Retention(reconciliations.RECONCILIATIONS, "checked_at", ("shop_code",)),
    # The newest rows of a source table are its columns.
    Retention(source_schema.SOURCE_COLUMNS, "seen_at", ("shop_code", "table_name")),
    # A delivery that stands there is not landed again. One that repeats another's bytes does not count for replays, so texts differ too.
    Retention(file_ledger.FILES, "recorded_at", ("sender", "file_name", "status", "sha256")),
    # A table is in doubt as long as its newest verdicts are not good, and its pages of Data Docs show them.
    Retention(quality_results.QUALITY_RESULTS, "checked_at", ("table_name",)),
    # The newest row of a key says how an incident stands.
    Retention(incidents.INCIDENTS, "recorded_at", ("incident_key",)),
    # Whether a campaign is due, and what `campaigns show` tells of it. A pack is kept for 365 days at most, so that it is deleted before.
    Retention(packs.PACKS, "recorded_at", ("campaign",)),
    # What a rule did the last time; and a version of the lists is counted once.
    Retention(rule_effects.RULE_EFFECTS, "recorded_at", ("rule",)),
)
# Of these all rows stay: what readers saw when; the line of champions that a rollback goes back through; the lake's one key; what is of the
# newest packs alone.
KEPT_WHOLE = (ledger.PUBLICATIONS, model_changes.MODEL_CHANGES, key_file.TABLE, packs.SUPPRESSIONS)


def forget_old_rows(store: DeltaStore, now: datetime) -> int:
    """Take rows that are too old out of `ops`, each table in one commit; gives their number. A table without such rows is not touched."""
    return sum(_forget(store, retention, now - KEPT) for retention in RETENTIONS if store.head(retention.table.name) is not None)


def _forget(store: DeltaStore, retention: Retention, before: datetime) -> int:
    name, there = retention.table.name, store.count(retention.table.name)
    oldest = store.question(f"SELECT min({retention.at}) AS oldest FROM {{rows}}", rows=name)[0]["oldest"]
    if oldest is None or oldest >= before:
        return 0
    # What stays is written anew by the driver, so it may hold all.
    kept = ask(_kept(retention, before), rows=store.arrow(name)).drop_columns(["stays", "is_kept"])
    if kept.num_rows < there:
        schema = declared_schema(retention.table)
        store.replace(name, kept.cast(pa.schema([schema.field(column) for column in kept.schema.names])))
    return there - kept.num_rows


def _kept(retention: Retention, before: datetime) -> str:
    """SQL for DuckDB: the rows that stay."""
    newest = f"max({retention.at}) OVER (PARTITION BY {', '.join(retention.newest_of)})"
    stays = f"{retention.at} >= TIMESTAMP '{before:%Y-%m-%d %H:%M:%S}+00:00' OR {retention.at} = {newest}"
    rows = f"SELECT *, {stays} AS is_kept FROM rows"
    together = f"max(is_kept) OVER (PARTITION BY {retention.together})" if retention.together else "is_kept"
    return f"SELECT * FROM (SELECT *, {together} AS stays FROM ({rows})) WHERE stays"

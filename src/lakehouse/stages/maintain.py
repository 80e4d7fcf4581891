"""Keep the lake quick and no larger than it must be: old rows of `ops`, small files, checkpoints, files that nobody needs."""

import time
from datetime import UTC, date, datetime, timedelta

from lakehouse.bronze.feed_quarantine import quarantine_table
from lakehouse.io.delta.delta_reader import DeltaReader
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.delta_upkeep import DeltaUpkeep, Needed
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import RUNS, SUCCEEDED, Entry
from lakehouse.ops.retention import forget_old_rows
from lakehouse.pipeline.declared import OPS, quarantines
from lakehouse.pipeline.recording import record
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.sources.feeds import FEEDS

STEP = "maintain"
# A table with so many small files, or so many commits after its last checkpoint, is not left until the week is over.
MANY_FILES, MANY_COMMITS = 200, 300


def maintain(run: RunContext) -> StageResult:
    """All tables, one after the other. Readers see the same rows before and after."""
    from lakehouse.stages.needed_versions import needed_versions  # MLflow takes seconds to import

    started = time.monotonic()
    forgotten = forget_old_rows(run.store, run.started_at)
    upkeep, needed, records = DeltaUpkeep(run.store), needed_versions(run), set(records_of(run.store))
    done = [upkeep.tidy(name, None if name in records else needed.get(name, Needed())) for name in tables_there(run.store)]
    compacted, deleted = sum(each.compacted for each in done), sum(each.deleted for each in done)
    what = f"{len(done)} tables: {compacted} files fewer, {deleted} old files deleted, {forgotten} old rows of ops taken out"
    record(run.ledger, Entry(STEP, SUCCEEDED, what, time.monotonic() - started, rows_deleted=forgotten), what)
    return StageResult()


def due(run: RunContext) -> str:
    """Why a night maintains the lake, if it does."""
    return why_due(run.store, run.settings.maintain_every_days, run.started_at)


def outlook(lake: Lake, history: History, run_date: date) -> str:
    """What a night that begins now would do."""
    every = lake.settings.maintain_every_days
    reason = why_due(lake.store, every, datetime.now(UTC))
    return f"due: {reason}" if reason else f"not due, every {every} days" if every else "not done by nights (maintain_every_days: 0)"


def why_due(store: DeltaStore, every_days: int, now: datetime) -> str:
    """Why a night would maintain the lake; empty if it would not, or never does (0 days). Looks at the ledger and at logs alone."""
    if not every_days or store.head(RUNS.name) is None:
        return ""
    of_success = f"step = '{STEP}' AND status = '{SUCCEEDED}'"
    sql = f"SELECT min(ended_at) AS first, max(CASE WHEN {of_success} THEN ended_at END) AS last FROM {{rows}}"
    (times,) = store.question(sql, rows=RUNS.name)
    since = times["last"] or times["first"]
    if since is not None and now - since >= timedelta(days=every_days):
        return f"{'the last one' if times['last'] else 'the first run'} was {(now - since).days} days ago"
    return next(filter(None, (_worn(store, name) for name in tables_there(store))), "")


def _worn(store: DeltaStore, name: str) -> str:
    state = DeltaUpkeep(store).state(name)
    if state is None:
        return ""
    if state.small_files >= MANY_FILES:
        return f"{name} has {state.small_files} small files"
    return f"{name} has {state.commits} commits after its last checkpoint" if state.commits >= MANY_COMMITS else ""


def tables_there(store: DeltaReader) -> list[str]:
    """All tables of the lake that this project knows, in quarantine too."""
    return [*records_of(store), *(name for name in quarantines() if store.head(name) is not None)]


def records_of(store: DeltaReader) -> list[str]:
    """Tables that are only ever read as they are: the ledger's, and quarantine."""
    names = [*(table.name for table in OPS), *quarantines().values(), *(quarantine_table(feed.name).name for feed in FEEDS)]
    return [name for name in names if store.head(name) is not None]

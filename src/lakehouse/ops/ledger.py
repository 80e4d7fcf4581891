"""What happened: `ops.runs`, one row per step, and `ops.publications`, the table versions that readers see."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from threading import RLock
from typing import Any

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import DATE, DOUBLE, LONG, STRING, TIMESTAMP, Column, Table

# More runs of a table than anybody looks back on.
RUNS_AT_MOST = 100
STARTED, SUCCEEDED, SKIPPED, FAILED, ABANDONED = "started", "succeeded", "skipped", "failed", "abandoned"


PUBLICATIONS = Table(
    name="ops.publications",
    grain="one table published by one run",
    key=("run_id", "table_name"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("table_name", STRING, "the table"),
        Column("table_id", STRING, "its Delta id"),
        Column("table_version", LONG, "the version that readers see from then on; -1 of a table that they do not see any more"),
        Column("published_at", TIMESTAMP, "when, UTC"),
    ),
)


@dataclass(frozen=True)
class Entry:
    """One row of `ops.runs`, without what is the same for the whole run."""

    step: str = column(STRING, "the table or artifact the step writes; empty for the run itself")
    status: str = column(STRING, "started, succeeded, skipped, failed or abandoned")
    mode: str = column(
        STRING, "full, by scope, or why it was skipped; of a run's start what its lake's size chose, of its failure the step", default=""
    )
    seconds: float = column(DOUBLE, "wall time of the step or run", default=0.0)
    rows_read: int = column(LONG, "rows that the step built, before rules", default=0)
    rows_inserted: int = column(LONG, "rows added", default=0)
    rows_updated: int = column(LONG, "rows changed", default=0)
    rows_deleted: int = column(LONG, "rows taken away", default=0)
    rows_rejected: int = column(LONG, "rows in quarantine", default=0)
    table_id: str = column(STRING, "Delta id of the table written", default="")
    table_version: int = column(LONG, "its version afterwards", default=-1)
    inputs: str = column(STRING, "JSON: input table → [Delta id, version]; models.champion → [MLflow run, version]", default="{}")
    fingerprint: str = column(STRING, "hash of code, declarations and parameters that made it", default="")
    message: str = column(STRING, "of a failure: exit code and reason", default="")
    todo: str = column(STRING, "of a failure: what to do about it", default="")
    rejects: str = column(STRING, "JSON: rule → rows that broke it, and keys of up to five of them", default="{}")

    @property
    def output(self) -> TableVersion:
        """The version that the step wrote or found."""
        return TableVersion(self.table_id, self.table_version)

    @property
    def input_heads(self) -> dict[str, TableVersion]:
        """Input table → the version that was read."""
        return inputs_of(self.inputs)


RUNS = Table(
    name="ops.runs",
    grain="one event of a run: its start and end (no step), and each step's end",
    key=("run_id", "step", "status"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("command", STRING, "the command that ran"),
        Column("run_date", DATE, "as-of date of the computations"),
        Column("ended_at", TIMESTAMP, "when the row was written, UTC"),
        Column("code_version", STRING, "version of the package"),
        *columns_of(Entry),
    ),
)

# What tasks of a workflow give to those after them, and to the last one, which shows all of it to readers.
HANDOVERS = Table(
    name="ops.handovers",
    grain="one task of a workflow that came to its end",
    key=("workflow_id", "run_id"),
    columns=(
        Column("workflow_id", STRING, "the scheduler's id of the workflow's run, the same for all of its tasks and their repairs"),
        Column("stage", STRING, "the stage that the task did"),
        Column("run_id", STRING, "id of the task's own run"),
        Column("handed_at", TIMESTAMP, "when, UTC"),
        Column("result", STRING, "JSON: table versions, and what is to be done when they are published (StageResult)"),
    ),
)


@dataclass(frozen=True)
class Killed:
    """A run that started and wrote no end."""

    run_id: str
    command: str
    run_date: date
    started_at: datetime


def inputs_json(heads: Mapping[str, TableVersion]) -> str:
    """The column `inputs`: table → [Delta id, version]."""
    return json.dumps({name: [head.table_id, head.version] for name, head in sorted(heads.items())})


def inputs_of(text: str) -> dict[str, TableVersion]:
    """What `inputs_json` wrote."""
    return {name: TableVersion(*head) for name, head in json.loads(text).items()}


def newest_by(rows: Iterable[Mapping[str, Any]], key: str, time: str) -> dict[Any, Mapping[str, Any]]:
    """Of each value of a column the row with the greatest time; of equal ones the last."""
    newest: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        if row[key] not in newest or row[time] >= newest[row[key]][time]:
            newest[row[key]] = row
    return newest


def table_runs(store: DeltaStore) -> list[tuple[str, str, int, datetime]]:
    """(table, its id, version, end of the run): which version a run that succeeded wrote or found up to date.

    Of each table the newest `RUNS_AT_MOST` runs.
    """
    if store.head(RUNS.name) is None:
        return []
    table = "split_part(step, '[', 1)"
    ends = f"max(CASE WHEN step = '' AND status = '{SUCCEEDED}' THEN ended_at END) OVER (PARTITION BY run_id) AS done_at"
    steps = f"SELECT step, run_id, status, table_id, table_version, {ends} FROM {{rows}}"
    latest = (
        f"SELECT {table} AS name, run_id, table_id, done_at, max(table_version) AS version FROM ({steps}) WHERE done_at IS NOT NULL"
        f" AND table_version >= 0 AND status IN ('{SUCCEEDED}', '{SKIPPED}') GROUP BY {table}, run_id, table_id, done_at"
    )
    numbered = f"SELECT *, row_number() OVER (PARTITION BY name ORDER BY done_at DESC) AS place FROM ({latest})"
    found = store.question(f"SELECT name, table_id, version, done_at FROM ({numbered}) WHERE place <= {RUNS_AT_MOST}", rows=RUNS.name)
    return [(row["name"], row["table_id"], row["version"], row["done_at"]) for row in found]


def published(store: DeltaStore) -> dict[str, TableVersion]:
    """Table → the version that readers see."""
    newest = newest_by(store.newest(PUBLICATIONS, ("table_name",), "published_at"), "table_name", "published_at")
    return {name: TableVersion(row["table_id"], row["table_version"]) for name, row in newest.items() if row["table_version"] >= 0}


def last_published(store: DeltaStore) -> datetime | None:
    """When a run last showed tables to readers, UTC; None if none ever did."""
    return max((row["published_at"] for row in store.rows(PUBLICATIONS, ("published_at",))), default=None)


def handed_over(store: DeltaStore, workflow_id: str) -> dict[str, str]:
    """Stage → the newest result of a workflow's tasks, as JSON. A task that was repaired counts with its last result."""
    newest = newest_by(store.rows(HANDOVERS, where=f"workflow_id = '{workflow_id}'"), "stage", "handed_at")
    return {stage: str(row["result"]) for stage, row in newest.items()}


class Ledger:
    """Reads the past once, then appends. Rows that no later run decides by wait for the next one that does, or the end."""

    def __init__(self, store: DeltaStore, run_id: str, command: str, run_date: date, code_version: str) -> None:
        self._store = store
        self.command = command
        self._common = {"run_id": run_id, "command": command, "run_date": run_date, "code_version": code_version}
        self._waiting: list[Entry] = []
        self._lock = RLock()
        self._last: dict[str, Entry] | None = None
        self.has_published = False

    def last_success(self, step: str) -> Entry | None:
        """The step's last row with status succeeded: what its table was made from."""
        with self._lock:
            if self._last is None:
                self._last = self._read_last()
            return self._last.get(step)

    def last_successes(self, table: str) -> list[Entry]:
        """The last success of each step that writes the table: mirrors have one a shop, `bronze.woo__orders[nl]`."""
        self.last_success(table)
        return [entry for step, entry in (self._last or {}).items() if step.split("[")[0] == table]

    def _read_last(self) -> dict[str, Entry]:
        rows = self._store.newest(RUNS, ("step",), "ended_at", where=f"status = '{SUCCEEDED}' AND step <> ''")
        return {entry.step: entry for entry in rows_as(Entry, newest_by(rows, "step", "ended_at").values())}

    def last_status(self, step: str) -> str | None:
        """The status of the step's newest row, whatever became of its run."""
        rows = self._store.newest(RUNS, ("step",), "ended_at", ("step", "status", "ended_at"), f"step = '{step}'")
        newest = newest_by(rows, "step", "ended_at").get(step)
        return None if newest is None else newest["status"]

    def record(self, entry: Entry, at_once: bool = False) -> None:
        """Write the row: at once if a later run decides by it (it has a fingerprint, or is the run's own), else with the next such row."""
        with self._lock:
            self._waiting.append(entry)
            if at_once or (entry.status != SKIPPED and (entry.fingerprint or not entry.step)):
                self.flush()
            if entry.status == SUCCEEDED and self._last is not None:
                self._last[entry.step] = entry

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            # Not twice, if the commit gets through and its answer does not: then the run fails, and its end is a row of its own.
            entries, self._waiting = self._waiting, []
            now = datetime.now(UTC)
            self._store.append_rows(RUNS, [{**self._common, "ended_at": now, **asdict(entry)} for entry in entries])

    def run_date(self, run_id: str) -> date | None:
        """A run's as-of date; None if it is not known."""
        rows = self._store.rows(RUNS, ("run_date",), f"run_id = '{run_id}'")
        return rows[0]["run_date"] if rows else None

    def ended_runs(self) -> set[str]:
        """Ids of runs that are over, however they ended."""
        return {row["run_id"] for row in self._store.rows(RUNS, ("run_id",), f"step = '' AND status <> '{STARTED}'")}

    def mark_abandoned(self) -> list[Killed]:
        """Write `abandoned` for every run that started and never ended: it was killed. Gives these runs, oldest first."""
        events = self._store.rows(RUNS, ("run_id", "command", "run_date", "ended_at"), "step = ''")
        number = Counter(row["run_id"] for row in events)
        open_runs = sorted((row for row in events if number[row["run_id"]] == 1), key=lambda row: (row["ended_at"], row["run_id"]))
        killed = [Killed(row["run_id"], row["command"], row["run_date"], row["ended_at"]) for row in open_runs]
        now = datetime.now(UTC)
        ends = [{**self._common, **asdict(run), "ended_at": now, **asdict(Entry("", ABANDONED))} for run in killed]
        self._store.append_rows(RUNS, ends)
        return killed

    def publish(self, heads: Mapping[str, TableVersion]) -> None:
        """Show these versions to readers, all at once."""
        now = datetime.now(UTC)
        rows = [
            {**self._common, "table_name": n, "table_id": h.table_id, "table_version": h.version, "published_at": now}
            for n, h in heads.items()
        ]
        self._store.append_rows(PUBLICATIONS, rows)
        self.has_published = True

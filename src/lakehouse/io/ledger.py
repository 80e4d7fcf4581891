"""What happened: `ops.runs`, one row per step, and `ops.publications`, the table versions that readers see."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.table import DATE, DOUBLE, LONG, STRING, TIMESTAMP, Column, Table

STARTED, SUCCEEDED, SKIPPED, FAILED, ABANDONED = "started", "succeeded", "skipped", "failed", "abandoned"

RUNS = Table(
    name="ops.runs",
    grain="one event of a run: its start and end (no step), and each step's end",
    key=("run_id", "step", "status"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("command", STRING, "the command that ran"),
        Column("run_date", DATE, "as-of date of the computations"),
        Column("step", STRING, "the table or artifact the step writes; empty for the run itself"),
        Column("status", STRING, "started, succeeded, skipped, failed or abandoned"),
        Column("mode", STRING, "full, by scope, or why the step was skipped; of a run that failed, the step that was at work"),
        Column("ended_at", TIMESTAMP, "when the row was written, UTC"),
        Column("seconds", DOUBLE, "wall time of the step or run"),
        Column("rows_read", LONG, "rows that the step built, before rules"),
        Column("rows_inserted", LONG, "rows added"),
        Column("rows_updated", LONG, "rows changed"),
        Column("rows_deleted", LONG, "rows taken away"),
        Column("rows_rejected", LONG, "rows in quarantine"),
        Column("table_id", STRING, "Delta id of the table written"),
        Column("table_version", LONG, "its version afterwards"),
        Column("inputs", STRING, "JSON: input table → [Delta id, version]"),
        Column("fingerprint", STRING, "hash of code, declarations and parameters that made it"),
        Column("code_version", STRING, "version of the package"),
        Column("message", STRING, "of a failure: exit code and reason"),
        Column("todo", STRING, "of a failure: what to do about it"),
        Column("rejects", STRING, "JSON: rule → rows that broke it, and keys of up to five of them"),
    ),
)

PUBLICATIONS = Table(
    name="ops.publications",
    grain="one table published by one run",
    key=("run_id", "table_name"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("table_name", STRING, "the table"),
        Column("table_id", STRING, "its Delta id"),
        Column("table_version", LONG, "the version that readers see from then on"),
        Column("published_at", TIMESTAMP, "when, UTC"),
    ),
)


@dataclass(frozen=True)
class Entry:
    """One row of `ops.runs`, without what is the same for the whole run."""

    step: str
    status: str
    mode: str = ""
    seconds: float = 0.0
    rows_read: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_deleted: int = 0
    rows_rejected: int = 0
    table_id: str = ""
    table_version: int = -1
    inputs: str = "{}"
    fingerprint: str = ""
    message: str = ""
    todo: str = ""
    rejects: str = "{}"

    @property
    def output(self) -> Head:
        return Head(self.table_id, self.table_version)

    @property
    def input_heads(self) -> dict[str, Head]:
        return inputs_of(self.inputs)


@dataclass(frozen=True)
class Killed:
    """A run that started and wrote no end."""

    run_id: str
    command: str
    run_date: date
    started_at: datetime


def inputs_json(heads: Mapping[str, Head]) -> str:
    return json.dumps({name: [head.table_id, head.version] for name, head in sorted(heads.items())})


def inputs_of(text: str) -> dict[str, Head]:
    """What `inputs_json` wrote."""
    return {name: Head(*head) for name, head in json.loads(text).items()}


def run_rows(store: DeltaStore) -> DataFrame:
    """All of `ops.runs` as declared; empty before the first run. Columns that a lake's rows are older than hold empty texts."""
    if store.head(RUNS.name) is None:
        return store.empty(RUNS.columns)
    rows = store.read(RUNS.name)
    older = {column.name: F.lit("") for column in RUNS.columns if column.name not in rows.columns}
    return rows.withColumns(older).select(*RUNS.column_names).fillna("", ["todo", "rejects"])


def table_runs(store: DeltaStore) -> DataFrame:
    """(table_name, run_id, table_id, table_version, ended_at): which version each run that succeeded wrote or found up to date."""
    rows = run_rows(store)
    done = rows.where((F.col("step") == "") & (F.col("status") == SUCCEEDED)).select("run_id", "ended_at")
    steps = rows.where((F.col("table_version") >= 0) & F.col("status").isin(SUCCEEDED, SKIPPED)).drop("ended_at")
    table = F.substring_index("step", "[", 1).alias("table_name")
    versions = steps.groupBy(table, "run_id", "table_id").agg(F.max("table_version").alias("table_version"))
    return versions.join(done, "run_id")


def published(store: DeltaStore) -> dict[str, Head]:
    """Table → the version that readers see."""
    if store.head(PUBLICATIONS.name) is None:
        return {}
    latest = (
        store.read(PUBLICATIONS.name)
        .groupBy("table_name")
        .agg(F.max_by(F.struct("table_id", "table_version"), "published_at").alias("head"))
    )
    return {row["table_name"]: Head(*row["head"]) for row in latest.collect()}


def last_published(store: DeltaStore) -> datetime | None:
    """When a run last showed tables to readers, UTC; None if none ever did."""
    if store.head(PUBLICATIONS.name) is None:
        return None
    row = store.read(PUBLICATIONS.name).agg(F.max("published_at")).first()
    return None if row is None or row[0] is None else row[0].replace(tzinfo=UTC)


class Ledger:
    """Reads the past once, then appends. Rows that no later run decides by wait for the next one that does, or the end."""

    def __init__(self, store: DeltaStore, run_id: str, command: str, run_date: date, code_version: str) -> None:
        self._store = store
        self._common = {"run_id": run_id, "command": command, "run_date": run_date, "code_version": code_version}
        self._waiting: list[Entry] = []
        self._last: dict[str, Entry] | None = None
        self.has_published = False

    def last_success(self, step: str) -> Entry | None:
        """The step's last row with status succeeded: what its table was made from."""
        if self._last is None:
            self._last = self._read_last()
        return self._last.get(step)

    def last_successes(self, table: str) -> list[Entry]:
        """The last success of each step that writes the table: mirrors have one a shop, `bronze.woo__orders[nl]`."""
        self.last_success(table)
        return [entry for step, entry in (self._last or {}).items() if step.split("[")[0] == table]

    def _read_last(self) -> dict[str, Entry]:
        runs = run_rows(self._store).where((F.col("status") == SUCCEEDED) & (F.col("step") != ""))
        names = list(Entry.__dataclass_fields__)
        latest = runs.groupBy("step").agg(F.max_by(F.struct(*names), "ended_at").alias("entry")).select("entry.*")
        return {row["step"]: Entry(**row.asDict()) for row in latest.collect()}

    def last_status(self, step: str) -> str | None:
        """The status of the step's newest row, whatever became of its run."""
        if self._store.head(RUNS.name) is None:
            return None
        row = self._store.read(RUNS.name).where(F.col("step") == step).agg(F.max_by("status", "ended_at")).first()
        return None if row is None else row[0]

    def record(self, entry: Entry, at_once: bool = False) -> None:
        """Write the row: at once if a later run decides by it (it has a recipe, or is the run's own), else with the next such row."""
        self._waiting.append(entry)
        if at_once or (entry.status != SKIPPED and (entry.fingerprint or not entry.step)):
            self.flush()
        if entry.status == SUCCEEDED and self._last is not None:
            self._last[entry.step] = entry

    def flush(self) -> None:
        """Write what waits."""
        # Not twice, if the commit gets through and its answer does not: then the run fails, and its end is a row of its own.
        entries, self._waiting = self._waiting, []
        now = datetime.now(UTC)
        self._store.append_rows(RUNS, [{**self._common, "ended_at": now, **asdict(entry)} for entry in entries])

    def ended_runs(self) -> set[str]:
        """Ids of runs that are over, however they ended."""
        ends = self._store.read(RUNS.name).where((F.col("step") == "") & (F.col("status") != STARTED))
        return {row[0] for row in ends.select("run_id").collect()}

    def mark_abandoned(self) -> list[Killed]:
        """Write `abandoned` for every run that started and never ended: it was killed. Gives these runs, oldest first."""
        if self._store.head(RUNS.name) is None:
            return []
        runs = self._store.read(RUNS.name).where(F.col("step") == "")
        open_runs = runs.groupBy("run_id").agg(
            F.count("*").alias("events"),
            F.first("command").alias("command"),
            F.first("run_date").alias("run_date"),
            F.min("ended_at").alias("started_at"),
        )
        names = ("run_id", "command", "run_date", "started_at")
        rows = open_runs.where("events = 1").orderBy("started_at", "run_id").select(*names).collect()
        killed = [Killed(row[0], row[1], row[2], row[3].replace(tzinfo=UTC)) for row in rows]
        now = datetime.now(UTC)
        ends = [{**self._common, **asdict(run), "ended_at": now, **asdict(Entry("", ABANDONED))} for run in killed]
        self._store.append_rows(RUNS, ends)
        return killed

    def publish(self, heads: Mapping[str, Head]) -> None:
        """Show these versions to readers, all at once."""
        now = datetime.now(UTC)
        rows = [
            {**self._common, "table_name": n, "table_id": h.table_id, "table_version": h.version, "published_at": now}
            for n, h in heads.items()
        ]
        self._store.append_rows(PUBLICATIONS, rows)
        self.has_published = True

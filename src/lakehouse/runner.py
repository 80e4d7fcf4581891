"""Run one step: skip it, build it for the orders that changed, or build it in full; then record what it was made from.

The rules and their reasons are in docs/architecture.md, "The runner".
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.decision import NOTHING, decide, note
from lakehouse.errors import DataError
from lakehouse.flow import Step
from lakehouse.io import logs
from lakehouse.io.delta_files import UNREADABLE, ask, quoted
from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.ledger import SKIPPED, SUCCEEDED, Entry, Ledger, inputs_json
from lakehouse.loading import Loaded, load, rejects_json
from lakehouse.scope import KEYS_AT_MOST, Scope
from lakehouse.table import Table, schema_of


class Runner:
    """Runs steps one after the other on pinned versions: those this run has written, else the published ones."""

    def __init__(self, store: DeltaStore, ledger: Ledger, run_id: str, parameters: Mapping[str, object], heads: Mapping[str, Head]) -> None:
        self._store, self._ledger, self._run_id = store, ledger, run_id
        self.parameters = dict(parameters)
        self.heads = dict(heads)
        self.outputs: dict[str, Head] = {}

    def run(self, step: Step, again: bool = False) -> Entry:
        """Bring the step's table up to date; gives its row of the ledger. `again` builds it in full also if nothing changed."""
        started = time.monotonic()
        logs.at(step.name)
        inputs = {table.name: self.pinned(table) for table in step.inputs}
        values = {name: self.parameters[name] for name in step.parameters}
        decision = decide(self._store, self._ledger, step, inputs, values, again)
        if decision.way == "leave out":
            return self._leave_out(step, decision.reason, started)
        last = decision.last
        if last is not None and decision.way == "skip":
            return self._finish(step, Entry(step.name, SKIPPED, decision.reason, table_id=last.table_id), started)
        scope = None
        if last is not None and decision.way == "by scope":
            scope = changed_orders(self._store, step.inputs, last.input_heads, inputs)
        mode = "full" if scope is None else f"by scope, {len(scope)} orders"
        entry = Entry(step.name, SUCCEEDED, mode, inputs=inputs_json(inputs), fingerprint=decision.recipe)
        if scope is None or len(scope) > 0:
            frames = [self._part(table, scope) for table in step.reads]
            others = {table.name: self._part(table, scope) for table in step.refers_to}
            is_small = self._store.holds(0) if scope is not None else self._store.is_small(inputs, step.fan_out)
            with self._store.noted(note(self._run_id, decision.recipe, inputs)):
                built = step.build(*frames, **values)
                loaded = load(self._store, step.writes, built, step.write, self._run_id, scope, others=others, is_small=is_small)
                entry = counted(entry, loaded)
        return self._finish(step, entry, started)

    def read(self, table: Table) -> DataFrame:
        """The declared columns of the version that this run works with; no rows where the table may be missing and is."""
        head = self.pinned(table)
        if head == NOTHING:
            return self._store.empty(table.columns)
        return self._store.read(table.name, head.version).select(*table.column_names)

    def pinned(self, table: Table) -> Head:
        """The version of an input that this run works with."""
        if table.name not in self.heads:
            if table.may_be_missing:
                return NOTHING
            raise DataError(f"{table.name} is not there yet", "run `lakehouse ingest` and `lakehouse refresh`, or `lakehouse night`, first")
        return self.heads[table.name]

    def written(self, table: Table) -> Head:
        """Take the table's latest version as this run's: later steps read it, and the end of the run publishes it."""
        head = self._store.head(table.name)
        assert head is not None
        self.heads[table.name] = self.outputs[table.name] = head
        return head

    def _leave_out(self, step: Step, reason: str, started: float) -> Entry:
        entry = Entry(step.name, SKIPPED, reason, seconds=time.monotonic() - started)
        self._ledger.record(entry)
        report(entry)
        return entry

    def _part(self, table: Table, scope: Scope | None) -> DataFrame:
        """Of some orders the rows themselves, so that a plan that uses them twice asks for them once."""
        if scope is None:
            return self.read(table)
        condition, head = scope.condition(table.scope), self.pinned(table)
        if head == NOTHING or not self._store.holds(0):
            return self.read(table).where(condition)
        rows = self._store.arrow(table.name, table.column_names, condition, head.version)
        return self._store.spark.createDataFrame(rows, schema_of(table.columns))

    def _finish(self, step: Step, entry: Entry, started: float) -> Entry:
        head = self.written(step.writes)
        entry = replace(entry, seconds=time.monotonic() - started, table_id=head.table_id, table_version=head.version)
        self._ledger.record(entry)
        report(entry)
        return entry


def counted(entry: Entry, loaded: Loaded) -> Entry:
    """The entry with the rows of a load."""
    done = loaded.written
    return replace(
        entry,
        rows_read=loaded.read,
        rows_inserted=done.inserted,
        rows_updated=done.updated,
        rows_deleted=done.deleted,
        rows_rejected=loaded.rejected,
        rejects=rejects_json(loaded.rejects),
    )


def report(entry: Entry) -> None:
    """The progress line of a step."""
    if entry.status == SKIPPED:
        what = entry.mode
    else:
        changes = f"+{entry.rows_inserted} ~{entry.rows_updated} -{entry.rows_deleted}"
        rejected = f", {entry.rows_rejected} in quarantine" if entry.rows_rejected else ""
        what = f"{entry.rows_read} rows, {changes}{rejected} ({entry.mode})"
    logs.info(f"{entry.step:<40} {entry.seconds:6.1f} s  {what}", **entry.__dict__)


def changed_orders(store: DeltaStore, tables: tuple[Table, ...], before: Mapping[str, Head], now: Mapping[str, Head]) -> Scope | None:
    """The root orders whose rows changed in any input; None if that can't be told or they are too many, so that all is built."""
    changed = []
    for table in tables:
        old, new = before.get(table.name), now[table.name]
        if old is None or old.table_id != new.table_id or old.version > new.version:
            return None
        if old.version < new.version:
            changed.append((table, old.version + 1, new.version))
    if not changed:
        return Scope({})
    try:
        # A vacuumed feed fails only when its rows are collected.
        keys = {key for change in changed for key in _changed_keys(store, *change)}
    except (PySparkException, Py4JError, *UNREADABLE) as error:
        logs.warn(f"the change feed can't be read, building in full: {type(error).__name__}")
        return None
    return Scope.of_orders(keys) if len(keys) <= KEYS_AT_MOST else None


def _changed_keys(store: DeltaStore, table: Table, first: int, last: int) -> list[tuple[str, int]]:
    """(shop_code, root order) of rows that differ before and after a commit, KEYS_AT_MOST + 1 at most."""
    feed = store.feed(table.name, first, last)
    if feed is None:
        return [(row[0], row[1]) for row in _net_changes(store, table, first, last).distinct().limit(KEYS_AT_MOST + 1).collect()]
    columns = ", ".join(map(quoted, (*table.column_names, "_commit_version")))
    net = "sum(CASE WHEN _change_type IN ('insert', 'update_postimage') THEN 1 ELSE -1 END)"
    found = ask(
        f"SELECT DISTINCT shop_code, {table.scope} AS root FROM (SELECT {columns} FROM feed GROUP BY ALL HAVING {net} <> 0)"
        f" LIMIT {KEYS_AT_MOST + 1}",
        feed=feed,
    )
    return list(zip(found["shop_code"].to_pylist(), found["root"].to_pylist(), strict=True))


def _net_changes(store: DeltaStore, table: Table, first: int, last: int) -> DataFrame:
    """(shop_code, root order) of rows that differ before and after a commit, looking at declared columns only.

    Per commit, never across: A→B in one commit and B→A in the next cancel out, but what was built in between holds B.
    """
    sign = F.when(F.col("_change_type").isin("insert", "update_postimage"), 1).otherwise(-1)
    columns = [*table.column_names, "_commit_version"]
    net = store.changes(table.name, first, last).groupBy(*columns).agg(F.sum(sign).alias("net")).where("net != 0")
    return net.select("shop_code", F.col(table.scope or ""))

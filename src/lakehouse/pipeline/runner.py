"""Run one step: skip it, build it for the orders that changed, or build it in full; then record what it was made from.

The rules and their reasons are in docs/architecture.md, "The runner".
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.flow import MODEL, Step
from lakehouse.io.delta.delta_files import UNREADABLE, ask
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.host import logs
from lakehouse.ops.ledger import SKIPPED, SUCCEEDED, Entry, Ledger, inputs_json
from lakehouse.pipeline.loader import load
from lakehouse.pipeline.pinned_tables import PinnedTables
from lakehouse.pipeline.planner import NOTHING, commit_metadata, decide
from lakehouse.pipeline.recording import counted, record
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.scope import KEYS_AT_MOST, Scope
from lakehouse.table import Table, quoted, schema_of


class Runner:
    """Runs steps one after the other on pinned versions: those it has written, else those it was given.

    `model` gives the model of the version that stands in `heads` as MODEL; it is called by a build that needs it, since loading takes
    seconds.
    """

    def __init__(
        self,
        store: DeltaStore,
        ledger: Ledger,
        run_id: str,
        parameters: Mapping[str, object],
        heads: Mapping[str, TableVersion],
        model: Callable[[], RegisteredModel] | None = None,
    ) -> None:
        self._store, self._ledger, self._run_id, self._model = store, ledger, run_id, model
        self._parameters, self._heads = parameters, dict(heads)
        self._tables = PinnedTables(store, self._heads)
        self.outputs: dict[str, TableVersion] = {}

    def run(self, step: Step, again: bool = False) -> Entry:
        """Bring the step's table up to date; gives its row of the ledger. `again` builds it in full also if nothing changed."""
        started = time.monotonic()
        logs.set_current_step(step.name)
        tables = {table.name: self._tables.head(table) for table in step.inputs}
        inputs = tables | ({MODEL: self._heads.get(MODEL, NOTHING)} if step.takes_model else {})
        values = {name: self._parameters[name] for name in step.parameters}
        decision = decide(self._store, self._ledger, step, inputs, values, again)
        if decision.way == "leave out":
            return record(self._ledger, Entry(step.name, SKIPPED, decision.reason, seconds=time.monotonic() - started))
        last = decision.last
        if last is not None and decision.way == "skip":
            return self._finish(step, Entry(step.name, SKIPPED, decision.reason, table_id=last.table_id), started)
        scope = None
        if last is not None and decision.way == "by scope":
            scope = self._changed(step, last.input_heads, tables)
        mode = "full" if scope is None else f"by scope, {len(scope)} orders"
        entry = Entry(step.name, SUCCEEDED, mode, inputs=inputs_json(inputs), fingerprint=decision.fingerprint)
        if scope is None or len(scope) > 0:
            frames = [*(self._part(table, scope) for table in step.reads), *(self._part(table, None) for table in step.lookups)]
            if step.remembers:
                frames.append(self._store.latest(step.writes))
            others = {table.name: self._part(table, scope) for table in step.refers_to}
            is_small = self._store.holds(0) if scope is not None else self._is_small(step, tables)
            if step.takes_model:
                assert self._model is not None
                values["model"] = self._model()
            with self._store.commits_marked(commit_metadata(self._run_id, decision.fingerprint, inputs)):
                built = step.build(*frames, **values)
                loaded = load(self._store, step.writes, built, step.write, self._run_id, scope, others=others, is_small=is_small)
                entry = counted(entry, loaded)
        return self._finish(step, entry, started)

    def _is_small(self, step: Step, tables: Mapping[str, TableVersion]) -> bool:
        """Whether the driver can hold what is built of all rows of the inputs."""
        if step.fan_out is None:
            return self._store.is_small(tables)
        table, times = step.fan_out
        return self._store.is_small({table.name: tables[table.name]}, times)

    def _changed(self, step: Step, before: Mapping[str, TableVersion], now: Mapping[str, TableVersion]) -> Scope | None:
        """The root orders that are to be built; None: all of them."""
        if any(before.get(table.name) != now[table.name] for table in step.lookups):
            return None
        return changed_orders(self._store, (*step.reads, *step.refers_to), before, now)

    def _part(self, table: Table, scope: Scope | None) -> DataFrame:
        """Of some orders the rows themselves, so that a plan that uses them twice asks for them once."""
        if scope is None:
            return self._tables.read(table)
        condition, head = scope.condition(table.scope), self._tables.head(table)
        if head == NOTHING or not self._store.holds(0):
            return self._tables.read(table).where(condition)
        rows = self._store.arrow(table.name, table.column_names, condition, head.version)
        return self._store.spark.createDataFrame(rows, schema_of(table.columns))

    def _finish(self, step: Step, entry: Entry, started: float) -> Entry:
        """The table's latest version is this run's: later steps read it."""
        head = self._store.head(step.name)
        assert head is not None
        self._heads[step.name] = self.outputs[step.name] = head
        entry = replace(entry, seconds=time.monotonic() - started, table_id=head.table_id, table_version=head.version)
        return record(self._ledger, entry)


def changed_orders(
    store: DeltaStore, tables: tuple[Table, ...], before: Mapping[str, TableVersion], now: Mapping[str, TableVersion]
) -> Scope | None:
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

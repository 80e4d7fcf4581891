"""Writes the mirrors of one shop, each with its row in the ledger."""

import time
from dataclasses import replace

from pyspark.sql import DataFrame

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import SKIPPED, SUCCEEDED, Entry, Ledger
from lakehouse.pipeline.loader import load
from lakehouse.pipeline.recording import counted, record
from lakehouse.scope import Orders, Scope
from lakehouse.table import Table


class Mirrors:
    """`outputs`: table → the version that was written or left as it is. Two threads may use it at once for different tables."""

    def __init__(self, store: DeltaStore, ledger: Ledger, run_id: str, code: str) -> None:
        self._store, self._ledger, self._run_id, self._code = store, ledger, run_id, code
        self.outputs: dict[str, TableVersion] = {}

    def load(self, table: Table, frame: DataFrame, max_delete_share: float, is_small: bool, orders: Orders | None = None) -> None:
        """Make the shop's rows equal to the frame; with `orders` only those of these root orders."""
        started, scope = time.monotonic(), Scope({self._code: orders})
        loaded = load(self._store, table, frame, "sync", self._run_id, scope, max_delete_share, is_small=is_small)
        self._finish(table, counted(Entry(self.step(table), SUCCEEDED, "mirrored", time.monotonic() - started), loaded))

    def leave(self, table: Table) -> None:
        """Record that the mirror has the rows already that were read."""
        self._finish(table, Entry(self.step(table), SKIPPED, "the same rows as the last time"))

    def step(self, table: Table) -> str:
        """Its name in the ledger."""
        return f"{table.name}[{self._code}]"

    def _finish(self, table: Table, entry: Entry) -> None:
        head = self._store.head(table.name)
        assert head is not None
        self.outputs[table.name] = head
        record(self._ledger, replace(entry, table_id=head.table_id, table_version=head.version))

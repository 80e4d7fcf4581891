"""A lake's ledgers written by hand: runs with their steps, at times that a test chooses."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import PUBLICATIONS, RUNS, STARTED, SUCCEEDED, Entry, inputs_json
from lakehouse.pipeline.planner import NOTHING


def night_of(day: int) -> datetime:
    """02:30 UTC of a day of November 2026."""
    return datetime(2026, 11, day, 2, 30, tzinfo=UTC)


class Past:
    """Rows of `ops.runs` and `ops.publications`, in one commit each."""

    def __init__(self) -> None:
        self._runs: list[dict[str, object]] = []
        self._publications: list[dict[str, object]] = []

    def run(
        self, run_id: str, started: datetime, *steps: Entry, command: str = "night", end: Entry | None = None, minutes: int = 10
    ) -> "Past":
        """A run of the day on which it started. `end` is the row of its end: success if None is given, none for status started."""
        end = end or Entry("", SUCCEEDED, seconds=minutes * 60.0)
        common = {"run_id": run_id, "command": command, "run_date": started.date(), "code_version": "0.1.0"}
        ended = started + timedelta(minutes=minutes)
        entries = [(Entry("", STARTED), started), *((step, ended - timedelta(minutes=1)) for step in steps)]
        entries += [] if end.status == STARTED else [(end, ended)]
        self._runs += [{**common, "ended_at": at, **asdict(entry)} for entry, at in entries]
        return self

    def published(self, run_id: str, at: datetime, heads: Mapping[str, TableVersion]) -> "Past":
        for name, head in heads.items():
            row = {"table_name": name, "table_id": head.table_id, "table_version": head.version}
            self._publications.append({"run_id": run_id, "published_at": at, **row})
        return self

    def write(self, store: DeltaStore) -> None:
        store.append_rows(RUNS, self._runs)
        store.append_rows(PUBLICATIONS, self._publications)


def step(
    name: str, version: int, inputs: Mapping[str, int] | None = None, mode: str = "full", rows: int = 100, seconds: float = 5
) -> Entry:
    """A success that wrote this version; the id of a table is its name."""
    heads = {table: TableVersion(table, used) if used >= 0 else NOTHING for table, used in (inputs or {}).items()}
    return Entry(
        name, SUCCEEDED, mode, float(seconds), rows, rows, table_id=name.split("[")[0], table_version=version, inputs=inputs_json(heads)
    )

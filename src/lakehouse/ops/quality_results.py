"""`ops.quality_results`: what came of every check of every version that was about to be published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lakehouse.checks import RUNS_AT_LEAST, VOLUME
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import table_runs
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.sample_keys import format_keys
from lakehouse.table import LONG, STRING, TIMESTAMP, Table

PASSED, FAILED, ERROR, EMPTY, ACCEPTED, QUARANTINED = "passed", "failed", "error", "empty", "accepted", "quarantined"
GOOD = (PASSED, QUARANTINED, ACCEPTED)
# So many runs of a table are its past.
PAST = 30


@dataclass(frozen=True)
class QualityResult:
    """One row."""

    run_id: str = column(STRING, "id of the run")
    table_name: str = column(STRING, "the table")
    table_id: str = column(STRING, "its Delta id")
    table_version: int = column(LONG, "the version that was judged; -1 of what kept a table from being written")
    check: str = column(STRING, "a sentence that is true for a good table")
    kind: str = column(STRING, "rows, type, rule, reference, key, freshness or unusual")
    severity: str = column(STRING, "critical: nothing is published; warning: somebody is told")
    meaning: str = column(STRING, "the check as SQL or in words")
    status: str = column(
        STRING,
        "passed, quarantined (rows that broke it were left out), failed, error (could not be told), empty (saw no rows), accepted"
        " (failed, let pass by an operator)",
    )
    table_rows: int = column(LONG, "rows of the version")
    unexpected: int | None = column(LONG, "rows that break it (keys that stand twice, unusual things); null if it is about no rows")
    observed: str = column(STRING, "what was found instead, of checks of the whole table")
    samples: str = column(STRING, "JSON: keys of up to five such rows")
    expectation: str = column(STRING, "JSON: the Great Expectations configuration that judged")
    checked_at: datetime = column(TIMESTAMP, "when, UTC")

    @property
    def is_good(self) -> bool:
        """Whether the check lets the table be published."""
        return self.status in GOOD

    @property
    def sample_keys(self) -> list[str]:
        """Keys of up to five rows that break it, as text."""
        return list(json.loads(self.samples))

    @property
    def how_to_accept(self) -> str:
        """The end of an advice; empty for what can't be accepted, since it could not be told."""
        return f"; if it is right, run again with --accept {self.table_name}:{self.check}" if self.status == FAILED else ""

    def told(self) -> str:
        """As silver.orders: total_is_known is not true of 3 of 120 rows (as nl 17; nl 18): total_amount is not null"""
        if self.status == EMPTY:
            return f"{self.table_name}: {self.check} saw no rows"
        if self.status == ERROR:
            return f"{self.table_name}: {self.check} could not be told: {self.meaning}"
        found = f", found {self.observed}" if self.observed else ""
        return f"{self.table_name}: {self.check} is not true{self._whom()}{found}: {self.meaning}"

    def _whom(self) -> str:
        if self.kind in ("freshness", "unusual"):
            more = (self.unexpected or 0) - len(self.sample_keys)
            return f" of {'; '.join(self.sample_keys)}" + (f" and {more} more" if more > 0 else "")
        if self.unexpected is None:
            return ""
        of = "keys" if self.kind == "key" else f"of {self.table_rows} rows"
        return f" of {self.unexpected} {of}{format_keys(self.sample_keys)}"


QUALITY_RESULTS = Table(
    name="ops.quality_results",
    grain="one check of one version of a table, in one run",
    key=("run_id", "table_name", "table_version", "check"),
    columns=columns_of(QualityResult),
)


def record_results(store: DeltaStore, results: Sequence[QualityResult]) -> None:
    """Append them in one commit."""
    store.append_rows(QUALITY_RESULTS, map(asdict, results))


def rows_before(store: DeltaStore, heads: Mapping[str, TableVersion]) -> dict[str, list[int]]:
    """Table → its rows at the end of the latest runs that succeeded and wrote it or looked at it, one a run, the newest first.

    Of the tables that stand there now. What an operator accepted is usual from then on: such a volume stands for as many runs as
    make a past, in place of those before it.
    """
    judged: dict[tuple[str, str, int], tuple[int, bool]] = {}
    # Every version has the first of these checks, so that one row of each tells its number of rows.
    columns = ("table_name", "table_id", "table_version", "table_rows", "check", "status")
    for row in store.rows(QUALITY_RESULTS, columns, f"kind = 'key' OR \"check\" = '{VOLUME}'"):
        version = (row["table_name"], row["table_id"], row["table_version"])
        rows, is_new = judged.get(version, (row["table_rows"], False))
        judged[version] = max(rows, row["table_rows"]), is_new or (row["check"] == VOLUME and row["status"] == ACCEPTED)
    runs: dict[str, list[tuple[datetime, int, bool]]] = {}
    for name, table_id, number, ended_at in table_runs(store):
        head, found = heads.get(name), judged.get((name, table_id, number))
        if head is not None and head.table_id == table_id and found is not None:
            runs.setdefault(name, []).append((ended_at, *found))
    return {name: _past(sorted(of_table, reverse=True)) for name, of_table in runs.items()}


def _past(runs: Sequence[tuple[datetime, int, bool]]) -> list[int]:
    """Newest first; what was accepted ends it and stands for what is missing of a past."""
    found: list[int] = []
    for _, rows, is_new in runs[:PAST]:
        found.append(rows)
        if is_new:
            return found + [rows] * (RUNS_AT_LEAST - 1)
    return found


def tables_in_doubt(store: DeltaStore) -> set[str]:
    """Tables of whose newest verdicts one is not good."""
    return {row["table_name"] for row in _newest(store, ("table_name", "status", "checked_at")) if row["status"] not in GOOD}


@dataclass(frozen=True)
class Asked:
    """When which version of a table was judged, in which run."""

    head: TableVersion
    run_id: str
    checked_at: datetime


def last_asked(store: DeltaStore, table: str) -> Asked | None:
    """The table's newest audit; None before there was one."""
    columns = ("table_id", "table_version", "run_id", "checked_at")
    rows = store.newest(QUALITY_RESULTS, ("table_name",), "checked_at", columns, f"table_name = '{table}'")
    if not rows:
        return None
    newest = rows[-1]
    return Asked(TableVersion(newest["table_id"], newest["table_version"]), newest["run_id"], newest["checked_at"])


def latest_results(store: DeltaStore) -> list[QualityResult]:
    """The results of each table's newest audit."""
    return sorted(rows_as(QualityResult, _newest(store)), key=lambda result: (result.table_name, result.check))


def _newest(store: DeltaStore, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    return store.newest(QUALITY_RESULTS, ("table_name",), "checked_at", columns)

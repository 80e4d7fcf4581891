"""Turns verdicts into rows of ops.quality_results and into incidents."""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse.checks import HAS_ROWS
from lakehouse.incident import CRITICAL, ROWS, WARNING, Incident
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import Entry, Ledger
from lakehouse.ops.quality_results import ACCEPTED, EMPTY, FAILED, PASSED, QUARANTINED, QualityResult
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.pipeline.quarantine_stock import ORIGINS, stock_of
from lakehouse.pipeline.rejects import Rejects, format_rejects, rejects_of
from lakehouse.sample_keys import SAMPLES
from lakehouse.table import Table

if TYPE_CHECKING:
    from lakehouse.io.quality.expectations import CheckOutcome

SITE = "_data_docs"


def results_of(
    run_id: str,
    table: Table,
    head: TableVersion,
    rows: int,
    verdicts: "Sequence[CheckOutcome]",
    rejects: dict[str, Rejects],
    accepted: Collection[str],
) -> list[QualityResult]:
    """One row a verdict. `rejects` are left out of the table already; `accepted` failures (table:check) are let pass."""
    now = datetime.now(UTC)
    is_empty = rows == 0 and any(_asks_for_rows(v, table, accepted) for v in verdicts)
    results = []
    for verdict in verdicts:
        check, status, unexpected, samples = verdict.check, verdict.status, verdict.unexpected, verdict.samples
        if is_empty and check.kind in ("rule", "reference", "key"):
            status = EMPTY
        elif status == PASSED and check.name in rejects:
            status, unexpected, samples = QUARANTINED, rejects[check.name].rows, rejects[check.name].keys
        elif status == FAILED and f"{table.name}:{check.name}" in accepted:
            status = ACCEPTED
        results.append(
            QualityResult(
                run_id=run_id,
                table_name=table.name,
                table_id=head.table_id,
                table_version=head.version,
                check=check.name,
                kind=check.kind,
                severity=check.severity,
                meaning=check.meaning,
                status=status,
                table_rows=rows,
                unexpected=unexpected,
                observed=verdict.observed,
                samples=json.dumps(samples),
                expectation=verdict.expectation,
                checked_at=now,
            )
        )
    return results


def _asks_for_rows(verdict: "CheckOutcome", table: Table, accepted: Collection[str]) -> bool:
    check = verdict.check
    return check.name == HAS_ROWS and check.severity == CRITICAL and f"{table.name}:{HAS_ROWS}" not in accepted


def rejects_now(ledger: Ledger, table: Table) -> dict[str, Rejects]:
    """Rule → rows that the newest build of the table left out, of all shops together."""
    found: dict[str, Rejects] = {}
    for entry in ledger.last_successes(table.name):
        for rule, more in rejects_of(entry.rejects).items():
            before = found.get(rule, Rejects(0, ()))
            found[rule] = Rejects(before.rows + more.rows, (*before.keys, *more.keys)[:SAMPLES])
    return found


def alarm(result: QualityResult, table: Table, lake_root: str) -> Incident:
    """A check of severity warning that is not true of the table."""
    todo = f"look whether it is so: {site(lake_root)}/index.html, ops.quality_results{result.how_to_accept}"
    is_standing = any(alarm.is_standing for alarm in table.alarms if alarm.name == result.check)
    return Incident(alarm_key(result.table_name, result.check), WARNING, result.told(), todo, result.table_name, is_standing=is_standing)


def site(lake_root: str) -> str:
    """Where Data Docs are."""
    return f"{lake_root}/{SITE}"


def alarm_key(table_name: str, check: str) -> str:
    """The key of the incident that a check is not true."""
    return f"quality:{table_name}:{check}"


def rejects_incident(store: DeltaStore, ledger: Ledger, table: Table) -> Incident | None:
    """One incident for all rows of the table that are in quarantine, however long they have been there. None if there are none."""
    if table.name in ORIGINS:
        stock = stock_of(store, table)
        rows = sum(each.rows for each in stock)
        found = f"{table.name}: {_rows(rows)} in quarantine: {', '.join(map(str, stock))}"
    else:
        newest = [entry for entry in ledger.last_successes(table.name) if entry.rows_rejected]
        rows = sum(entry.rows_rejected for entry in newest)
        found = "; ".join(map(_left_out, newest))
    todo = f"look at {quarantine_of(table.name)}; mend the source or the rule"
    details = {ROWS: str(rows)}
    return Incident(rejects_key(table.name), WARNING, found, todo, table.name, details, is_standing=True) if rows else None


def rejects_key(table_name: str) -> str:
    """The key of the incident that rows of a table are in quarantine."""
    return f"rejects:{table_name}"


def _left_out(entry: Entry) -> str:
    found = f"{entry.rows_rejected} of {entry.rows_read} rows are in quarantine"
    return f"{entry.step}: {found}: {format_rejects(rejects_of(entry.rejects))}"


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"

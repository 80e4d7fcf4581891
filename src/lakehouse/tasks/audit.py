"""Write, audit, publish: what this run is about to show is judged first; a critical failure shows nothing."""

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.errors import ConfigError, DataError
from lakehouse.incident import WARNING, Incident
from lakehouse.io import logs
from lakehouse.io.delta_store import Head
from lakehouse.io.quality_results import ACCEPTED, EMPTY, FAILED, QualityResult, latest_results, record_results, rows_before
from lakehouse.quality import ALARM, CRITICAL, HAS_ROWS, ROWS_ABOVE, RUNS_AT_LEAST, checks, is_dated
from lakehouse.table import Table
from lakehouse.tasks.dictionary import ANY_DAY, declared

if TYPE_CHECKING:
    from lakehouse.io.expectations import Verdict
    from lakehouse.tasks.run import Run

SITE = "_data_docs"


def audit(run: "Run") -> None:
    """Judge every table that this run has written, or that stands unpublished, and that was not judged in this run yet.

    Called after each stage, so that nothing is built on what will not be published, and at the end of every run.
    DataError (65) with the first failure, after all of them are in ops.quality_results and Data Docs. Alarms are warnings.
    """
    logs.at("audit")
    due = _due(run)
    if not due:
        return
    results = _judged(run, due)
    record_results(run.store, results)
    run.audited.update(due)
    bad = [result for result in results if not result.is_good]
    for result in bad:
        logs.warn(result.told(), table=result.table_name, check=result.check)
    alarms = [result for result in results if result.severity == ALARM]
    run.alarms.extend(_incident(result, run.settings.lake_root) for result in alarms if not result.is_good)
    run.cleared.update(_incident_key(result) for result in alarms if result.is_good)
    critical = [result for result in bad if result.severity == CRITICAL]
    logs.info(f"audit: {len(due)} tables, {len(results)} checks, {len(bad)} not true", step="audit")
    if critical:
        more = f" (and {len(critical) - 1} more)" if len(critical) > 1 else ""
        first = critical[0]
        raise DataError(
            first.told() + more,
            f"nothing was published; see {site(run.settings.lake_root)}/index.html or ops.quality_results; mend the source or the rule,"
            f" or, if it is right, run again with --accept {first.table_name}:{first.check}",
        )


def refuse_unknown_checks(names: Collection[str]) -> None:
    """ConfigError (2) if one of these (table:check) does not exist."""
    tables = declared()
    for name in names:
        table, _, check = name.partition(":")
        known = {c.name for c in checks(tables[table], ANY_DAY, [ROWS_ABOVE + 1] * RUNS_AT_LEAST)} if table in tables else set()
        if check not in known:
            raise ConfigError(f"--accept: there is no check {name}", "name it as the failure did: silver.orders:volume_is_possible")


def _incident(result: QualityResult, lake_root: str) -> Incident:
    todo = f"look whether it is so; {site(lake_root)}/index.html and ops.quality_results have the figures. Tables were published."
    return Incident(_incident_key(result), WARNING, result.told(), todo, result.table_name)


def _incident_key(result: QualityResult) -> str:
    return f"quality:{result.table_name}:{result.check}"


def site(lake_root: str) -> str:
    return f"{lake_root}/{SITE}"


def write_data_docs(run: "Run") -> None:
    """The newest verdict of every table as a site under the lake. That it can't be written is a warning: it decides nothing."""
    from lakehouse.io.data_docs import write_site

    if not run.audited:
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_site(latest_results(run.store), Path(folder) / SITE)
            run.store.keep_folder(f"{folder}/{SITE}", site(run.settings.lake_root))
    except Exception as error:
        logs.warn(f"Data Docs could not be written: {type(error).__name__}")


def _due(run: "Run") -> dict[str, Head]:
    tables, written = declared(), run.runner.outputs.items()
    waiting = {name: head for name, head in written if run.audited.get(name) != head}
    return {name: head for name, head in waiting.items() if run.published.get(name) != head or is_dated(tables[name])}


def _judged(run: "Run", due: Mapping[str, Head]) -> list[QualityResult]:
    from lakehouse.io.expectations import Judge  # takes seconds to import

    judge, past, tables = Judge(), rows_before(run.store, due), declared()
    results = []
    for name, head in due.items():
        table = tables[name]
        frame = run.store.read(name, head.version).select(*table.column_names)
        others = {reference.to.name: run.read(reference.to) for reference in table.references}
        found = judge.judge(table, frame, checks(table, run.run_date, past.get(name, ())), others)
        results += _results(run, table, head, frame.count(), found)
    return results


def _results(run: "Run", table: Table, head: Head, rows: int, verdicts: "Sequence[Verdict]") -> list[QualityResult]:
    now = datetime.now(UTC)
    needs_rows = any(verdict.check.name == HAS_ROWS for verdict in verdicts)
    results = []
    for verdict in verdicts:
        check, status = verdict.check, verdict.status
        if rows == 0 and needs_rows and check.kind in ("rule", "reference", "key"):
            status = EMPTY
        if status == FAILED and f"{table.name}:{check.name}" in run.accepted:
            status = ACCEPTED
        results.append(
            QualityResult(
                run_id=run.run_id,
                table_name=table.name,
                table_id=head.table_id,
                table_version=head.version,
                check=check.name,
                kind=check.kind,
                severity=check.severity,
                meaning=check.meaning,
                status=status,
                table_rows=rows,
                unexpected=verdict.unexpected,
                observed=verdict.observed,
                samples=json.dumps(verdict.samples),
                expectation=verdict.expectation,
                checked_at=now,
            )
        )
    return results

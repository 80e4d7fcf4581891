"""Write, audit, publish: what a run wrote is checked before readers see it. If a critical check fails, nothing is published."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession

from lakehouse.checks import Check, checks, every_check, is_dated
from lakehouse.errors import ConfigError, DataError
from lakehouse.incident import CRITICAL, WARNING, Incident
from lakehouse.io.delta.delta_files import is_local
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.io.quality.check_answers import Due
from lakehouse.ops.quality_results import FAILED, QualityResult, last_asked, latest_results, record_results, rows_before, tables_in_doubt
from lakehouse.pipeline.declared import declared
from lakehouse.pipeline.lanes import Beside
from lakehouse.pipeline.old_names import REPLACED
from lakehouse.pipeline.planner import NOTHING
from lakehouse.pipeline.rejects import TooManyRejectsError
from lakehouse.runs.check_results import SITE, alarm, alarm_key, rejects_incident, rejects_key, rejects_now, results_of, site
from lakehouse.runs.stage import RunContext
from lakehouse.table import Table

if TYPE_CHECKING:
    from lakehouse.io.quality.expectations import CheckOutcome

# What the thread of the audit gives back: the tables' versions, the checks that were made of them, and for each table rows and outcomes.
Judged = tuple[dict[str, TableVersion], list[Due], "list[tuple[int, list[CheckOutcome]]]"]


class Audit:
    """The audit of one run. `accepted`: checks that may fail because an operator said so, named as table:check.

    `alarms`: warnings that were found until now. `cleared`: keys of incidents that were looked for and not found. `audited`: table → the
    version that was judged, whatever the verdict.
    """

    def __init__(self, accepted: Collection[str] = ()) -> None:
        self.alarms: list[Incident] = []
        self.cleared: set[str] = set()
        self.audited: dict[str, TableVersion] = {}
        self._accepted, self._judging = frozenset(accepted), Beside[Judged]()

    def begin(self, run: RunContext, outputs: Mapping[str, TableVersion]) -> None:
        """Start to judge the outputs of the run that it has not judged yet, in a thread, while the next stage runs.

        An audit that is still at work is concluded first. DataError (65) as in `conclude`.
        """
        self.conclude(run)
        if due := _due(run, {name: head for name, head in outputs.items() if self.audited.get(name) != head}):
            asked = _asked(run, due)
            self.audited.update(due)
            self._judging.start(lambda: (due, asked, _judged(run.spark, asked)))

    def conclude(self, run: RunContext) -> None:
        """Wait for the audit that is at work, if there is one, and write its verdicts to ops.quality_results.

        Failed checks of severity warning become alarms. DataError (65) names the first critical failure and counts the others.
        """
        judged = self._judging.take()
        if judged is None:
            return
        logs.set_current_step("audit")
        due, asked, verdicts = judged
        results = []
        for each, (rows, found) in zip(asked, verdicts, strict=True):
            head, rejects = due[each.table.name], rejects_now(run.ledger, each.table)
            results += results_of(run.run_id, each.table, head, rows, found, rejects, self._accepted)
        record_results(run.store, results)
        bad = [result for result in results if not result.is_good]
        for result in bad:
            logs.warn(result.told(), table=result.table_name, check=result.check)
        tables = {each.table.name: each.table for each in asked}
        warnings = [result for result in bad if result.severity == WARNING]
        told = [alarm(result, tables[result.table_name], run.settings.lake_root) for result in warnings]
        self.alarms += told
        # All alarms that these tables can have, so that the incident of a check that was dropped is over as well.
        self.cleared |= _keys_of_alarms(due) - {incident.key for incident in told}
        logs.info(f"audit: {len(due)} tables, {len(results)} checks, {len(bad)} not true", step="audit")
        _refuse([result for result in bad if result.severity == CRITICAL], run.settings.lake_root)

    def tell_rejects(self, run: RunContext, outputs: Collection[str]) -> None:
        """An alarm for each of these tables that has rows in quarantine: how many by rule, and how much money they stand for."""
        tables = declared()
        for name in outputs:
            try:
                found = rejects_incident(run.store, run.ledger, tables[name])
            except Exception as problem:  # a count that fails must not stop the publication
                logs.warn(f"what stands in quarantine of {name} could not be counted ({type(problem).__name__})")
                continue
            if found:
                logs.info(found.title, step="audit")
                self.alarms.append(found)
            else:
                self.cleared.add(rejects_key(name))

    def withdraw(self, names: Collection[str]) -> None:
        """The incidents of tables that are no longer published under these names are over."""
        tables = declared()
        for name in names:
            alarms = {alarm_key(name, check.name) for check in every_check(tables[REPLACED[name]])}
            self.cleared |= {*alarms, rejects_key(name)}

    def record_refused(self, run: RunContext, error: TooManyRejectsError) -> None:
        """Record the rules that kept a table from being written, as failed checks. They have no version, since none was written."""
        from lakehouse.io.quality.expectations import CheckOutcome, configuration

        broken = [check for check in checks(error.table, run.run_date) if check.name in error.rejects]
        found = [(check, error.rejects[check.name]) for check in broken]
        verdicts = [CheckOutcome(check, FAILED, "", of.rows, of.keys, configuration(error.table, check)) for check, of in found]
        try:
            record_results(run.store, results_of(run.run_id, error.table, NOTHING, error.read, verdicts, {}, ()))
            self.audited[error.table.name] = NOTHING  # so that Data Docs are made
        except Exception as problem:
            logs.warn(f"what was wrong could not be recorded in ops.quality_results ({type(problem).__name__})")


def _refuse(critical: Sequence[QualityResult], lake_root: str) -> None:
    if critical:
        more = f" (and {len(critical) - 1} more)" if len(critical) > 1 else ""
        first = critical[0]
        see = f"see {site(lake_root)}/index.html or ops.quality_results"
        raise DataError(first.told() + more, f"nothing was published; {see}; mend the source or the rule{first.how_to_accept}")


def refuse_unknown_checks(names: Collection[str]) -> None:
    """ConfigError (2) if one of these (table:check) does not exist."""
    tables = declared()
    for name in names:
        table, _, check = name.partition(":")
        known = {c.name for c in every_check(tables[table])} if table in tables else set()
        if check not in known:
            raise ConfigError(f"--accept: there is no check {name}", "name it as the failure did: silver.orders:volume_is_possible")


def _keys_of_alarms(names: Collection[str]) -> set[str]:
    tables = declared()
    return {alarm_key(name, check.name) for name in names for check in every_check(tables[name]) if check.severity == WARNING}


def write_data_docs(run: RunContext, audited: Collection[str]) -> None:
    """Write a web site with the newest verdict of every table, in a folder of the lake. If that fails, it is only a warning.

    On a local disk only the pages of tables that this run judged are drawn again, and the front page is replaced last.
    """
    if not audited:
        return
    from lakehouse.io.quality.data_docs import has_pages, renew_site, write_site  # takes seconds to import

    place, tables = site(run.settings.lake_root), declared()
    results = [result for result in latest_results(run.store) if result.table_name in tables]
    others = [result for result in results if result.table_name not in audited]
    try:
        with tempfile.TemporaryDirectory() as folder:
            if is_local(place) and has_pages(Path(place), others):
                write_site(results, Path(folder) / SITE, audited)
                renew_site(Path(folder) / SITE, Path(place), results)
            else:
                write_site(results, Path(folder) / SITE)
                run.store.keep_folder(f"{folder}/{SITE}", place)
    except Exception as error:
        logs.warn(f"Data Docs could not be written: {type(error).__name__}")


def _due(run: RunContext, waiting: dict[str, TableVersion]) -> dict[str, TableVersion]:
    """The versions to judge. One that is published already is judged again only after a bad verdict, or if its checks depend on the day."""
    tables = declared()
    published = {name for name, head in waiting.items() if run.published.get(name) == head}
    in_doubt = tables_in_doubt(run.store) if published else set()
    left_out = {name for name in published - in_doubt if not is_dated(tables[name]) or _is_asked_today(run, name, waiting[name])}
    return {name: head for name, head in waiting.items() if name not in left_out}


def _is_asked_today(run: RunContext, name: str, head: TableVersion) -> bool:
    """Whether this version was judged today for the same run date. Then no check can have another answer."""
    last = last_asked(run.store, name)
    return (
        last is not None
        and last.head == head
        and last.checked_at.date() == run.started_at.date()
        and run.ledger.run_date(last.run_id) == run.run_date
    )


def _asked(run: RunContext, due: Mapping[str, TableVersion]) -> list[Due]:
    """The checks of each table, bound to the versions that the run has now."""
    past, tables = rows_before(run.store, due), declared()
    return [_due_as_it_stands(run, tables[name], checks(tables[name], run.run_date, past.get(name, ()))) for name in due]


def _due_as_it_stands(run: RunContext, table: Table, of: Sequence[Check]) -> Due:
    """The checks of one table. Versions are fixed now: the next stage writes newer ones. A missing column has a check of its own."""
    heads = {each.name: run.head(each) for each in (table, *(reference.to for reference in table.references))}

    def read(each: Table) -> DataFrame:
        head = heads[each.name]
        if head == NOTHING:
            return run.store.empty(each.columns)
        there = run.store.read(each.name, head.version)
        return there.select(*(column for column in each.column_names if column in there.columns))

    return Due(table, read, of, lambda each: run.store.opened_to_ask(each.name, heads[each.name].version))


def _judged(spark: SparkSession, asked: Sequence[Due]) -> "list[tuple[int, list[CheckOutcome]]]":
    from lakehouse.io.quality.expectations import Judge  # takes seconds to import

    return Judge(spark).judge(asked)

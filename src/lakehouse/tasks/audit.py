"""Write, audit, publish: what this run is about to show is judged first; a critical failure shows nothing."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from lakehouse.decision import NOTHING
from lakehouse.errors import ConfigError, DataError
from lakehouse.io import logs
from lakehouse.io.check_answers import Due
from lakehouse.io.delta_files import is_local
from lakehouse.io.delta_store import Head
from lakehouse.io.quality_results import FAILED, last_asked, latest_results, record_results, rows_before, tables_in_doubt
from lakehouse.loading import TooManyRejectsError
from lakehouse.quality import ALARM, CRITICAL, Check, checks, every_check, is_dated
from lakehouse.table import Table
from lakehouse.tasks.dictionary import declared
from lakehouse.tasks.verdicts import SITE, alarm, alarm_key, many_rejects, rejects_key, rejects_now, results_of, site

if TYPE_CHECKING:
    from lakehouse.io.expectations import Verdict
    from lakehouse.tasks.run import Run

# What is judged beside a stage: the tables' versions, what is asked of them, and what came of it.
Judged = tuple[dict[str, Head], list[Due], "list[tuple[int, list[Verdict]]]"]


def audit(run: "Run") -> None:
    """Begin to judge every table that this run has written, or that stands unpublished, and that was not judged in this run yet.

    Called after each stage and at the end of every run. The tables are judged beside the next stage: what an earlier stage wrote is
    concluded on first.
    """
    conclude(run)
    if due := _due(run):
        asked = _asked(run, due)
        run.audited.update(due)
        run.judging.start(lambda: (due, asked, _judged(asked)))


def conclude(run: "Run") -> None:
    """Wait for the verdicts of the audit that is at work, if one is. Before it nothing is trained, published or shown.

    DataError (65) with the first failure, after all of them are in ops.quality_results and Data Docs. Alarms are warnings.
    """
    judged = run.judging.take()
    if judged is None:
        return
    logs.at("audit")
    due, asked, verdicts = judged
    results = []
    for each, (rows, found) in zip(asked, verdicts, strict=True):
        head, rejects = due[each.table.name], rejects_now(run.ledger, each.table)
        results += results_of(run.run_id, each.table, head, rows, found, rejects, run.accepted)
    record_results(run.store, results)
    bad = [result for result in results if not result.is_good]
    for result in bad:
        logs.warn(result.told(), table=result.table_name, check=result.check)
    told = [alarm(result, run.settings.lake_root) for result in bad if result.severity == ALARM]
    run.alarms.extend(told)
    # A check that is not made any more is not wrong any more.
    run.cleared.update(_keys_of_alarms(due) - {incident.key for incident in told})
    critical = [result for result in bad if result.severity == CRITICAL]
    logs.info(f"audit: {len(due)} tables, {len(results)} checks, {len(bad)} not true", step="audit")
    if critical:
        more = f" (and {len(critical) - 1} more)" if len(critical) > 1 else ""
        first = critical[0]
        see = f"see {site(run.settings.lake_root)}/index.html or ops.quality_results"
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
    return {alarm_key(name, check.name) for name in names for check in every_check(tables[name]) if check.severity == ALARM}


def tell_rejects(run: "Run") -> None:
    """Of every table that this run wrote or looked at: whether its newest build left out so many rows that somebody should look."""
    tables = declared()
    for name in run.runner.outputs:
        if found := many_rejects(run.ledger, tables[name]):
            run.alarms.append(found)
        else:
            run.cleared.add(rejects_key(name))


def record_refused(run: "Run", error: TooManyRejectsError) -> None:
    """What kept a table from being written is a verdict too, of no version."""
    from lakehouse.io.expectations import Verdict, configuration

    broken = [check for check in checks(error.table, run.run_date) if check.name in error.rejects]
    found = [(check, error.rejects[check.name]) for check in broken]
    verdicts = [Verdict(check, FAILED, "", of.rows, of.keys, configuration(check)) for check, of in found]
    try:
        record_results(run.store, results_of(run.run_id, error.table, NOTHING, error.read, verdicts, {}, ()))
        run.audited[error.table.name] = NOTHING  # so that Data Docs are made
    except Exception as problem:
        logs.warn(f"what was wrong could not be recorded in ops.quality_results ({type(problem).__name__})")


def write_data_docs(run: "Run") -> None:
    """The newest verdict of every table as a site under the lake. That it can't be written is a warning: it decides nothing.

    Where it stands on this machine, only the pages of tables that this run judged are drawn; the front page comes last.
    """
    if not run.audited:
        return
    from lakehouse.io.data_docs import has_pages, renew_site, write_site  # takes seconds to import

    place, results = site(run.settings.lake_root), latest_results(run.store)
    others = [result for result in results if result.table_name not in run.audited]
    try:
        with tempfile.TemporaryDirectory() as folder:
            if is_local(place) and has_pages(Path(place), others):
                write_site(results, Path(folder) / SITE, run.audited)
                renew_site(Path(folder) / SITE, Path(place), results)
            else:
                write_site(results, Path(folder) / SITE)
                run.store.keep_folder(f"{folder}/{SITE}", place)
    except Exception as error:
        logs.warn(f"Data Docs could not be written: {type(error).__name__}")


def _due(run: "Run") -> dict[str, Head]:
    """Not those that are shown already, unless the day or a bad newest verdict is a reason to judge them again."""
    tables = declared()
    waiting = {name: head for name, head in run.runner.outputs.items() if run.audited.get(name) != head}
    published = {name for name, head in waiting.items() if run.published.get(name) == head}
    in_doubt = tables_in_doubt(run.store) if published else set()
    left_out = {name for name in published - in_doubt if not is_dated(tables[name]) or _is_asked_today(run, name, waiting[name])}
    return {name: head for name, head in waiting.items() if name not in left_out}


def _is_asked_today(run: "Run", name: str, head: Head) -> bool:
    """Whether this version was judged as of the same run date on the same day: nothing can have another answer now."""
    last = last_asked(run.store, name)
    return (
        last is not None
        and last.head == head
        and last.checked_at.date() == run.started_at.date()
        and run.ledger.run_date(last.run_id) == run.run_date
    )


def _asked(run: "Run", due: Mapping[str, Head]) -> list[Due]:
    """What is to be judged, of the versions that stand now."""
    past, tables = rows_before(run.store, due), declared()
    return [_due_as_it_stands(run, tables[name], checks(tables[name], run.run_date, past.get(name, ()))) for name in due]


def _due_as_it_stands(run: "Run", table: Table, of: Sequence[Check]) -> Due:
    """The next stage takes newer versions as the run's: those of now are kept. A column that is not there has a check that says so."""
    heads = {each.name: run.runner.pinned(each) for each in (table, *(reference.to for reference in table.references))}

    def read(each: Table) -> DataFrame:
        head = heads[each.name]
        if head == NOTHING:
            return run.store.empty(each.columns)
        there = run.store.read(each.name, head.version)
        return there.select(*(column for column in each.column_names if column in there.columns))

    return Due(table, read, of, lambda each: run.store.opened_to_ask(each.name, heads[each.name].version))


def _judged(asked: Sequence[Due]) -> "list[tuple[int, list[Verdict]]]":
    from lakehouse.io.expectations import Judge  # takes seconds to import

    return Judge().judge(asked)

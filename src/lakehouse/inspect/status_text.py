"""`lakehouse status` in words: first whether everything is fine, then what happened; or as one JSON object."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from lakehouse.inspect.problems import AT_WORK, Open, age, failed
from lakehouse.inspect.status import Facts, facts
from lakehouse.inspect.text_tables import ReportFormat, as_table, plain
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake
from lakehouse.night import SCHEDULED
from lakehouse.ops.history import PastRun
from lakehouse.ops.ledger import ABANDONED, STARTED, SUCCEEDED, Entry
from lakehouse.ops.reconciliations import reconciliation_rows
from lakehouse.ops.shop_reads import ShopReadRecord, all_reads
from lakehouse.pipeline.old_names import TAKE_ON, is_old

SLOWEST = 8


def status(env: str, runs: int, output: ReportFormat) -> str:
    """The newest `runs` runs are shown. DataError (65) for a lake without any run."""
    lake = Lake(load_settings(env))
    found = facts(lake, datetime.now(UTC))
    if output == ReportFormat.JSON:
        shown = {"is_fine": not found.problems, **asdict(found), "runs": [asdict(run) for run in found.runs[:runs]]}
        return json.dumps(shown, default=lambda value: str(plain(value)))
    return "\n\n".join([as_text(found, runs), *_shops(lake)])


def as_text(found: Facts, runs: int) -> str:
    """The verdict, the state, the last runs, the newest run's slowest steps and its rows in quarantine."""
    parts = [_verdict(found), _state(found), _runs(found.runs[:runs])]
    if found.steps:
        parts.append(f"slowest steps of {found.steps_of}\n{_steps(found.steps)}")
    if found.quarantined:
        rows = [[name, str(count)] for name, count in sorted(found.quarantined.items(), key=lambda item: -item[1])]
        title = f"in quarantine by {found.steps_of} (`lakehouse quarantine show` says why)"
        parts.append(f"{title}\n{as_table(['table or file', 'rows'], rows)}")
    return "\n\n".join(parts)


def _verdict(found: Facts) -> str:
    if not found.problems:
        return "everything is fine"
    many = len(found.problems)
    lines = [f"{many} thing{'' if many == 1 else 's'} to look at"]
    for number, problem in enumerate(found.problems, start=1):
        lines += [f"  {number}. {problem.what}", f"     -> {problem.todo}"]
    return "\n".join(lines)


def _state(found: Facts) -> str:
    night, failure = found.night, found.failure
    lines = ["last night    none has succeeded yet"]
    if night is not None and night.ended_at is not None:
        lines = [f"last night    {_at(night.ended_at)}, {age(found.now - night.ended_at)} ago: {night.title}"]
    lines += list(_now(found)) or [f"now           {'a run is starting' if found.is_locked else 'nothing runs'}"]
    if failure is None:
        lines.append("last failure  none")
    else:
        told = (
            f"{failed(failure)}; it succeeded since"
            if found.is_mended
            else "see above"
            if failure.command in SCHEDULED
            else failed(failure)
        )
        lines.append(f"last failure  {_at(failure.ended_at or failure.started_at)}, {told}")
    seen = "nothing yet" if found.published_at is None else f"{found.published_tables} tables as of {_at(found.published_at)}"
    return "\n".join([*lines, f"readers see   {seen}"])


def _now(found: Facts) -> Iterator[str]:
    for each in found.open_runs:
        since = f"since {_at(each.run.started_at)} ({age(found.now - each.run.started_at)}{_usual(each)})"
        after = f", last step done: {each.last_step}" if each.last_step else ""
        yield f"now           {each.run.title}, {since}, {each.state}{after}"


def _usual(each: Open) -> str:
    return "" if each.usual_seconds is None or each.state != AT_WORK else f"; usually {each.usual_seconds / 60:.0f} min"


def _runs(runs: list[PastRun]) -> str:
    header = ["run", "command", "run date", "status", "ended (UTC)", "min", "what happened"]
    rows = []
    for run in runs:
        ended = "" if run.ended_at is None else f"{run.ended_at:%Y-%m-%d %H:%M}"
        minutes = "" if run.status in (STARTED, ABANDONED) else f"{run.seconds / 60:.1f}"
        what = "" if run.status == SUCCEEDED else f"{f'at {run.at_step}: ' if run.at_step else ''}{run.message}"
        rows.append([run.run_id, run.command, f"{run.run_date}", run.status, ended, minutes, what])
    return as_table(header, rows)


def _steps(steps: list[Entry]) -> str:
    header = ["step", "status", "seconds", "rows", "changes", "in quarantine", "how"]
    slowest = sorted(steps, key=lambda entry: -entry.seconds)[:SLOWEST]
    return as_table(header, [_step(entry) for entry in slowest])


def _step(entry: Entry) -> list[str]:
    changes = f"+{entry.rows_inserted} ~{entry.rows_updated} -{entry.rows_deleted}"
    return [entry.step, entry.status, f"{entry.seconds:.1f}", str(entry.rows_read), changes, str(entry.rows_rejected or ""), entry.mode]


def _shops(lake: Lake) -> list[str]:
    """How each shop was read the last time: the part of its orders, why what was read fits together, and what was held back."""
    if is_old(lake.store):
        return [f"{TAKE_ON[0]}: {TAKE_ON[1]}"]
    newest: dict[str, ShopReadRecord] = {read.shop_code: read for read in all_reads(lake.store)}
    rows = [_described(read) for _, read in sorted(newest.items())]
    shops = [
        "\n".join([f"shop {row['shop_code']}", *(f"  {name:<16} {value}" for name, value in row.items() if name != "shop_code")])
        for row in rows
    ]
    return [*shops, *(_reconciled(lake, run_id) for run_id in sorted({row["run_id"] for row in rows}))]


def _described(read: ShopReadRecord) -> dict[str, str]:
    """What there is to say about a reading; orders that were held back are counted."""
    said = {name: value for name, value in asdict(read).items() if name not in ("fingerprint", "tables", "checksums", "held_orders")}
    said |= {"seconds": round(read.seconds, 1), "orders_held": len(read.held)}
    return {name: _shown(value) for name, value in said.items()}


def _reconciled(lake: Lake, run_id: str) -> str:
    header, *rows = reconciliation_rows(lake.store, run_id)
    return f"reconciled with the shops by {run_id}\n{as_table(header, rows)}"


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _shown(value: object) -> str:
    return "" if value is None else str(plain(value))

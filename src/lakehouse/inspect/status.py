"""Is everything fine? What runs now, what failed and what to do, what readers see: facts, from the ledgers and the lock."""

from dataclasses import dataclass
from datetime import datetime

from lakehouse.errors import DataError
from lakehouse.inspect.problems import (
    AT_WORK,
    KILLED,
    UNKNOWN,
    Open,
    Problem,
    is_healed,
    problems_of_feeds,
    problems_of_incidents,
    problems_of_runs,
)
from lakehouse.io.host import lock
from lakehouse.lake import Lake
from lakehouse.night import PUBLISH
from lakehouse.ops.file_ledger import FileLedger
from lakehouse.ops.history import History, PastRun
from lakehouse.ops.ledger import ABANDONED, FAILED, STARTED, SUCCEEDED, Entry, last_published
from lakehouse.stages.ingest_files.feed_status import feed_incidents

# Runs that end with a new campaign pack: the night, the last of the commands that it can be split into, the last task of a workflow.
NIGHTS = ("night", "export", PUBLISH)


@dataclass(frozen=True)
class Facts:
    """`runs` are newest first, `steps` those of the newest run that did any; `quarantined`: by table or file of that run.

    `is_locked`: whether a run is at work; None where the lock tells nothing.
    """

    now: datetime
    problems: list[Problem]
    night: PastRun | None
    is_locked: bool | None
    open_runs: list[Open]
    failure: PastRun | None
    is_mended: bool
    published_at: datetime | None
    published_tables: int
    runs: list[PastRun]
    steps_of: str
    steps: list[Entry]
    quarantined: dict[str, int]


def facts(lake: Lake, now: datetime) -> Facts:
    """As of now (UTC). DataError (65) for a lake without any run."""
    history = History(lake.store)
    if not history.runs:
        todo = "run `lakehouse doctor`, then `lakehouse night`; `lakehouse plan` says what it would do"
        raise DataError("no run was made on this lake yet", todo)
    is_locked = lock.is_held(lake.settings.lake_root, lake.settings.lock)
    open_runs = open_runs_of(history, is_locked)
    night = next((run for run in history.runs if run.command in NIGHTS and run.status == SUCCEEDED), None)
    failure = next((run for run in history.runs if run.status in (FAILED, ABANDONED)), None)
    files = FileLedger(lake.store)
    of_feeds = problems_of_feeds(feed_incidents(files, now))
    steps_of = next((run.run_id for run in history.runs if history.steps_of(run.run_id)), "")
    steps = history.steps_of(steps_of)
    quarantined = {entry.step: entry.rows_rejected for entry in steps if entry.rows_rejected}
    quarantined |= {e.file_name: e.rows_quarantined for e in files.entries if e.run_id == steps_of and e.rows_quarantined}
    problems = [
        *problems_of_runs(history, open_runs, night, now),
        *of_feeds,
        *problems_of_incidents(lake.store),
    ]
    published_at, tables = _published(lake)
    is_mended = failure is not None and is_healed(history, failure)
    return Facts(
        now,
        problems,
        night,
        is_locked,
        open_runs,
        failure,
        is_mended,
        published_at,
        tables,
        history.runs,
        steps_of,
        steps,
        quarantined,
    )


def open_runs_of(history: History, is_held: bool | None) -> list[Open]:
    """Runs without an end. Only the newest can be at work: a run that starts marks what was killed before it."""
    found = []
    for number, run in enumerate(run for run in history.runs if run.status == STARTED):
        state = UNKNOWN if is_held is None else AT_WORK if is_held and number == 0 else KILLED
        steps = history.steps_of(run.run_id)
        found.append(Open(run, state, steps[-1].step if steps else "", history.usual_seconds(run.command)))
    return found


def _published(lake: Lake) -> tuple[datetime | None, int]:
    """When readers got what they see, and how many tables that is."""
    if not lake.published:
        return None, 0
    return last_published(lake.store), len(lake.published)

"""What somebody should look at, and what to do about it: the first lines of `lakehouse status`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lakehouse.incident import FEED, RUN, Incident
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.night import SCHEDULED, heals
from lakehouse.ops.history import History, PastRun
from lakehouse.ops.incident_records import open_incidents
from lakehouse.ops.ledger import ABANDONED, FAILED, SUCCEEDED

# There is a night every day; some hours more are for one that is late.
OLD = timedelta(hours=30)
BROKEN = (FAILED, ABANDONED)
AT_WORK, KILLED, UNKNOWN = "at work", "killed", "at work or killed"
RERUN = "run it again: nothing must be cleaned up"


@dataclass(frozen=True)
class Problem:
    """Something that an operator should look at: `what` it is, and what to do."""

    what: str
    todo: str


@dataclass(frozen=True)
class Open:
    """A run without an end in the ledger. `state`: at work, killed, or `at work or killed` if the lock does not tell which."""

    run: PastRun
    state: str
    last_step: str
    usual_seconds: float | None


def problems_of_runs(history: History, open_runs: list[Open], night: PastRun | None, now: datetime) -> list[Problem]:
    """Killed or failed runs that no later success made up for, and that the last night is too long ago."""
    return [*problems_of_open_runs(open_runs), *_of_failures(history), *_of_age(night, now)]


def problems_of_feeds(incidents: Iterable[Incident]) -> list[Problem]:
    """Feeds that are overdue now, or whose newest file is not used."""
    return [Problem(incident.title, incident.todo) for incident in incidents]


def problems_of_incidents(store: DeltaStore) -> list[Problem]:
    """Open incidents, except those of runs and feeds: their own ledgers tell more exactly what is wrong now."""
    others = (record for record in open_incidents(store) if not record.incident_key.startswith((RUN, FEED)))
    return [Problem(record.title, record.todo) for record in others]


def problems_of_open_runs(open_runs: list[Open]) -> list[Problem]:
    """Runs that were killed, or may have been."""
    found = []
    for each in open_runs:
        after = f", after {each.last_step}" if each.last_step else ""
        if each.state == KILLED:
            found.append(Problem(f"{each.run.title} was killed{after}", RERUN))
        elif each.state == UNKNOWN:
            todo = f"see in the scheduler whether it runs; if not, {RERUN}"
            found.append(Problem(f"{each.run.title} has no end: at work, or killed{after}", todo))
    return found


def _of_failures(history: History) -> list[Problem]:
    """The newest failure of each scheduled command, if no later success makes up for it."""
    found: dict[str, PastRun] = {}
    for run in history.runs:
        if run.status in BROKEN and run.command in SCHEDULED and run.command not in found and not is_healed(history, run):
            found[run.command] = run
    return [Problem(failed(run), run.todo or RERUN) for run in found.values()]


def _of_age(night: PastRun | None, now: datetime) -> list[Problem]:
    todo = "see that the scheduler starts it; `lakehouse plan` says what would stand in its way"
    if night is None or night.ended_at is None:
        return [Problem("no night has succeeded on this lake yet", todo)]
    return [Problem(f"no night has succeeded for {age(now - night.ended_at)}", todo)] if now - night.ended_at > OLD else []


def failed(run: PastRun) -> str:
    """A failure in a line: which run, where, exit code and reason."""
    at = f" at {run.at_step}" if run.at_step else ""
    return f"{run.title} was killed" if run.status == ABANDONED else f"{run.title} failed{at}: {run.message}"


def is_healed(history: History, run: PastRun) -> bool:
    """Whether a later run succeeded that did the work of the failed one."""
    later = (other for other in history.runs if other.started_at > run.started_at and other.status == SUCCEEDED)
    return any(heals(other.command, run.command, {entry.step for entry in history.steps_of(other.run_id)}) for other in later)


def age(time: timedelta) -> str:
    """As `40 min`, `5 h`, `3 d`."""
    minutes = int(time.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"

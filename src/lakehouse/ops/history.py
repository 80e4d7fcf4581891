"""What runs did, from `ops.runs`: each run with its end, its steps, and what is usual for a step."""

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.ledger import RUNS, STARTED, SUCCEEDED, Entry
from lakehouse.ops.records import rows_as

# Usual is the median of so many successes.
USUAL_OF = 5
# Columns that tell of a row's run.
OF_RUN = ("run_id", "command", "run_date", "code_version", "ended_at")


@dataclass(frozen=True)
class Event:
    """One row. `ended_at` is UTC, with its zone."""

    run_id: str
    command: str
    run_date: date
    code_version: str
    ended_at: datetime
    entry: Entry


@dataclass(frozen=True)
class PastRun:
    """A run. Status `started`: it has no end yet, because it is at work or was killed; `ended_at` is None then.

    Of a run that failed: the step that was at work, exit code and reason, what to do. `ended_at` of one that was killed is when the
    next run found that out.
    """

    run_id: str
    command: str
    run_date: date
    started_at: datetime
    ended_at: datetime | None
    status: str
    seconds: float
    at_step: str
    message: str
    todo: str

    @property
    def title(self) -> str:
        """As `night 20261118T023000-ab12cd of 2026-11-18`."""
        return f"{self.command} {self.run_id} of {self.run_date}"


@dataclass(frozen=True)
class Usual:
    """Medians of the last successes."""

    rows: int
    seconds: float


class History:
    """All rows, read once, oldest first; `runs` newest first."""

    def __init__(self, store: DeltaStore) -> None:
        rows = store.rows(RUNS)
        entries = rows_as(Entry, rows)
        found = [Event(entry=entry, **{name: row[name] for name in OF_RUN}) for row, entry in zip(rows, entries, strict=True)]
        self.events = sorted(found, key=lambda event: event.ended_at)
        self.runs = _runs(self.events)

    def steps_of(self, run_id: str) -> list[Entry]:
        """In the order in which they were recorded."""
        return [event.entry for event in self.events if event.run_id == run_id and event.entry.step]

    def successes(self, step: str) -> list[Event]:
        """Oldest first."""
        return [event for event in self.events if event.entry.step == step and event.entry.status == SUCCEEDED]

    def usual(self, step: str) -> Usual | None:
        """What the step reads, and how long it takes; None before its first success."""
        last = [event.entry for event in self.successes(step)[-USUAL_OF:]]
        return Usual(round(median(e.rows_read for e in last)), median(e.seconds for e in last)) if last else None

    def usual_seconds(self, command: str) -> float | None:
        """How long runs of this command take that succeed."""
        last = [run.seconds for run in self.runs if run.command == command and run.status == SUCCEEDED][:USUAL_OF]
        return median(last) if last else None


def _runs(events: list[Event]) -> list[PastRun]:
    of_run: dict[str, list[Event]] = {}
    for event in events:
        if not event.entry.step:
            of_run.setdefault(event.run_id, []).append(event)
    found = [_run(own) for own in of_run.values()]
    return sorted(found, key=lambda run: (run.started_at, run.run_id), reverse=True)


def _run(own: list[Event]) -> PastRun:
    """From its start and, if it has one, its end."""
    first, last = own[0], own[-1]
    ended_at = None if last.entry.status == STARTED else last.ended_at
    end = last.entry
    return PastRun(
        first.run_id,
        first.command,
        first.run_date,
        first.ended_at,
        ended_at,
        end.status,
        end.seconds,
        end.mode,
        end.message,
        end.todo,
    )

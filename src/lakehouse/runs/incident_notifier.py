"""Sends the incidents that a run met, those that are over, and the run's metrics. If that fails, the run does not fail."""

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from lakehouse.errors import BusyError, ConfigError, known
from lakehouse.incident import RUN, Incident, failed, unrecorded_key, without_end
from lakehouse.io.alerts.alert_shapes import Origin, event_of
from lakehouse.io.alerts.alert_sinks import Notice, send
from lakehouse.io.alerts.metrics_file import samples, write_metrics
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host import logs
from lakehouse.night import PUBLISH, SCHEDULED, heals
from lakehouse.ops.incident_records import REPEATED, Record, known_incidents, met, over, record_incidents
from lakehouse.ops.ledger import Killed, Ledger, last_published

NOT_RECORDED = "no: if no recovery notice comes with the next success, take this alert back by hand"


class RunFindings(Protocol):
    """`alarms`: incidents that do not stop the run. `cleared`: keys of incidents that were looked for and not found. `done`: names of the
    stages that succeeded."""

    @property
    def alarms(self) -> list[Incident]: ...

    @property
    def cleared(self) -> set[str]: ...

    @property
    def done(self) -> set[str]: ...


@dataclass(frozen=True)
class Findings:
    """The findings as plain values. Without arguments: those of a run that did not begin."""

    alarms: list[Incident] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)


class IncidentNotifier:
    """The notifier of one run. `found` is read at the end of the run."""

    def __init__(self, settings: Settings, command: str, run_date: date, run_id: str, found: RunFindings | None = None) -> None:
        self._settings, self._command, self._run_date, self._run_id = settings, command, run_date, run_id
        self._store: DeltaStore | None = None
        self._ledger: Ledger | None = None
        self._has_told = False
        self._found = found or Findings()

    @contextmanager
    def of_the_start(self) -> Iterator[None]:
        """Goes around the taking of the lock. No incident: another run holds it, or a setting is wrong. Nothing has begun then."""
        try:
            yield
        except (BusyError, ConfigError):
            raise
        except BaseException as error:
            if not self._has_told:
                self._tell_failure(error)
            raise

    @contextmanager
    def of_the_run(self) -> Iterator[None]:
        """Goes around the run, inside the lock, so that only one run at a time writes `ops.incidents`."""
        try:
            yield
        except BaseException as error:
            self._has_told = True
            self._tell_failure(error)
            self._write_metrics()
            raise
        self._tell(self._found.alarms, self._is_past)
        self._write_metrics()

    def can_record(self, store: DeltaStore, ledger: Ledger) -> None:
        """From now on incidents are recorded in `ops.incidents`. Before this call there is no session to do it."""
        self._store, self._ledger = store, ledger

    def tell_killed(self, runs: Sequence[Killed]) -> None:
        """Send that these runs were killed. It is sent at once, because the present run may take hours."""
        found = []
        for run in runs:
            if run.command in SCHEDULED:
                details = {"run that was killed": run.run_id, **self._advice(run.command, run.run_date)}
                found.append(without_end(run.command, run.started_at, details))
        self._tell(found)

    def _tell_failure(self, error: BaseException) -> None:
        found = list(self._found.alarms)
        if self._command in SCHEDULED:
            details = {**self._advice(self._command, self._run_date), "readers see": self._readers_see()}
            found.append(failed(known(error) or error, self._command, logs.current_step, details))
        self._tell(found)

    def _is_past(self, record: Record) -> bool:
        is_run = record.incident_key.startswith(RUN)
        return heals(self._command, record.command, self._found.done) if is_run else record.incident_key in self._found.cleared

    def _tell(self, incidents: Sequence[Incident], is_past: Callable[[Record], bool] = lambda record: False) -> None:
        with _quietly("incidents could not be told"):
            self._send(self._changed(incidents, is_past))

    def _changed(self, incidents: Sequence[Incident], is_past: Callable[[Record], bool]) -> list[Record]:
        """The rows to send. They are recorded first: who hears of an incident will then surely hear when it is over."""
        now, known = datetime.now(UTC), self._known()
        found = {incident.key: met(incident, known.get(incident.key), self._command, self._run_id, now) for incident in incidents}
        others = [record for key, record in known.items() if key not in found]
        past = [over(record, self._run_id, now) for record in others if record.is_open and is_past(record)]
        changed = [*found.values(), *past]
        if not self._record(changed):
            changed = [self._unrecorded(record) for record in changed]
        return [*changed, *(record for record in others if not record.is_open)]

    def _send(self, records: Sequence[Record]) -> None:
        """Send news to all sinks. Send what is no news only to the sinks that missed it the last time."""
        origin = Origin(self._settings.env, _place(self._settings.lake_root), socket.gethostname())
        are_news = [record.event != REPEATED and not record.missed for record in records]
        notices = [Notice(event_of(r, origin), None if is_new else r.missed) for r, is_new in zip(records, are_news, strict=True)]
        missed = send(notices, self._settings.alerts)
        now = datetime.now(UTC)
        changed = [r.missed_now(names, self._run_id, now) for r, names in zip(records, missed, strict=True) if r.missed != names]
        self._record(changed)

    def _known(self) -> dict[str, Record]:
        with _quietly("the incidents that are open can't be read, so they may be sent again"):
            return known_incidents(self._store) if self._store else {}
        return {}

    def _record(self, records: Sequence[Record]) -> bool:
        with _quietly("incidents could not be recorded"):
            if self._store:
                record_incidents(self._store, records)
                return True
        return False

    def _unrecorded(self, record: Record) -> Record:
        """An incident that could not be written to `ops.incidents`. A failed run gets the key under which the next start looks for it."""
        if not record.incident_key.startswith(RUN):
            return record
        details = {**json.loads(record.details), "recorded": NOT_RECORDED}
        return replace(record, incident_key=unrecorded_key(self._command), details=json.dumps(details))

    def _advice(self, command: str, run_date: date) -> dict[str, str]:
        if command == PUBLISH:
            return {"run again": "the failed task of the workflow, by its scheduler"}
        return {"run again": f"lakehouse {command} --env {self._settings.env} --run-date {run_date}"}

    def _readers_see(self) -> str:
        if self._ledger and self._ledger.has_published:
            return "the tables of this run; its campaign files or its champion may be missing"
        last = None
        with _quietly("the last publication can't be read"):
            last = self._store and last_published(self._store)
        return f"nothing of this run; what was published {f'on {last:%Y-%m-%d %H:%M} UTC' if last else 'before'} stays"

    def _write_metrics(self) -> None:
        path = self._settings.metrics_file
        if path and self._store:
            with _quietly(f"metrics_file {path} could not be written, so it has the figures of an earlier run"):
                write_metrics(path, samples(self._store))


@contextmanager
def _quietly(what: str) -> Iterator[None]:
    """Turn an exception into a warning."""
    try:
        yield
    except Exception as error:
        logs.warn(f"{what} ({type(error).__name__})")


def _place(root: str) -> str:
    return root if "://" in root else str(Path(root).resolve())

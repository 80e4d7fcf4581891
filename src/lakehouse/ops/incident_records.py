"""`ops.incidents`: what was wrong, who was told, and when it was over."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from lakehouse.incident import CRITICAL, ROWS, Incident
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.ledger import newest_by
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import STRING, TIMESTAMP, Table

OPENED, REPEATED, REMINDED, RECOVERED = "opened", "repeated", "reminded", "recovered"
# An incident that stays is told again after so long: a day, less what one night may start earlier than the one before.
REMIND_AFTER = timedelta(hours=20)
MORE_ROWS = 10


@dataclass(frozen=True)
class Record:
    """One row of `ops.incidents`: all that is to know about an incident from then on."""

    incident_key: str = column(STRING, "the incident: the same key is the same one")
    event: str = column(STRING, "opened, repeated (met again, nothing sent), reminded (met again and sent again) or recovered")
    severity: str = column(STRING, "critical (no result until somebody acts) or warning")
    title: str = column(STRING, "what happened")
    todo: str = column(STRING, "what to do")
    step: str = column(STRING, "where; empty if at no step")
    details: str = column(STRING, "JSON: name → text")
    command: str = column(STRING, "the command that met it first")
    run_id: str = column(STRING, "id of the run that this event is of")
    recorded_at: datetime = column(TIMESTAMP, "when the row was written, UTC")
    opened_at: datetime = column(TIMESTAMP, "when it began, UTC")
    sent_at: datetime = column(TIMESTAMP, "when it was sent last, UTC")
    missed_by: str = column(STRING, "JSON list: sinks that did not take what was sent; the next run tries again", default="[]")

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.event != RECOVERED

    @property
    def missed(self) -> tuple[str, ...]:
        """Names of the sinks that did not take what was sent."""
        return tuple(json.loads(self.missed_by))

    def missed_now(self, sinks: Sequence[str], run_id: str, now: datetime) -> "Record":
        """The row after the sinks `sinks` did not take what was sent."""
        return replace(self, missed_by=json.dumps(list(sinks)), run_id=run_id, recorded_at=now)


INCIDENTS = Table(
    name="ops.incidents",
    grain="one event of an incident; the newest of a key says how it stands",
    key=("incident_key", "recorded_at"),
    columns=columns_of(Record),
)


def met(incident: Incident, before: Record | None, command: str, run_id: str, now: datetime) -> Record:
    """The row for an incident that a run met. New, or worse than before, or open for long and not a standing one: it is to be sent."""
    new = Record(
        incident.key,
        OPENED,
        incident.severity,
        incident.title,
        incident.todo,
        incident.step,
        json.dumps(dict(incident.details), ensure_ascii=False),
        command,
        run_id,
        now,
        opened_at=now,
        sent_at=now,
    )
    if before is None or not before.is_open:
        return new
    same = replace(new, command=before.command, opened_at=before.opened_at)
    is_worse = incident.severity == CRITICAL != before.severity or _has_grown(same, before)
    if is_worse or (now - before.sent_at >= REMIND_AFTER and not incident.is_standing):
        return replace(same, event=REMINDED)
    return replace(same, event=REPEATED, sent_at=before.sent_at, missed_by=before.missed_by)


def _has_grown(now: Record, before: Record) -> bool:
    """Whether it is about twice as many rows as when it was told, and ten more."""
    rows, told = (int(json.loads(record.details).get(ROWS, 0)) for record in (now, before))
    return rows >= max(2 * told, told + MORE_ROWS)


def over(before: Record, run_id: str, now: datetime) -> Record:
    """The row for an open incident that is past."""
    return replace(before, event=RECOVERED, run_id=run_id, recorded_at=now, sent_at=now, missed_by="[]")


def known_incidents(store: DeltaStore) -> dict[str, Record]:
    """Of each key the newest row, where there is something left to do: it is open, or a sink has not heard yet that it is over."""
    newest = newest_by(store.newest(INCIDENTS, ("incident_key",), "recorded_at"), "incident_key", "recorded_at")
    records = rows_as(Record, newest.values())
    return {record.incident_key: record for record in records if record.is_open or record.missed}


def open_incidents(store: DeltaStore) -> list[Record]:
    """What is wrong now: critical first, then the oldest."""
    still = [record for record in known_incidents(store).values() if record.is_open]
    return sorted(still, key=lambda record: (record.severity != CRITICAL, record.opened_at, record.incident_key))


def record_incidents(store: DeltaStore, records: Sequence[Record]) -> None:
    """Append them in one commit."""
    store.append_rows(INCIDENTS, [asdict(record) for record in records])

"""What arrived of each feed, what is overdue, what was rejected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from lakehouse.bronze.feed_reply import POINTS
from lakehouse.incident import FEED, WARNING, Incident
from lakehouse.ops.file_ledger import LOADED, QUARANTINED, REPEATED, WAITING, FileEntry, FileLedger
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS

DUE = time(5, tzinfo=UTC)
WARN_AFTER, ALERT_AFTER = timedelta(days=1), timedelta(days=3)


@dataclass(frozen=True)
class Status:
    """`last` is the newest delivery, `good` the newest that brought the feed up to date; None where there was none.

    `overdue`: how long a file has been due; None if none is, or none ever came.
    """

    feed: Feed
    last: FileEntry | None
    good: FileEntry | None
    overdue: timedelta | None

    @property
    def level(self) -> str:
        """ok, not used (the newest file), late, warning (overdue for a day), alert (for three days), never (no file ever came)."""
        if self.last is None:
            return "never"
        if self.overdue is None and self.last.status in (QUARANTINED, WAITING):
            return "not used"
        if self.overdue is None:
            return "ok"
        return "alert" if self.overdue >= ALERT_AFTER else "warning" if self.overdue >= WARN_AFTER else "late"


def statuses(ledger: FileLedger, now: datetime) -> list[Status]:
    """One per feed, in the order of landing."""
    return [_status(feed, ledger.newest(feed.name), now) for feed in FEEDS]


def feed_incidents(ledger: FileLedger, now: datetime) -> Iterator[Incident]:
    """One for each feed that is overdue for a day or more, whose newest file was not used, or holds numbers that may be read wrong."""
    for status in statuses(ledger, now):
        feed, last = status.feed, status.last
        if status.level in ("warning", "alert") and status.overdue:
            title = f"{feed.name} of {feed.sender} is overdue for {_days(status.overdue.days)}"
            todo = f"ask {feed.sender} for the file; until it comes, nights go on with the last one. `lakehouse feeds` shows what came"
            details = {"level": status.level, "last file": f"{last.file_name} of {last.arrived_at:%Y-%m-%d %H:%M} UTC" if last else "none"}
            yield Incident(_overdue(feed), WARNING, title, todo, feed.bronze.name, details)
        if last and last.status in (QUARANTINED, WAITING):
            title = f"{feed.name}: its newest file {last.file_name} is not used: {last.reason}"
            if last.status == WAITING:
                todo = f"ask {feed.sender} whether it is right; if so, `lakehouse quarantine replay {feed.name} --accept-deletes`"
            else:
                todo = f"{feed.sender} has the reply in the outbox and sends it again; `lakehouse quarantine show {feed.name}` says why"
            yield Incident(_not_used(feed), WARNING, title, todo, feed.bronze.name, {"rows read": str(last.rows_read)})
        used = max((entry for entry in ledger.newest(feed.name) if entry.status == LOADED), key=FileEntry.age, default=None)
        if used and POINTS in used.reason:
            columns = used.reason.partition(POINTS)[2].strip()
            title = f"{feed.name}: in {used.file_name} all numbers of {columns} have a point and three digits, and were read as thousands"
            todo = f"look at the numbers in the reply to {feed.sender}, and ask whether the point was meant as a decimal comma"
            yield Incident(_points(feed), WARNING, title, todo, feed.bronze.name, is_standing=True)


def looked_for() -> set[str]:
    """The keys of all incidents that there could be of feeds."""
    return {key(feed) for feed in FEEDS for key in (_overdue, _not_used, _points)}


def _overdue(feed: Feed) -> str:
    return f"{FEED}{feed.name}:overdue"


def _not_used(feed: Feed) -> str:
    return f"{FEED}{feed.name}:not used"


def _points(feed: Feed) -> str:
    return f"{FEED}{feed.name}:points"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _status(feed: Feed, entries: list[FileEntry], now: datetime) -> Status:
    last = max(entries, key=lambda entry: entry.arrived_at, default=None)
    good = max((e for e in entries if e.status in (LOADED, REPEATED)), key=lambda entry: entry.arrived_at, default=None)
    newest = good or last
    if newest is None or not feed.every_days:
        return Status(feed, last, good, None)
    due = datetime.combine(newest.arrived_at.date() + timedelta(days=feed.every_days), DUE)
    return Status(feed, last, good, now - due if now > due else None)

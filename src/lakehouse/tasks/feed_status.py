"""What arrived of each feed, what is overdue, what was rejected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from lakehouse.io.file_ledger import LOADED, QUARANTINED, REPEATED, WAITING, FileEntry, FileLedger
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


def late(ledger: FileLedger, now: datetime) -> Iterator[str]:
    """A line for each feed that is overdue for a day or more, or whose newest file was not used."""
    for status in statuses(ledger, now):
        if status.level in ("warning", "alert") and status.overdue:
            yield f"{status.level}: {status.feed.name} of {status.feed.sender} is overdue for {status.overdue.days} days"
        if status.last and status.last.status in (QUARANTINED, WAITING):
            yield f"{status.feed.name}: its newest file {status.last.file_name} is not used: {status.last.reason}"


def _status(feed: Feed, entries: list[FileEntry], now: datetime) -> Status:
    last = max(entries, key=lambda entry: entry.arrived_at, default=None)
    good = max((e for e in entries if e.status in (LOADED, REPEATED)), key=lambda entry: entry.arrived_at, default=None)
    newest = good or last
    if newest is None or not feed.every_days:
        return Status(feed, last, good, None)
    due = datetime.combine(newest.arrived_at.date() + timedelta(days=feed.every_days), DUE)
    return Status(feed, last, good, now - due if now > due else None)

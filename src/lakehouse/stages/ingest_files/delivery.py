"""One delivered file of this run: copied, hashed, read, and what became of it."""

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lakehouse.bronze.feed_file import FileReadResult, Origin, read_file
from lakehouse.bronze.feed_reply import POINTS
from lakehouse.errors import refuse_full_disk
from lakehouse.io.files.drop_folder import Arrival
from lakehouse.io.host import logs
from lakehouse.ops.file_ledger import LOADED, QUARANTINED, WAITING, FileEntry
from lakehouse.sources.feed import Feed

# A name with a day so far ahead has a typing error; loaded, it would stand above all real files.
FAR = timedelta(days=366)
# Of a short list a few wrong rows are a large share, and still only a few.
REJECTS_OF_SMALL_FILES = 3


@dataclass
class Delivery:
    """A file of a feed. `raw` is our copy of it; `replayed`: it is not new, what it had in quarantine goes."""

    feed: Feed
    origin: Origin
    arrival: Arrival
    sha256: str
    raw: Path
    found: FileReadResult
    status: str = LOADED
    reason: str = ""
    loaded: int = 0
    duplicate: int = 0
    expired: int = 0
    replayed: bool = False

    @property
    def is_used(self) -> bool:
        """Whether its good rows are loaded."""
        return self.status == LOADED

    @property
    def is_over_share(self) -> bool:
        """Whether so many of its rows are wrong that none of them is used: more than its share and than three, or all of them."""
        read, rejected = self.found.rows_read, self.found.rows_rejected
        return rejected > max(REJECTS_OF_SMALL_FILES, read * self.feed.max_reject_share) or rejected == read > 0

    @property
    def summary(self) -> str:
        """One line for the log: the file, what became of it, and numbers of rows."""
        found = self.found
        counts = f"{self.loaded} loaded, {self.duplicate} duplicate, {self.expired} expired, {self.quarantined} in quarantine"
        return f"{self.origin.file_name}: {self.status}, {found.rows_read} rows: {counts}" + (f"; {self.reason}" if self.reason else "")

    def waits(self, reason: str) -> None:
        """Nothing of it is used until somebody says yes."""
        self.status, self.reason = WAITING, reason
        self.loaded = self.duplicate = self.expired = 0

    @property
    def quarantined(self) -> int:
        """Rows that are not loaded because they, or their whole file, were refused."""
        return self.found.rows_read if not self.is_used else self.found.rows_rejected

    def entry(self, run_id: str) -> FileEntry:
        """Its row for `ops.files`."""
        return FileEntry(
            sender=self.feed.sender,
            file_name=self.origin.file_name,
            sha256=self.sha256,
            size_bytes=self.arrival.size_bytes,
            arrived_at=self.arrival.arrived_at,
            status=self.status,
            reason=self.reason,
            run_id=run_id,
            file_state=self.arrival.state,
            feed=self.feed.name,
            file_day=self.origin.day,
            contract_version=self.feed.version,
            rows_read=self.found.rows_read,
            rows_loaded=self.loaded,
            rows_duplicate=self.duplicate,
            rows_expired=self.expired,
            rows_quarantined=self.quarantined,
        )


def read_delivery(feed: Feed, arrival: Arrival, sha256: str, raw: Path) -> Delivery:
    """Read our copy; a file that is refused, or has too many bad rows, is quarantined as a whole."""
    day = feed.day_of(arrival.name)
    assert day is not None
    origin = Origin(day, arrival.name, arrival.arrived_at)
    folder = raw.parent / "read"
    try:
        with raw.open("rb") as file:
            found = read_file(file, feed, origin, folder)
    except Exception as error:  # whatever a hostile file breaks, the night goes on without it
        refuse_full_disk(error)
        logs.warn(f"{feed.sender}/{arrival.name}: reading it failed with {type(error).__name__}")
        found = read_file(io.BytesIO(), feed, origin, folder)
        found.refused = "it could not be read at all"
    if day > arrival.arrived_at.date() + FAR:
        found.refused = found.refused or f"the day in its name, {day}, is more than a year ahead"
    delivery = Delivery(feed, origin, arrival, sha256, raw, found, reason=_noticed(found))
    if found.refused:
        delivery.status, delivery.reason = QUARANTINED, found.refused
    elif delivery.is_over_share:
        delivery.status = QUARANTINED
        delivery.reason = f"{found.rows_rejected} of {found.rows_read} rows are wrong, more than {feed.max_reject_share:.1%}"
    return delivery


def _noticed(found: FileReadResult) -> str:
    """Names of columns are the sender's own text: their number is enough here, the reply has them."""
    parts = [f"{len(found.unknown_columns)} unknown columns left unread"] * bool(found.unknown_columns)
    parts += [f"columns not there: {', '.join(found.absent_columns)}"] * bool(found.absent_columns)
    parts += [f"{POINTS} {', '.join(sorted(found.pointed))}"] * bool(found.pointed)
    return "; ".join(parts)

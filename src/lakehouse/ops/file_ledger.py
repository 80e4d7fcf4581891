"""`ops.files`: every file that arrived and what became of its rows."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import DATE, LONG, STRING, TIMESTAMP, Column, Table

LOADED, REPEATED, QUARANTINED, WAITING = "loaded", "repeated", "quarantined", "waiting"


@dataclass(frozen=True)
class FileEntry:
    """One row of `ops.files`."""

    sender: str = column(STRING, "folder that it came in")
    file_name: str = column(STRING, "name; what can't be printed is replaced")
    sha256: str = column(STRING, "of its bytes, 64 hex digits; empty if it was not opened")
    size_bytes: int = column(LONG, "size as it arrived")
    arrived_at: datetime = column(TIMESTAMP, "last change of the file, UTC")
    status: str = column(
        STRING,
        "loaded; repeated (the bytes of the feed's latest loaded file: nothing to do); quarantined (nothing of it was used); "
        "waiting (it would delete too much: somebody has to say yes)",
    )
    reason: str = column(STRING, "why it was not loaded, or what was noticed")
    run_id: str = column(STRING, "id of the run")
    file_state: str = column(STRING, "size and times of the file: another text is another delivery")
    feed: str = column(STRING, "the feed; empty if no feed has files of that name", default="")
    file_day: date | None = column(DATE, "day in its name", default=None)
    contract_version: int = column(LONG, "version of the contract that it was read by", default=0)
    rows_read: int = column(LONG, "records in it = loaded + duplicate + expired + quarantined", default=0)
    rows_loaded: int = column(LONG, "rows that were the truth for their key after it", default=0)
    rows_duplicate: int = column(
        LONG, "rows whose key stood again later in it (append: before), or in the table with a newer value", default=0
    )
    rows_expired: int = column(LONG, "rows older than the feed keeps", default=0)
    rows_quarantined: int = column(LONG, "rows in quarantine.<feed>", default=0)

    @property
    def is_replayable(self) -> bool:
        """Whether rows of it, or all of it, wait in quarantine."""
        return self.status in (WAITING, QUARANTINED) or self.rows_quarantined > 0

    def age(self) -> tuple[date, datetime]:
        """What newer means for a feed's files."""
        return self.file_day or date.min, self.arrived_at


FILES = Table(
    name="ops.files",
    grain="one delivery of a file as one run treated it; its newest row counts",
    key=("sender", "file_name", "arrived_at", "run_id"),
    columns=(
        Column("recorded_at", TIMESTAMP, "when the row was written, UTC"),
        *columns_of(FileEntry),
    ),
)


class FileLedger:
    """The rows of earlier runs, read once, and this run's."""

    def __init__(self, store: DeltaStore) -> None:
        self._store = store
        self.entries = _read(store)
        self._by_name = {(entry.sender, entry.file_name): entry for entry in self.entries}

    def latest(self, sender: str, name: str) -> FileEntry | None:
        """What became of the newest delivery under that name."""
        return self._by_name.get((sender, name))

    def newest(self, feed: str) -> list[FileEntry]:
        """Of each file name of the feed the newest row."""
        return [entry for entry in self._by_name.values() if entry.feed == feed]

    def replayable(self, feed: str) -> list[FileEntry]:
        """Of each file name the newest delivery, if it can be replayed. One that only repeated its bytes changed nothing about it."""
        newest: dict[str, FileEntry] = {}
        for entry in self.entries:
            before = newest.get(entry.file_name)
            repeats = before is not None and entry.status == REPEATED and entry.sha256 == before.sha256
            if entry.feed == feed and not repeats:
                newest[entry.file_name] = entry
        return [entry for entry in newest.values() if entry.is_replayable]

    def newest_used(self, feed: str) -> FileEntry | None:
        """The feed's file that says what is true: by the day in its name, then by arrival, whenever it was loaded."""
        used = [entry for entry in self.entries if entry.feed == feed and entry.status in (LOADED, REPEATED)]
        return max(used, key=FileEntry.age, default=None)

    def record(self, entries: Iterable[FileEntry]) -> None:
        """Append them in one commit."""
        new = list(entries)
        now = datetime.now(UTC)
        self._store.append_rows(FILES, [{**asdict(entry), "recorded_at": now} for entry in new])
        self.entries.extend(new)
        self._by_name |= {(entry.sender, entry.file_name): entry for entry in new}


def _read(store: DeltaStore) -> list[FileEntry]:
    """Oldest first."""
    rows = sorted(store.rows(FILES), key=lambda row: (row["recorded_at"], row["file_day"] or date.min, row["arrived_at"], row["file_name"]))
    return rows_as(FileEntry, rows)

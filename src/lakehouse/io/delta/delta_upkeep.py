"""Fewer files, shorter logs, and nothing that nobody needs: of one table, by delta-rs on this machine's disks, else by Spark.

What decides which files may go is in docs/architecture.md, "Maintenance".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lakehouse.io.delta import delta_files, delta_log, delta_tidy
from lakehouse.io.delta.delta_store import RETENTION, DeltaStore

# A file stays so long after it went out of its table: a query or a notebook may still be reading it.
AT_LEAST = timedelta(days=7)
# A file is a little older than the commit that names it.
MARGIN = timedelta(days=1)
# Tables that are only ever read as they are, as the ledger: for how long the log keeps commits that a checkpoint sums up.
LOG_KEPT = timedelta(days=1)
FILES, LOG = "delta.deletedFileRetentionDuration", "delta.logRetentionDuration"
# Fewer small files, and fewer commits after the last checkpoint, are not worth a commit or a checkpoint.
SMALL_FILE, SMALL_FILES, COMMITS = 32 * 1024**2, 8, 10


@dataclass(frozen=True)
class Needed:
    """What must stay readable: these versions, and the changes from a version on that some step has not read yet (None: all are read)."""

    versions: frozenset[int] = frozenset()
    changes_from: int | None = None


@dataclass(frozen=True)
class State:
    """How many small files a table has, and how many commits stand after its last checkpoint."""

    small_files: int
    commits: int


@dataclass(frozen=True)
class Tidied:
    """By how many files the table is smaller now, and how many old files were deleted."""

    compacted: int
    deleted: int


class DeltaUpkeep:
    """Maintenance of tables. None of it changes a row, and each part can be done again after a kill."""

    def __init__(self, store: DeltaStore) -> None:
        self._store = store

    def state(self, name: str) -> State | None:
        """From the log alone, in milliseconds; None of a table that is Spark's."""
        table = self._store.opened(name)
        if table is None:
            return None
        small = sum(size < SMALL_FILE for size in delta_files.file_sizes(table))
        return State(small, table.version() - delta_log.last_checkpoint(self._store.tables.folder(name)))

    def tidy(self, name: str, needed: Needed | None) -> Tidied:
        """Small files put together, a checkpoint, and what is not needed deleted. `needed`: None of a table that is only read as it is."""
        state = self.state(name)
        if state is None:
            with self._store.spark_commits_marked():
                return self._tidy_in_spark(name, needed)
        compacted = self.compact(name) if state.small_files >= SMALL_FILES else 0
        deleted = self.vacuum(name, needed or Needed())
        if state.commits >= COMMITS or compacted:
            self.checkpoint(name)
        if needed is None:
            delta_log.drop_commits(self._store.tables.folder(name), LOG_KEPT)
        return Tidied(compacted, deleted)

    def compact(self, name: str) -> int:
        """Write the rows of small files into larger ones; gives how many files fewer the table has."""
        return delta_tidy.compact(self._store.tables.folder(name), self._store.commit_metadata)

    def checkpoint(self, name: str) -> None:
        """Write a checkpoint of the latest version, so that a reader does not read older commits."""
        delta_tidy.checkpoint(self._store.tables.folder(name))

    def vacuum(self, name: str, needed: Needed) -> int:
        """What a needed version holds stays, however old, and so does all that went out of the table since changes are unread."""
        path = self._store.tables.folder(name)
        latest = delta_files.opened(path)
        assert latest is not None
        keep = {latest.version()}
        for version in needed.versions:
            keep |= {version, delta_files.stored_version(path, version)}
        age = _age([needed.changes_from], lambda version: delta_log.committed_at(path, version))
        return delta_tidy.vacuum(path, _hours(age), keep, self._store.commit_metadata)

    def _tidy_in_spark(self, name: str, needed: Needed | None) -> Tidied:
        """Delta goes by the age of a removal alone: what went out since the oldest needed version stays.

        VACUUM takes that age from a property of the table, by which Delta also refuses to read older versions. So it is lowered for
        the VACUUM alone. A kill in between leaves a value by which all that is needed can be read for a day; the next run mends it.
        """
        spark, table = self._store.spark, self._store.tables.identifier(name)
        metrics = spark.sql(f"OPTIMIZE {table}").select("metrics.numFilesRemoved", "metrics.numFilesAdded").first()
        # Spark's times are of the process's zone and do not say so.
        times = {row["version"]: row["timestamp"].astimezone(UTC) for row in spark.sql(f"DESCRIBE HISTORY {table}").collect()}
        lasting = RETENTION if needed else {**RETENTION, LOG: "interval 7 days"}
        needed = needed or Needed()
        superseded = [version + 1 for version in needed.versions if version < max(times)]
        hours = _hours(_age([needed.changes_from, *superseded], times.get))
        self._set(table, {**lasting, FILES: f"interval {hours} hours"})
        spark.sql(f"VACUUM {table}")
        self._set(table, lasting)
        return Tidied(0 if metrics is None else metrics[0] - metrics[1], 0)

    def _set(self, table: str, properties: dict[str, str]) -> None:
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in properties.items())
        self._store.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({listed})")


def _age(versions: list[int | None], committed_at: Callable[[int], datetime | None]) -> timedelta:
    """Of the oldest of these commits; at least AT_LEAST. One that the log does not tell about can't be read any more."""
    now = datetime.now(UTC)
    times = [at for version in versions if version is not None and (at := committed_at(version)) is not None]
    return max([AT_LEAST, *(now - at + MARGIN for at in times)])


def _hours(age: timedelta) -> int:
    return -(-int(age.total_seconds()) // 3600)

"""Deliveries of one feed → its tables, quarantine, replies and the ledger of files; each part can be done over again after a kill."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import DataFrame

from lakehouse.bronze.feed_quarantine import quarantine_table, quarantined
from lakehouse.bronze.feed_reply import reply, template, template_name
from lakehouse.bronze.feed_rows import DUPLICATE, EXPIRED, FATE, LOADED, judged, landed, staying, truth
from lakehouse.bronze.lost_zeros import lost_zeros, put_back
from lakehouse.errors import CollapseError, ConfigError
from lakehouse.io.delta.delta_store import TableVersion, Written
from lakehouse.io.files.file_backends import outbox
from lakehouse.io.host import logs
from lakehouse.ops.file_ledger import WAITING, FileEntry, FileLedger
from lakehouse.ops.ledger import SUCCEEDED, Entry
from lakehouse.pipeline.loader import Loaded
from lakehouse.pipeline.recording import counted, record
from lakehouse.runs.stage import RunContext
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.spreadsheets import LOST_ZEROS
from lakehouse.stages.ingest_files.delivery import Delivery
from lakehouse.table import Table, conform


class FeedLanding:
    """What landing files works with in one run."""

    def __init__(self, run: RunContext, accept_deletes: bool = False) -> None:
        if run.settings.outbox_root is None:
            raise ConfigError("outbox_root is not set: there is no place for replies to senders", "see conf/README.md")
        self._run, self._store, self._accept_deletes = run, run.store, accept_deletes
        self.run_id, self.ledger, self.outbox = run.run_id, FileLedger(run.store), outbox(run.settings.outbox_root)
        self.outputs: dict[str, TableVersion] = {}

    def land(self, feed: Feed, deliveries: Sequence[Delivery], repeated: Sequence[FileEntry] = ()) -> None:
        """Load what can be used, put the rest in quarantine, answer the sender; the ledger comes last.

        `repeated` files have the bytes of a delivery or of what was loaded before: they stand in no ledger before that one does.
        """
        if used := [delivery for delivery in deliveries if delivery.is_used]:
            self._load(feed, used)
        self._quarantine(feed, [delivery for delivery in deliveries if delivery.quarantined or delivery.replayed])
        for delivery in deliveries:
            self._keep(delivery)
            self._answer(delivery)
            tell = logs.info if delivery.is_used else logs.warn
            tell(f"{feed.sender}/{delivery.summary}")
        self.ledger.record([*(delivery.entry(self.run_id) for delivery in deliveries), *repeated])

    def finish(self) -> None:
        """Readers will see all tables of feeds as they are now, also what an earlier run landed and died. Copies without a use go."""
        for feed in FEEDS:
            for table in feed.tables:
                if (head := self._store.head(table.name)) is not None:
                    self.outputs[table.name] = head
            self._drop_copies(feed)

    def _drop_copies(self, feed: Feed) -> None:
        """Of files that have nothing in quarantine any more, or came anew. Last: a replay that died is done again with its copy."""
        needed = {entry.sha256 for entry in self.ledger.replayable(feed.name)}
        for name in self._store.names_in(f"{self._run.settings.vault_root}/files/{feed.name}"):
            if name not in needed:
                self._store.delete_folder(self._copy_of(feed.name, name))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder for copies, on this machine, for this user alone; gone afterwards."""
        inside = None if "://" in self._run.staging else Path(self._run.staging).resolve()
        if inside is not None:
            inside.mkdir(parents=True, exist_ok=True)
        found = Path(tempfile.mkdtemp(dir=inside))
        try:
            yield found
        finally:
            shutil.rmtree(found)

    def has_copy(self, entry: FileEntry) -> bool:
        """Whether the copy that was kept of a landed file is still there."""
        return self._store.has_file(self._copy_of(entry.feed, entry.sha256))

    def fetch_copy(self, entry: FileEntry, to: Path) -> None:
        """Copy the kept file to a path of this machine."""
        self._store.fetch_file(self._copy_of(entry.feed, entry.sha256), str(to))

    def _load(self, feed: Feed, used: Sequence[Delivery]) -> None:
        started = time.monotonic()
        there = self._store.latest(feed.bronze)
        rows = landed(self._parquet([delivery.found.good for delivery in used]), feed, self._run.key)
        is_newest = feed.kind != "snapshot" or self._is_newest(feed, used[0])
        is_whole = feed.kind == "snapshot" and is_newest
        rejected = self._parquet([delivery.found.rejects for delivery in used]) if is_whole or feed.replace_unit else None
        if rejected is not None and is_whole and used[0].found.may_lack_zeros:
            rows, rejected = self._with_zeros(rows, rejected, there, feed, used[0])
        found = judged(rows, there, feed, self._run.run_date, is_newest).persist()
        try:
            self._count(found, used)
            new = truth(found, there, feed)
            stay = None if rejected is None else staying(found, rejected, there, feed)
            share = feed.max_delete_share if is_whole and not self._accept_deletes else 1.0
            within = () if is_whole else feed.replace_unit or feed.key
            for table in feed.tables:
                done = self._sync(feed, table, new, stay, within, share)
                self._tell(table, sum(delivery.loaded for delivery in used), done, started)
                share = 1.0  # the second table loses what the first one lost
        except CollapseError as error:
            (waiting,) = used
            waiting.waits(f"it would take away {error.deleted} of the {error.there} rows that are known, more than {share:.0%}")
            logs.warn(f"`lakehouse quarantine replay {feed.name} --accept-deletes` loads it all the same")
        finally:
            found.unpersist()

    def _with_zeros(self, rows: DataFrame, rejected: DataFrame, there: DataFrame, feed: Feed, delivery: Delivery) -> list[DataFrame]:
        """Good rows and rejected ones with the codes that the table knows, where a spreadsheet took their zeros."""
        given = rows.select(feed.code_column).union(rejected.select(feed.code_column))
        lost = lost_zeros(given, there, feed).toArrow()
        if not lost.num_rows:
            return [rows, rejected]
        delivery.found.repaired[feed.header_of(feed.code_column), LOST_ZEROS] = lost.num_rows
        return [put_back(frame, self._run.spark.createDataFrame(lost), feed) for frame in (rows, rejected)]

    def _sync(self, feed: Feed, table: Table, new: DataFrame, stay: DataFrame | None, within: tuple[str, ...], share: float) -> Written:
        frame = new.select(*table.column_names)
        if stay is not None:
            frame = frame.union(self._store.latest(table).join(stay, list(feed.key), "left_semi").select(*table.column_names))
        return self._store.sync(table, conform(frame, table), max_delete_share=share, within=within)

    def _tell(self, table: Table, loaded: int, done: Written, started: float) -> None:
        """A row of `ops.runs` and a line of progress."""
        head = self._store.head(table.name)
        assert head is not None
        entry = Entry(table.name, SUCCEEDED, "landed", time.monotonic() - started, table_id=head.table_id, table_version=head.version)
        record(self._run.ledger, counted(entry, Loaded(loaded, 0, done)))

    def _count(self, found: DataFrame, used: Sequence[Delivery]) -> None:
        counts = {(row[0], row[1]): row[2] for row in found.groupBy("_file_name", FATE).count().collect()}
        for delivery in used:
            name = delivery.origin.file_name
            delivery.loaded, delivery.duplicate, delivery.expired = (counts.get((name, fate), 0) for fate in (LOADED, DUPLICATE, EXPIRED))

    def _is_newest(self, feed: Feed, delivery: Delivery) -> bool:
        newest = self.ledger.newest_used(feed.name)
        if newest is None or (delivery.origin.day, delivery.origin.arrived_at) >= newest.age():
            return True
        logs.warn(f"{feed.sender}/{delivery.origin.file_name} is older than {newest.file_name}, which holds")
        return False

    def _quarantine(self, feed: Feed, bad: Sequence[Delivery]) -> None:
        if not bad:
            return
        table = quarantine_table(feed.name)
        whole = [delivery.found.good for delivery in bad if not delivery.is_used]
        rejects = self._parquet([delivery.found.rejects for delivery in bad])
        reasons = {delivery.origin.file_name: delivery.reason for delivery in bad if not delivery.is_used}
        rows = quarantined(rejects, self._parquet(whole) if whole else None, feed, reasons, self.run_id)
        these = (
            f"(file_name = '{d.origin.file_name}' and arrived_at = timestamp'{d.origin.arrived_at:%Y-%m-%d %H:%M:%S.%f}Z')" for d in bad
        )
        self._store.replace_where(table.name, conform(rows, table), " or ".join(these))

    def _keep(self, delivery: Delivery) -> None:
        """A copy of what has rows in quarantine, so that it can be replayed; of nothing else: it is personal."""
        if delivery.quarantined or not delivery.is_used:
            self._store.keep_file(str(delivery.raw), self._copy_of(delivery.feed.name, delivery.sha256))

    def _answer(self, delivery: Delivery) -> None:
        feed, name, found = delivery.feed, delivery.origin.file_name, delivery.found
        if not (delivery.reason or found.rows_rejected or found.repaired):
            self.outbox.clear(feed.sender, name)
            return
        why = found.refused or (delivery.reason if delivery.status == WAITING else "")
        self.outbox.put(feed.sender, name, reply(feed, name, found, why, delivery.is_used), {template_name(feed, name): template(feed)})

    def _parquet(self, files: Sequence[Path]) -> DataFrame:
        """Of files on this machine; where the lake is in an object store, executors may be on others."""
        if "://" not in self._run.staging:
            return self._run.spark.read.parquet(*(f"file:{file}" for file in files))
        paths = [f"{self._run.staging}/{file.parent.parent.parent.name}/{file.parent.parent.name}-{file.name}" for file in files]
        for file, path in zip(files, paths, strict=True):
            self._store.keep_file(str(file), path)
        return self._run.spark.read.parquet(*paths)

    def _copy_of(self, feed: str, sha256: str) -> str:
        return f"{self._run.settings.vault_root}/files/{feed}/{sha256}"

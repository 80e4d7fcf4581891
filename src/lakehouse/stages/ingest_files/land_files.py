"""Vendors' files → bronze and vault, feed by feed. A bad file is its sender's trouble: the night goes on without it and says so."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from lakehouse.bronze.feed_reply import unknown_file
from lakehouse.errors import DataError, refuse_full_disk
from lakehouse.incident import WARNING, Incident
from lakehouse.io.files.drop_folder import Arrival, Changing, DropFolder
from lakehouse.io.files.file_backends import drop_folder
from lakehouse.io.host import logs
from lakehouse.ops.file_ledger import QUARANTINED, REPEATED, FileEntry, FileLedger
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS
from lakehouse.stages.ingest_files.delivery import Delivery, read_delivery
from lakehouse.stages.ingest_files.feed_landing import FeedLanding
from lakehouse.stages.ingest_files.feed_status import feed_incidents, looked_for

# Events of so many files are loaded at once. Rows of a snapshot and of changes are judged against those of the file before: were they
# loaded at once, a run that died before it wrote that down would be followed by one that counts them differently.
TOGETHER = 50
DROP_ROOT = "feeds:drop_root"


def land_files(run: RunContext) -> StageResult:
    """Land every file of `drop_root` that is new, or was written anew; an alarm for each feed that is overdue or not used."""
    if run.settings.drop_root is None:
        return StageResult()
    logs.set_current_step("feeds")
    drop = drop_folder(run.settings.drop_root)
    landing = FeedLanding(run)
    unreadable = []
    try:
        new = [arrival for arrival in drop.arrivals(run.started_at) if is_new(arrival, landing.ledger)]
    except OSError as error:
        title = f"drop_root can't be read ({type(error).__name__}): no files were landed"
        unreadable = [
            Incident(DROP_ROOT, WARNING, title, "mount it or correct its rights; the next run lands what came meanwhile", "feeds")
        ]
    else:
        of_feed = {arrival: feed_of(arrival) for arrival in new}
        _tell_unknown(landing, [arrival for arrival, feed in of_feed.items() if feed is None])
        for feed in FEEDS:
            _land(landing, drop, feed, [arrival for arrival, known in of_feed.items() if known is feed])
    landing.finish()
    found = [*unreadable, *feed_incidents(landing.ledger, run.started_at)]
    for incident in found:
        logs.warn(incident.title)
    cleared = {DROP_ROOT, *looked_for()} - {incident.key for incident in found}
    return StageResult(landing.outputs, alarms=tuple(found), cleared=frozenset(cleared))


def replay(run: RunContext, name: str, accept_deletes: bool) -> StageResult:
    """Read a feed's files again that have rows in quarantine, by the contract as it is now; what is good now is loaded.

    `accept_deletes` loads a snapshot that waits because it would delete too much. DataError (65) if nothing is there to replay.
    """
    logs.set_current_step("feeds")
    landing = FeedLanding(run, accept_deletes)
    feed = next(feed for feed in FEEDS if feed.name == name)
    entries = [entry for entry in landing.ledger.replayable(feed.name) if landing.has_copy(entry)]
    if not entries:
        raise DataError(f"no file of {name} is in quarantine", "`lakehouse feeds` shows what arrived")
    for entry in sorted(entries, key=FileEntry.age):
        with landing.folder() as folder:
            raw = folder / "raw"
            landing.fetch_copy(entry, raw)
            arrival = Arrival(entry.sender, entry.file_name, str(raw), entry.size_bytes, entry.arrived_at, entry.file_state)
            delivery = read_delivery(feed, arrival, entry.sha256, raw)
            delivery.replayed = True
            landing.land(feed, [delivery])
    landing.finish()
    return StageResult(landing.outputs)


def is_new(arrival: Arrival, ledger: FileLedger) -> bool:
    """Whether it never arrived, or was written anew since."""
    before = ledger.latest(arrival.sender, arrival.name)
    return before is None or before.file_state != arrival.state


def feed_of(arrival: Arrival) -> Feed | None:
    """The feed that has files of this name; None if none has, or it is not to be opened."""
    if arrival.problem:
        return None
    return next((feed for feed in FEEDS if feed.sender == arrival.sender and feed.day_of(arrival.name)), None)


def _tell_unknown(landing: FeedLanding, unknown: Collection[Arrival]) -> None:
    """Files that no feed has are not opened; a sender that we know is told which names we expect."""
    entries = []
    for arrival in unknown:
        reason = arrival.problem or "no feed has files of this name"
        logs.warn(f"{arrival.sender}/{arrival.name}: {reason}; it was not opened")
        if any(feed.sender == arrival.sender for feed in FEEDS):
            landing.outbox.put(arrival.sender, arrival.name, unknown_file(arrival.sender, arrival.name, arrival.problem, FEEDS), {})
        run_id, where = landing.run_id, (arrival.sender, arrival.name, "", arrival.size_bytes, arrival.arrived_at)
        entries.append(FileEntry(*where, QUARANTINED, reason, run_id, arrival.state))
    landing.ledger.record(entries)


def _land(landing: FeedLanding, drop: DropFolder, feed: Feed, new: Sequence[Arrival]) -> None:
    for batch in batches(feed, new):
        with landing.folder() as folder:
            found = list(_read(landing, drop, feed, batch, folder))
            deliveries = [each for each in found if isinstance(each, Delivery)]
            landing.land(feed, deliveries, [each for each in found if isinstance(each, FileEntry)])


def batches(feed: Feed, arrivals: Iterable[Arrival]) -> Iterator[Sequence[Arrival]]:
    """What is landed at once, oldest first: by the day in the name, then by arrival."""
    in_order = sorted(arrivals, key=lambda arrival: (str(feed.day_of(arrival.name)), arrival.arrived_at, arrival.name))
    size = TOGETHER if feed.kind == "append" else 1
    yield from (in_order[start : start + size] for start in range(0, len(in_order), size))


def _read(landing: FeedLanding, drop: DropFolder, feed: Feed, batch: Sequence[Arrival], folder: Path) -> Iterator[Delivery | FileEntry]:
    """The batch's files, read. One with the bytes of the file before it is only to be written down, when that one is loaded."""
    last = landing.ledger.newest_used(feed.name)
    newest, holds = (last.age(), last.sha256) if last else (None, "")
    for number, arrival in enumerate(batch):
        raw = folder / str(number) / "raw"
        try:
            sha256 = drop.fetch(arrival, raw)
        except (Changing, OSError) as error:
            refuse_full_disk(error)
            logs.warn(f"{feed.sender}/{arrival.name}: left for the next run, it could not be copied ({type(error).__name__})")
            continue
        day = feed.day_of(arrival.name)
        assert day is not None
        if sha256 == holds:
            reason = "the same bytes as the latest loaded file"
            where = (feed.sender, arrival.name, sha256, arrival.size_bytes, arrival.arrived_at)
            landing.outbox.clear(feed.sender, arrival.name)
            logs.info(f"{feed.sender}/{arrival.name}: repeated, {reason}")
            yield FileEntry(*where, REPEATED, reason, landing.run_id, arrival.state, feed.name, day, feed.version)
            continue
        delivery = read_delivery(feed, arrival, sha256, raw)
        if delivery.is_used and (newest is None or (day, arrival.arrived_at) >= newest):
            newest, holds = (day, arrival.arrived_at), sha256
        yield delivery

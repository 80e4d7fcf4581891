"""Which files a night would land, and which should have come. None is opened."""

from collections.abc import Iterator
from datetime import datetime

from lakehouse.io.files.file_backends import drop_folder
from lakehouse.lake import Lake
from lakehouse.ops.file_ledger import FileLedger
from lakehouse.sources.feeds import FEEDS
from lakehouse.stages.ingest_files.feed_status import statuses
from lakehouse.stages.ingest_files.land_files import feed_of, is_new


def files(lake: Lake, now: datetime) -> Iterator[str]:
    """A line for each feed with files that wait in drop_root; one for each that is overdue."""
    if lake.settings.drop_root is None:
        yield "drop_root is not set: none are landed"
        return
    ledger = FileLedger(lake.store)
    try:
        new = [arrival for arrival in drop_folder(lake.settings.drop_root).arrivals(now) if is_new(arrival, ledger)]
    except OSError as error:
        yield f"drop_root can't be read ({type(error).__name__}): none would be landed -> mount it, or correct the setting"
        return
    if not new:
        yield "none is waiting"
    for feed in FEEDS:
        if own := sorted(arrival.name for arrival in new if feed_of(arrival) is feed):
            size = sum(arrival.size_bytes for arrival in new if feed_of(arrival) is feed)
            yield f"{feed.name}: {_many(len(own))} waiting, {_size(size)}: {own[0]}" + (f" to {own[-1]}" if len(own) > 1 else "")
    if unknown := [arrival for arrival in new if feed_of(arrival) is None]:
        yield f"{_many(len(unknown))} of no feed: not opened"
    for status in statuses(ledger, now):
        if status.overdue is not None:
            yield f"{status.feed.name}: overdue for {status.overdue.days} d {status.overdue.seconds // 3600} h"


def _many(files: int) -> str:
    return f"{files} file{'' if files == 1 else 's'}"


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number} bytes"

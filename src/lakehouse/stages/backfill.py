"""Past days once more: vendors' files of those days are read again, and what is computed by day is built again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from lakehouse.errors import ConfigError, refuse_full_disk
from lakehouse.flow import GOLD, SILVER, Step
from lakehouse.io.files.drop_folder import Arrival, Changing, DropFolder
from lakehouse.io.files.file_backends import drop_folder
from lakehouse.io.host import logs
from lakehouse.ops.file_ledger import LOADED, REPEATED
from lakehouse.ops.ledger import SUCCEEDED
from lakehouse.runs.stage import RunContext, StageResult, both, having_done
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS
from lakehouse.stages.ingest_files.delivery import Delivery, read_delivery
from lakehouse.stages.ingest_files.feed_landing import FeedLanding
from lakehouse.stages.ingest_files.land_files import batches, feed_of, land_files
from lakehouse.stages.step_runner import step_runner
from lakehouse.table import DATE

READ, NEW, SAME, GONE, LEFT = "read again", "new, landed now", "repeated, nothing to do", "gone from drop_root", "left, could not be copied"
# So many files that are gone are named.
GONE_SHOWN = 5
NOT_DONE = "lists and campaign packs are as they were: `lakehouse score` and `lakehouse export`, or the next night, make them anew"


def backfill(run: RunContext, first: date, last: date) -> StageResult:
    """Land files of the days `first` to `last` again, bring silver up to date, build dated gold in full; says what was done.

    New files of any day are landed first, as `ingest` does: so it does not matter in which order ranges come. ConfigError (2) if the
    days are the wrong way round or drop_root can't be read.
    """
    if first > last:
        raise ConfigError(f"--from {first} is after --to {last}", "write the earlier day first")
    if run.settings.drop_root and not drop_folder(run.settings.drop_root).is_there():
        raise ConfigError(f"drop_root {run.settings.drop_root} can't be read", "make or mount it, or leave out the setting")
    new = land_files(run)
    with having_done(new):
        landed = both(new, land_again(run, first, last))
        built = refresh_dated(replace(run, heads={**run.heads, **landed.outputs}))
    return replace(both(landed, built), text="\n".join([f"days {first} to {last}:", landed.text, built.text, NOT_DONE]))


def land_again(run: RunContext, first: date, last: date) -> StageResult:
    """A line for each feed that has files of those days: how many were read again, were only repeated, are gone."""
    if run.settings.drop_root is None:
        return StageResult(text="drop_root is not set: no files are read")
    logs.set_current_step("feeds")
    drop, landing = drop_folder(run.settings.drop_root), FeedLanding(run)
    there = [arrival for arrival in drop.arrivals(run.started_at) if feed_of(arrival)]
    lines = []
    for feed in FEEDS:
        own = [arrival for arrival in there if feed_of(arrival) is feed and _is_within(feed.day_of(arrival.name), first, last)]
        fates = _land(landing, drop, feed, own)
        known = {entry.file_name for entry in landing.ledger.newest(feed.name) if _is_within(entry.file_day, first, last)}
        gone = sorted(known - {arrival.name for arrival in own})
        told = [f"{number} {fate}" for fate, number in {**fates, GONE: len(gone)}.items() if number]
        if told:
            lines.append(f"  {feed.name:<22} {', '.join(told)}" + (f": {', '.join(gone[:GONE_SHOWN])}" if gone else ""))
    landing.finish()
    return StageResult(landing.outputs, text="\n".join(lines or ["  no files of these days"]))


def _is_within(day: date | None, first: date, last: date) -> bool:
    return day is not None and first <= day <= last


def refresh_dated(run: RunContext) -> StageResult:
    """Bring silver and gold up to date, dated tables in full whether anything changed or not; the text names these."""
    rebuilt, runner = [], step_runner(run)
    for step in (*SILVER, *GOLD):
        entry = runner.run(step, again=is_dated(step))
        if is_dated(step) and entry.status == SUCCEEDED:
            rebuilt.append(step.name)
    return StageResult(runner.outputs, text=f"built in full: {', '.join(rebuilt)}")


def is_dated(step: Step) -> bool:
    """Whether a gold table has rows of a day, or is as of one."""
    has_day = any(column.name in step.writes.key and column.type == DATE for column in step.writes.columns)
    return step in GOLD and (has_day or "run_date" in step.parameters)


def _land(landing: FeedLanding, drop: DropFolder, feed: Feed, arrivals: Iterable[Arrival]) -> Counter[str]:
    """Oldest first, each judged as if it came again; how many met which fate."""
    fates = {arrival: _fate(landing, feed, arrival) for arrival in arrivals}
    for batch in batches(feed, [arrival for arrival, fate in fates.items() if fate == READ]):
        with landing.folder() as folder:
            deliveries = []
            for number, arrival in enumerate(batch):
                try:
                    deliveries.append(_delivery(landing, drop, feed, arrival, folder / str(number) / "raw"))
                except (Changing, OSError) as error:
                    refuse_full_disk(error)
                    logs.warn(f"{feed.sender}/{arrival.name}: it could not be copied ({type(error).__name__})")
                    fates[arrival] = LEFT
            landing.land(feed, deliveries)
    return Counter(fates.values())


def _fate(landing: FeedLanding, feed: Feed, arrival: Arrival) -> str:
    before = landing.ledger.latest(arrival.sender, arrival.name)
    if before is not None and before.run_id == landing.run_id:
        return NEW
    is_same = before is not None and before.status == REPEATED and before.contract_version == feed.version
    return SAME if is_same else READ


def _delivery(landing: FeedLanding, drop: DropFolder, feed: Feed, arrival: Arrival, raw: Path) -> Delivery:
    """What it had in quarantine goes with the new judgement."""
    before = landing.ledger.latest(arrival.sender, arrival.name)
    delivery = read_delivery(feed, arrival, drop.fetch(arrival, raw), raw)
    delivery.replayed = before is not None and (before.rows_quarantined > 0 or before.status != LOADED)
    return delivery

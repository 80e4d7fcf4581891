"""Lists and vault → a campaign pack for each channel."""

import time
from collections import Counter
from collections.abc import Mapping
from datetime import date

from pyspark.sql import functions as F

from lakehouse.export.channel import NO_CONSENT, Channel
from lakehouse.fingerprint import fingerprint, source
from lakehouse.io.files import packs
from lakehouse.io.host import logs
from lakehouse.lake import Lake
from lakehouse.night import CHANNELS, found
from lakehouse.ops.history import History
from lakehouse.ops.ledger import SKIPPED, SUCCEEDED, Entry, inputs_json
from lakehouse.pipeline.recording import record
from lakehouse.recommend import customer_products
from lakehouse.runs.stage import AfterPublication, RunContext, StageResult


def export(run: RunContext) -> StageResult:
    """Write the pack of each channel of the page of the night. A pack that was made from the same is left."""
    logs.set_current_step("export")
    return StageResult(after=tuple(action for channel in _channels() for action in _export(run, channel)))


def _export(run: RunContext, channel: Channel) -> tuple[AfterPublication, ...]:
    """What is to be done when everything is published; nothing if the pack stands."""
    started = time.monotonic()
    inputs = {table.name: run.head(table) for table in channel.tables}
    grounds = {code: shop.ground_of(channel.purpose) for code, shop in sorted(run.settings.shops.items())}
    made_from = fingerprint(channel.rows.__module__, source("lakehouse.io.files.campaign_files"), inputs_json(inputs), grounds)
    folder = packs.place_of(run.settings.export_root, channel.name, run.run_date, run.run_id)
    if (there := packs.standing(folder, made_from)) is not None:
        entry = Entry(channel.step, SKIPPED, there, time.monotonic() - started, inputs=inputs_json(inputs))
        record(run.ledger, entry, f"{there} stands: it was made from the same")
        return ()
    is_small = run.store.is_small(inputs)
    frames = [run.store.read(table.name, run.head(table).version) for table in channel.tables]
    people = channel.audience(*frames).persist()
    by_shop = people.groupBy("shop_code", "suppressed_for").count().collect()
    counts: Counter[str | None] = Counter()
    for _, reason, number in by_shop:
        counts[reason] += number
    frame = channel.rows(people.where(F.col("suppressed_for").isNull()), *frames).select(*channel.columns)
    suppressed = {reason: counts.get(reason, 0) for reason in channel.reasons}
    facts = {
        "channel": channel.name,
        "run_id": run.run_id,
        "run_date": run.run_date.isoformat(),
        "created": run.started_at.isoformat(timespec="seconds"),
        "model_version": _model_version(run),
        "data_versions": {name: head.version for name, head in inputs.items()},
        "made_from": made_from,
        "legal_ground": grounds,
        "suppressed": suppressed,
    }
    rows = frame.collect() if is_small else frame.toLocalIterator()
    manifest = packs.prepare(folder, channel.file_name, channel.columns, rows, facts, run.settings.export_group)
    people.unpersist()
    written, seconds = int(str(manifest["rows"])), time.monotonic() - started
    entry = Entry(channel.step, SUCCEEDED, folder, seconds, sum(counts.values()), written, inputs=inputs_json(inputs))
    left_out = ", ".join(f"{reason} {n}" for reason, n in suppressed.items())
    record(run.ledger, entry, f"{written} customers in {folder}; left out: {left_out}")
    # A shop that is no longer in the settings has nothing to choose.
    undecided = {code for code, shop in run.settings.shops.items() if shop.legal_ground is None}
    silent = {code: number for code, reason, number in by_shop if reason == NO_CONSENT and code in undecided}
    return (AfterPublication.of(show, folder=folder, silent=silent),)


def show(run: RunContext, folder: str, silent: Mapping[str, int] | None = None) -> None:
    """Marketing sees the pack from now on. `silent`: shop that has not chosen a legal ground → customers who said neither yes nor no."""
    packs.promote(folder)
    for code, number in (silent or {}).items():
        logs.warn(
            f"{folder}: {number} customers of shop {code} are left out, since nobody knows whether they want mail;"
            f" shops.{code}.legal_ground chooses (conf/README.md)"
        )


def outlook(lake: Lake, history: History, run_date: date) -> str:
    """Which packs a night of that date would write, and how long that usually takes."""
    return "; ".join(_outlook(lake, history, run_date, channel) for channel in _channels())


def _outlook(lake: Lake, history: History, run_date: date, channel: Channel) -> str:
    folder, usual = packs.place_of(lake.settings.export_root, channel.name, run_date, "<run>"), history.usual(channel.step)
    told = folder + (", replaces the pack that is there" if packs.is_replaced(folder) else "")
    return told if usual is None else f"{told}; usually {usual.rows} customers are looked at, {usual.seconds:.0f} s"


def _channels() -> list[Channel]:
    return [found(name) for name in CHANNELS]


def _model_version(run: RunContext) -> str | None:
    row = run.read(customer_products.TABLE).select("model_version").first()
    return None if row is None else row[0]

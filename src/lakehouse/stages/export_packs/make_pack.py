"""One campaign's pack: made anew unless one stands that was made from the same."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.campaign import Campaign
from lakehouse.export.declared_campaigns import Declared
from lakehouse.export.frequency import PackName
from lakehouse.export.pack_rows import rows
from lakehouse.export.values import Pack, Recipient
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.packs.backends import packs_of
from lakehouse.io.packs.pack_files import CONTROLS, Dialect, finish, write_files
from lakehouse.io.packs.packs import Packs
from lakehouse.ops.ledger import SKIPPED, SUCCEEDED, Entry, inputs_json
from lakehouse.ops.packs import PackLedger
from lakehouse.pipeline.recording import record
from lakehouse.runs.stage import RunContext
from lakehouse.stages.export_packs.counts import Clipped, Counts, said
from lakehouse.stages.export_packs.frames import Frames
from lakehouse.stages.export_packs.kept import keep_people
from lakehouse.stages.export_packs.left_out import keep_left_out
from lakehouse.stages.export_packs.lists import Lists
from lakehouse.stages.export_packs.origin import facts, origin
from lakehouse.stages.export_packs.shared_stock import StockSources, keep_shown, stock_limits

# So many recipients are dictionaries at a time.
AT_ONCE = 1000
# Who is held out of a campaign, for whoever reads its results elsewhere.
CONTROL, CONTROL_COLUMNS = Dialect(CONTROLS), ("person", "shop_code", "customer_key")


@dataclass(frozen=True)
class MadePack:
    """`pack` is its name below the campaign's place, `made_from` the hash of what it was made from. `is_new`: it did not stand already.
    `outputs`: what was written beside it, by table. `silent`: shop without a chosen legal ground → customers who said neither yes nor no.
    """

    campaign: str
    pack: str
    made_from: str
    is_new: bool = True
    silent: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, TableVersion] = field(default_factory=dict)

    @property
    def name(self) -> PackName:
        """The pack by campaign, run date and run, as its recipients are counted."""
        date, _, run_id = self.pack.partition("/")
        return self.campaign, date, run_id


def make_pack(
    run: RunContext, campaign: Campaign, declared: Declared, counted: Sequence[PackName], lists: Lists, stock: StockSources
) -> MadePack:
    """Write the pack where nobody sees it yet, or find the one that stands.

    `counted`: packs that count for its frequency cap. `lists`: what it shows. `stock`: what its share of the stock follows from.
    """
    started, made = time.monotonic(), origin(run, campaign, declared, counted, lists, stock)
    packs = packs_of(run.settings.export_root, campaign.name, run.settings.export_group)
    packs.sweep()
    if (standing := packs.standing(run.run_date.isoformat(), made.made_from, run.started_at)) is not None:
        place, seconds = f"{packs.place}/{standing}", time.monotonic() - started
        record(
            run.ledger,
            Entry(campaign.step, SKIPPED, place, seconds, inputs=inputs_json(made.inputs)),
            f"{place} stands: it was made from the same",
        )
        return MadePack(campaign.name, standing, made.made_from, is_new=False)
    name = f"{run.run_date.isoformat()}/{run.run_id}"
    pack = Pack(campaign, declared.profile_of(campaign), run.run_date, declared.texts, lists.model_version())
    limits = stock_limits(run, campaign, stock)
    frames = Frames(run, campaign, counted, lists, limits)
    people = frames.people.persist()
    try:
        counts = Counts.of(people)
        # Of each customer a few places, and of each campaign a reason why not.
        is_small = run.store.holds(counts.customers * max(campaign.slots, len(declared.campaigns)))
        products = frames.products(counts.recipients)
        clipped = Clipped.of(products)
        written = _write(
            run, packs, name, pack, {**facts(run, pack, made, lists.rule_set()), **lists.said, **said(counts, clipped)}, frames, is_small
        )
        outputs = {
            **keep_left_out(run, campaign.name, {*declared.campaigns, *PackLedger(run.store).audiences()}, people, is_small),
            **keep_people(run, campaign, people, any(each.frequency_cap for each in declared.campaigns.values()), is_small),
            **keep_shown(run, campaign, products, limits),
        }
        frames.channel_rules.count(run, campaign)
    finally:
        people.unpersist()
        frames.release()
    place, seconds = f"{packs.place}/{name}", time.monotonic() - started
    entry = Entry(campaign.step, SUCCEEDED, place, seconds, counts.customers, written, inputs=inputs_json(made.inputs))
    left_out = ", ".join(f"{reason} {number}" for reason, number in counts.suppressed.items() if number)
    record(run.ledger, entry, f"{counts.recipients} customers in {place}; left out: {left_out or 'nobody'}{clipped.text}")
    # A shop that is no longer in the settings has nothing to choose.
    undecided = {code for code, source in run.settings.sources.items() if source.legal_ground is None}
    return MadePack(campaign.name, name, made.made_from, silent=counts.silent(undecided), outputs=outputs)


def _write(run: RunContext, packs: Packs, name: str, pack: Pack, said: dict[str, object], frames: Frames, is_small: bool) -> int:
    """The pack's files, its manifest, which says `said` too, and `_SUCCESS`; gives the rows of its files."""
    dialect, header = pack.profile.dialect(pack.campaign.name, pack.day), pack.profile.header(pack.campaign.slots)
    with packs.unfinished(name) as folder:
        if pack.campaign.hold_out is not None or run.settings.hold_out is not None:
            control = write_files(folder, CONTROL, CONTROL_COLUMNS, _controls(frames.people, is_small))
            said["control"] = {file: asdict(of_file) for file, of_file in control.items()}
        files = write_files(folder, dialect, header, rows(pack, _recipients(frames, is_small)))
        finish(folder, files, said)
    return sum(of_file.rows for of_file in files.values())


def _recipients(frames: Frames, is_small: bool) -> Iterable[Recipient]:
    found = frames.recipients()
    if is_small:
        return (row for batch in found.toArrow().to_batches(AT_ONCE) for row in batch.to_pylist())
    return (row.asDict(recursive=True) for row in found.toLocalIterator())


def _controls(people: DataFrame, is_small: bool) -> Iterable[tuple[str, ...]]:
    """Who is held out, without an address: by pseudonyms."""
    held = people.where(F.col("suppressed_for") == "hold_out").select(*CONTROL_COLUMNS).orderBy(*CONTROL_COLUMNS)
    return (tuple(row) for row in (held.collect() if is_small else held.toLocalIterator()))

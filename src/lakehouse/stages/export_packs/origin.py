"""What a pack is made from: the hash by which a second run knows it again, and the facts that its manifest states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lakehouse.export.campaign import Campaign
from lakehouse.export.channels.channel import module_of
from lakehouse.export.declared_campaigns import Declared
from lakehouse.export.frequency import PackName
from lakehouse.export.pack_rows import rows
from lakehouse.export.profile import Profile
from lakehouse.export.values import Pack
from lakehouse.fingerprint import fingerprint
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.ops.ledger import inputs_json
from lakehouse.runs.stage import RunContext
from lakehouse.silver import categories
from lakehouse.stages.export_packs.channel_rules import rules_for
from lakehouse.stages.export_packs.frames import tables_of
from lakehouse.stages.export_packs.lists import Lists
from lakehouse.stages.export_packs.shared_stock import StockSources

# Beside the rows and the channel: what decides who gets something, and which products are shown.
CODE = (
    *("lakehouse.export.audience", "lakehouse.export.places"),
    *(
        "lakehouse.export.stock.sharing",
        "lakehouse.export.stock.shown_products",
        "lakehouse.gold.product_stock",
        "lakehouse.gold.purchases",
    ),
)


@dataclass(frozen=True)
class Origin:
    """`inputs`: the versions that are read. `grounds`: legal ground by shop. `made_from`: the hash of everything that decides the bytes."""

    inputs: Mapping[str, TableVersion]
    grounds: Mapping[str, str]
    made_from: str


def origin(
    run: RunContext, campaign: Campaign, declared: Declared, counted: Sequence[PackName], lists: Lists, stock: StockSources
) -> Origin:
    """Not of who was given which arm before: that only confirms what the salt says, or follows from the customers' other addresses.

    `counted`: the packs that count for the campaign's frequency cap. `stock`: what its limits follow from.
    """
    inputs = {table.name: run.head(table) for table in tables_of(campaign, lists.tables)}
    grounds = {code: source.ground_of(campaign.purpose) for code, source in sorted(run.settings.sources.items())}
    files = [part.model_dump_json() for part in (campaign, declared.profile_of(campaign))]
    texts = sorted((code, sorted(texts.items())) for code, texts in declared.texts.items())
    code = [fingerprint(module) for module in (*CODE, module_of(campaign.channel))]
    said = (run.settings.hold_out, run.run_date, run.settings.feed_shop_code, lists.made_from, stock.origin)
    others = (inputs_json(inputs), grounds, list(counted), *said)
    made_from = fingerprint(rows.__module__, *code, *files, texts, *others, *_rules(run, campaign))
    return Origin({**inputs, **stock.inputs}, grounds, made_from)


def _rules(run: RunContext, campaign: Campaign) -> tuple[object, ...]:
    """Of the channel, and the categories that they may name. Those of lists have decided already."""
    rules = rules_for(run, campaign)
    return (rules, str(run.head(categories.TABLE))) if rules.rules else ()


def facts(run: RunContext, pack: Pack, made: Origin, rule_set: str) -> dict[str, object]:
    """What the manifest says beside the files and the counts. `run_id`, `created` and `expires` alone are of the run."""
    campaign = pack.campaign
    return {
        **common_facts(run, pack.profile, campaign.slots, campaign.kept_days, made.inputs),
        "campaign": campaign.name,
        "channel": campaign.channel,
        "purpose": campaign.purpose,
        "legal_ground": made.grounds,
        "model_version": pack.model_version,
        "rule_set": rule_set,
        "made_from": made.made_from,
    }


def common_facts(run: RunContext, profile: Profile, slots: int, kept_days: int, inputs: Mapping[str, TableVersion]) -> dict[str, object]:
    """What the manifest of any pack says of its form, its run and its data."""
    return {
        "profile": profile.name,
        "contract_version": profile.version,
        "format": profile.format,
        "delimiter": profile.delimiter,
        "columns": profile.header(slots),
        "unique": list(profile.unique),
        "slots": slots,
        "run_id": run.run_id,
        "run_date": run.run_date.isoformat(),
        "created": run.started_at.isoformat(timespec="seconds"),
        "expires": (run.started_at + timedelta(days=kept_days)).isoformat(timespec="seconds"),
        "data_versions": {name: head.version for name, head in inputs.items()},
    }

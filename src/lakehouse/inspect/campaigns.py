"""The campaigns and what became of them: `lakehouse campaigns`."""

import json
from datetime import date

from lakehouse.errors import DataError
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake
from lakehouse.ops.packs import AUDIENCE, PackLedger, PackRecord
from lakehouse.stages.export_packs.due import due

COLUMNS = ("campaign", "channel", "profile", "due", "newest_pack", "recipients")
STEPS = ("reason", "left_out", "remaining")
# Signs of the longest bar of a funnel.
WIDTH = 50


def campaigns(env: str, run_date: date, output: RowFormat) -> str:
    """One row for each campaign of the settings."""
    ledger = PackLedger(Lake(load_settings(env)).store)
    rows = []
    for campaign, why_not in due(read_campaigns(), ledger, run_date):
        newest = ledger.newest(campaign.name)
        pack, recipients = (newest.pack, newest.recipients) if newest else (None, None)
        rows.append((campaign.name, campaign.channel, campaign.profile, why_not or "yes", pack, recipients))
    return as_rows(COLUMNS, rows, output)


def campaign(env: str, name: str, output: RowFormat) -> str:
    """Who the newest pack of a campaign left out, reason by reason, as a table; with `table` as a funnel too.

    Of packs for one product too, which are of no campaign of the settings. ConfigError (2) for a campaign that there is not, DataError (65)
    for one without a pack.
    """
    campaigns, newest = read_campaigns(), PackLedger(Lake(load_settings(env)).store).newest(name)
    declared = campaigns.campaign(name) if newest is None or not name.startswith(AUDIENCE) else None
    if newest is None:
        raise DataError(f"no run made a pack of {name} yet", "run `lakehouse export`, or wait for the night; `lakehouse campaigns list`")
    steps = funnel(newest)
    table = as_rows(STEPS, steps, output)
    what = "the most likely buyers of one product" if declared is None else f"{declared.channel}, list {declared.list_name}"
    return table if output != RowFormat.TABLE else "\n".join([*_head(newest, what), "", table, "", *_bars(steps)])


def funnel(record: PackRecord) -> list[tuple[str, int, int]]:
    """(reason, customers left out for it, customers that remain after it), from everybody whom the campaign is for to the recipients."""
    steps, remaining = [("everybody", 0, record.customers)], record.customers
    for reason, number in json.loads(record.suppressed).items():
        remaining -= number
        steps.append((reason, number, remaining))
    return steps


def _head(record: PackRecord, what: str) -> list[str]:
    model = "without a model" if record.model_version is None else f"model {record.model_version}"
    return [
        f"{record.campaign}: {what}, profile {record.profile}",
        f"{record.recipients} of {record.customers} customers are in {record.place}/{record.pack} ({model})",
        *([_clipped(record)] if record.clipped_places else []),
    ]


def _clipped(record: PackRecord) -> str:
    return (
        f"clipped for want of stock: {record.clipped_products} products at {record.clipped_places} places, which show the next best"
        f" (ops.pack_products)"
    )


def _bars(steps: list[tuple[str, int, int]]) -> list[str]:
    """A bar for each step that left somebody out, and for the first one."""
    everybody = steps[0][2] or 1
    shown = [step for step in steps if step[0] == "everybody" or step[1]]
    widest = max(len(reason) for reason, _, _ in shown)
    return [f"{reason:<{widest}}  {'#' * round(WIDTH * left / everybody):<{WIDTH}}  {left}" for reason, _, left in shown]

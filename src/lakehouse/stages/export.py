"""Lists and vault → a pack for each campaign that is due."""

from datetime import date

from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.export.frequency import counted_packs
from lakehouse.io.host import logs
from lakehouse.io.packs.backends import packs_of
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.packs import PackLedger
from lakehouse.runs.stage import AfterPublication, RunContext, StageResult, both
from lakehouse.stages.crm_pack import export_customers
from lakehouse.stages.export_packs.due import due
from lakehouse.stages.export_packs.lists import published_lists
from lakehouse.stages.export_packs.make_pack import MadePack, make_pack
from lakehouse.stages.export_packs.shared_stock import stock_sources
from lakehouse.stages.export_packs.show_pack import delete_expired, to_show


def export(run: RunContext) -> StageResult:
    """Write the pack of each campaign that is due, and that of customers if the settings ask for it.

    A pack that was made from the same is left, and `latest.json` with it.
    """
    declared, ledger = read_campaigns(), PackLedger(run.store)
    made: list[MadePack] = []
    for campaign, why_not in due(declared, ledger, run.run_date):
        if why_not:
            logs.info(f"{campaign.step}: not due, {why_not}", step=campaign.step)
        else:
            counted = counted_packs(campaign, ledger.all_made(), [each.name for each in made], run.run_date)
            alike = {each.name for each in declared.campaigns.values() if each.channel == campaign.channel}
            stock = stock_sources(run, alike, ledger.all_made(), {each.name: each.made_from for each in made})
            made.append(make_pack(run, campaign, declared, counted, published_lists(run), stock))
    outputs = {name: head for each in made for name, head in each.outputs.items()}
    to_delete = [AfterPublication.of(delete_expired)] if ledger.expired(run.started_at) else []
    return both(StageResult(outputs=outputs, after=(*to_show(run, ledger, made), *to_delete)), export_customers(run, declared, ledger))


def outlook(lake: Lake, history: History, run_date: date) -> str:
    """Which packs a night of that date would write, and how long that usually takes."""
    ledger, told = PackLedger(lake.store), []
    for campaign, why_not in due(read_campaigns(), ledger, run_date):
        usual = history.usual(campaign.step)
        place = f"{packs_of(lake.settings.export_root, campaign.name).place}/{run_date}"
        of_usual = "" if usual is None else f"; usually {usual.rows} customers are looked at, {usual.seconds:.0f} s"
        told.append(f"{campaign.name}: not due, {why_not}" if why_not else f"{place}, unless its pack stands{of_usual}")
    return "; ".join(told)

"""Which campaigns a run of a date makes packs of."""

from datetime import date

from lakehouse.export.campaign import Campaign
from lakehouse.export.declared_campaigns import Declared
from lakehouse.ops.packs import PackLedger


def due(declared: Declared, ledger: PackLedger, run_date: date) -> list[tuple[Campaign, str]]:
    """Every campaign, and why it is not due; empty for one that is."""
    return [(campaign, _why_not(campaign, ledger, run_date)) for campaign in declared.campaigns.values()]


def _why_not(campaign: Campaign, ledger: PackLedger, run_date: date) -> str:
    newest = ledger.newest(campaign.name)
    return campaign.why_not_due(run_date, None if newest is None else newest.run_date)

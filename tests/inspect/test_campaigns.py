"""The funnel of a campaign: who remains after each reason."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.support.runs import settings_in

from lakehouse.errors import ConfigError, DataError
from lakehouse.inspect import campaigns as module
from lakehouse.inspect.campaigns import campaign, campaigns, funnel
from lakehouse.inspect.text_tables import RowFormat
from lakehouse.lake import Lake
from lakehouse.ops.packs import PackLedger, PackRecord

AT = datetime(2026, 11, 18, 3, tzinfo=UTC)
RECORD = PackRecord(
    campaign="email",
    run_date=date(2026, 11, 18),
    run_id="run1",
    event="made",
    recorded_at=AT,
    expires_at=AT,
    place="/srv/export/email",
    profile="generic_wide",
    customers=100,
    recipients=60,
    rows=60,
    suppressed='{"missing": 0, "bounced": 10, "no_consent": 30}',
    model_version="7",
    clipped_products=2,
    clipped_places=31,
)


def test_the_funnel_goes_from_everybody_to_the_recipients() -> None:
    assert funnel(RECORD) == [("everybody", 0, 100), ("missing", 0, 100), ("bounced", 10, 90), ("no_consent", 30, 60)]


def test_a_campaign_is_told_as_a_table_and_as_a_funnel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    lake = Lake(settings)
    monkeypatch.setattr(module, "load_settings", lambda env: settings)
    with pytest.raises(DataError, match="no run made a pack of email yet"):
        campaign("local", "email", RowFormat.TABLE)
    PackLedger(lake.store).record([RECORD, replace(RECORD, run_date=date(2026, 11, 17), run_id="run0", recorded_at=AT.replace(hour=9))])
    text = campaign("local", "email", RowFormat.TABLE)
    assert "60 of 100 customers are in /srv/export/email/2026-11-18/run1 (model 7)" in text
    assert "clipped for want of stock: 2 products at 31 places" in text
    assert text.splitlines()[-3:] == [
        f"everybody   {'#' * 50}  100",
        f"bounced     {'#' * 45:<50}  90",
        f"no_consent  {'#' * 30:<50}  60",
    ]
    assert campaign("local", "email", RowFormat.CSV).splitlines()[:3] == ["reason,left_out,remaining", "everybody,0,100", "missing,0,100"]
    assert campaigns("local", date(2026, 11, 18), RowFormat.CSV).splitlines() == [
        "campaign,channel,profile,due,newest_pack,recipients",
        "email,email,generic_wide,yes,2026-11-18/run1,60",
    ]
    with pytest.raises(ConfigError, match="there is no campaign autumn"):
        campaign("local", "autumn", RowFormat.TABLE)


def test_a_pack_for_one_product_is_told_though_no_campaign_of_the_settings_has_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, name = settings_in(tmp_path), "audience_nl_12_email"
    monkeypatch.setattr(module, "load_settings", lambda env: settings)
    ledger = PackLedger(Lake(settings).store)
    ledger.record([RECORD, replace(RECORD, campaign=name)])
    assert campaign("local", name, RowFormat.TABLE).startswith(
        f"{name}: the most likely buyers of one product, profile generic_wide\n60 of 100 customers"
    )
    assert ledger.audiences() == {name}
    ledger.record([replace(RECORD, campaign=name).gone(AT)])
    assert ledger.audiences() == set()

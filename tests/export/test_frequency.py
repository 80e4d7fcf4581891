"""Which packs count for a campaign's cap."""

from datetime import UTC, date, datetime

from lakehouse.export.campaign import Campaign, parse_campaign
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.export.frequency import PackName, counted_packs
from lakehouse.ops.packs import PackRecord

TODAY = date(2026, 11, 18)
AT = datetime(2026, 11, 18, tzinfo=UTC)


def campaign(name: str, **said: object) -> Campaign:
    """The shipped one but for what is said."""
    return parse_campaign(name, {**read_campaigns().campaigns["email"].model_dump(mode="json", exclude={"name"}), **said})


def made(campaign: str, day: int) -> PackRecord:
    return PackRecord(campaign, date(2026, 11, day), "r1", "made", AT, AT, "place", "wide", 1, 1, 1, "{}")


def counted(campaign: Campaign, records: list[PackRecord], tonight: list[PackName]) -> list[str]:
    return [f"{name} {day[-2:]}" for name, day, _ in counted_packs(campaign, records, tonight, TODAY)]


def test_a_night_that_is_done_again_counts_what_it_counted_the_first_time() -> None:
    """Of two days: yesterday's packs, an audience of today, and what comes before it tonight. `later` comes after it."""
    capped = campaign("capped", frequency_cap={"packs": 1, "days": 2})
    before = [made("capped", 16), made("capped", 17), made("later", 17), made("audience_nl_1_capped", 18)]
    tonight = [("earlier", "2026-11-18", "r2")]
    first = counted(capped, before, tonight)
    assert first == ["audience_nl_1_capped 18", "capped 17", "earlier 18", "later 17"]
    assert counted(capped, [*before, made("earlier", 18), made("capped", 18), made("later", 18)], tonight) == first


def test_without_a_cap_nothing_counts() -> None:
    assert counted(campaign("free"), [made("free", 17)], []) == []

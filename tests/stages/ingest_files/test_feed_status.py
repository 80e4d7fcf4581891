"""When a feed is overdue, and how bad that is."""

from datetime import UTC, date, datetime
from typing import cast

import pytest

from lakehouse.ops.file_ledger import FileEntry, FileLedger
from lakehouse.stages.ingest_files.feed_status import feed_incidents, looked_for, statuses


class Entries:
    """Stands for the ledger: what arrived, by feed."""

    def __init__(self, *entries: FileEntry) -> None:
        self._entries = entries

    def newest(self, feed: str) -> list[FileEntry]:
        return [entry for entry in self._entries if entry.feed == feed]


def entry(feed: str, day: int, hour: int, status: str = "loaded") -> FileEntry:
    arrived_at = datetime(2026, 11, day, hour, tzinfo=UTC)
    return FileEntry(
        "sender", f"{feed}_{day}", "", 1, arrived_at, status, "why", "run", "state", feed, date(2026, 11, day), rows_quarantined=1
    )


def level(feed: str, now: datetime, *entries: FileEntry) -> str:
    return next(status.level for status in statuses(cast(FileLedger, Entries(*entries)), now) if status.feed.name == feed)


@pytest.mark.parametrize(
    ("day", "hour", "expected"),
    [(18, 4, "ok"), (18, 6, "late"), (19, 4, "late"), (19, 5, "warning"), (21, 4, "warning"), (21, 5, "alert")],
)
def test_a_daily_file_is_due_at_five_of_the_next_day(day: int, hour: int, expected: str) -> None:
    assert (
        level("app_users", datetime(2026, 11, day, hour, 30 if expected == "late" else 0, tzinfo=UTC), entry("app_users", 17, 4))
        == expected
    )


def test_a_weekly_file_has_a_week_and_a_list_that_may_never_come_is_never_late() -> None:
    now = datetime(2026, 11, 26, 6, tzinfo=UTC)
    assert level("wholesaler_a_prices", now, entry("wholesaler_a_prices", 18, 4)) == "warning"
    assert level("wholesaler_a_prices", now, entry("wholesaler_a_prices", 19, 6)) == "late"
    assert level("wholesaler_a_prices", now, entry("wholesaler_a_prices", 20, 6)) == "ok"
    assert level("wholesaler_a_articles", now, entry("wholesaler_a_articles", 1, 4)) == "ok"
    assert level("app_users", now) == "never"


def test_a_file_that_was_not_used_does_not_make_a_feed_good() -> None:
    both = entry("app_users", 17, 4), entry("app_users", 18, 4, "quarantined")
    assert level("app_users", datetime(2026, 11, 18, 4, 30, tzinfo=UTC), *both) == "not used"
    now = datetime(2026, 11, 21, 6, tzinfo=UTC)
    assert level("app_users", now, *both) == "alert"
    found = list(feed_incidents(cast(FileLedger, Entries(*both)), now))
    assert [(incident.key, incident.severity, incident.title) for incident in found] == [
        ("feed:app_users:overdue", "warning", "app_users of mobile_app is overdue for 3 days"),
        ("feed:app_users:not used", "warning", "app_users: its newest file app_users_18 is not used: why"),
    ]
    assert found[0].details == {"level": "alert", "last file": "app_users_18 of 2026-11-18 04:00 UTC"}
    assert "lakehouse quarantine show app_users" in found[1].todo
    assert {incident.key for incident in found} < looked_for()


def test_the_same_bytes_again_are_an_arrival() -> None:
    entries = entry("stock_levels", 17, 4), entry("stock_levels", 18, 4, "repeated")
    assert level("stock_levels", datetime(2026, 11, 18, 6, tzinfo=UTC), *entries) == "ok"

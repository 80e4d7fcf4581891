"""How an incident stands, told by its newest row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse.incident import CRITICAL, WARNING, Incident
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.incident_records import Record, known_incidents, met, open_incidents, over, record_incidents

START = datetime(2026, 11, 18, 2, 41, 7, tzinfo=UTC)
LATE = Incident("feed:stock:overdue", WARNING, "stock is overdue", "ask for it", "bronze.stock", {"level": "warning"})


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def seen(hours: float, before: Record | None = None, incident: Incident = LATE) -> Record:
    return met(incident, before, "night", f"run {hours}", at(hours))


def test_what_is_met_again_is_sent_again_after_twenty_hours_only() -> None:
    first = seen(0)
    assert (first.event, first.opened_at, first.sent_at) == ("opened", at(0), at(0))
    again = seen(19.9, first)
    assert (again.event, again.run_id, again.recorded_at, again.opened_at, again.sent_at) == (
        "repeated",
        "run 19.9",
        at(19.9),
        at(0),
        at(0),
    )
    reminder = seen(20, again)
    assert (reminder.event, reminder.opened_at, reminder.sent_at) == ("reminded", at(0), at(20))
    assert seen(30, reminder).event == "repeated"


def test_what_got_worse_is_sent_at_once() -> None:
    worse = replace(LATE, severity=CRITICAL)
    assert seen(1, seen(0), worse).event == "reminded"
    assert seen(2, seen(1, seen(0), worse), worse).event == "repeated"
    assert seen(2, seen(1, None, worse), LATE).event == "repeated"


def test_what_may_stand_for_years_is_sent_once() -> None:
    standing = replace(LATE, is_standing=True)
    first = seen(0, None, standing)
    assert (first.event, seen(100, first, standing).event) == ("opened", "repeated")
    assert seen(100, first, replace(standing, severity=CRITICAL)).event == "reminded"


def test_what_stands_is_sent_again_when_it_is_about_twice_as_many_rows_and_ten_more() -> None:
    def of(rows: int) -> Incident:
        return replace(LATE, is_standing=True, details={"rows": str(rows)})

    first = seen(0, None, of(8))
    assert [seen(1, first, of(rows)).event for rows in (17, 18)] == ["repeated", "reminded"]
    many = seen(0, None, of(40))
    assert [seen(1, many, of(rows)).event for rows in (79, 80)] == ["repeated", "reminded"]


def test_what_was_over_opens_anew() -> None:
    past = over(seen(0), "run 1", at(1))
    assert (past.event, past.title, past.opened_at, past.recorded_at) == ("recovered", "stock is overdue", at(0), at(1))
    assert (seen(2, past).event, seen(2, past).opened_at) == ("opened", at(2))


def test_who_missed_it_is_kept_until_it_is_sent() -> None:
    missed = seen(0).missed_now(("slack",), "run 0", at(0))
    assert seen(1, missed).missed == ("slack",)
    assert seen(21, missed).missed == ()  # all are told
    assert over(missed, "run 1", at(1)).missed == ()


def test_the_newest_row_counts_and_critical_ones_stand_first(store: DeltaStore) -> None:
    assert known_incidents(store) == {}
    away = seen(3, None, Incident("run:night::69:1", CRITICAL, "night failed", "wait"))
    past = [over(seen(0, None, replace(LATE, key=key)), "run 1", at(1)) for key in ("told", "not told")]
    untold = past[1].missed_now(("slack",), "run 1", at(2))
    record_incidents(store, [seen(0), seen(5, seen(0)), away, *past, untold])
    assert known_incidents(store) == {"feed:stock:overdue": seen(5, seen(0)), "run:night::69:1": away, "not told": untold}
    assert [record.incident_key for record in open_incidents(store)] == ["run:night::69:1", "feed:stock:overdue"]

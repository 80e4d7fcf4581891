"""What is expected of a table, from its declaration and its past."""

from datetime import date

from lakehouse.checks import Check, checks, is_dated
from lakehouse.gold import daily_sales
from lakehouse.incident import CRITICAL, WARNING
from lakehouse.silver import categories, orders
from lakehouse.table import LONG, STRING, Column, Table

TABLE = Table("silver.shelves", "one shelf", ("shelf_id",), (Column("shelf_id", LONG, "id"), Column("hall", STRING, "hall")))
DAY = date(2026, 11, 16)


def bounds(rows_before: list[int]) -> dict[str, tuple[object, object, str]]:
    return {c.name: (c.low, c.high, c.severity) for c in checks(TABLE, DAY, rows_before) if c.kind == "rows"}


def test_a_table_must_have_rows_a_known_key_once_and_its_types() -> None:
    assert [(c.name, c.kind, c.severity) for c in checks(TABLE, DAY)] == [
        ("has_rows", "rows", CRITICAL),
        ("shelf_id_is_long", "type", CRITICAL),
        ("hall_is_string", "type", CRITICAL),
        ("shelf_id_is_known", "rule", CRITICAL),
        ("key_stands_once", "key", CRITICAL),
    ]


def test_a_table_that_may_be_empty_need_not_have_rows() -> None:
    assert "has_rows" not in {check.name for check in checks(categories.TABLE, DAY)}


def test_rows_are_held_between_half_and_three_times_the_median_and_alarm_beyond_five_deviations() -> None:
    # Median 2,000; absolute deviations 200, 100, 0, 100, 300: median 100, so 5 x 1.4826 x 100 = 741.3.
    assert bounds([1_800, 1_900, 2_000, 2_100, 2_300]) == {
        "has_rows": (1, None, CRITICAL),
        "volume_is_possible": (1_000, 6_000, CRITICAL),
        "volume_is_usual": (1_259, 2_741, WARNING),
    }


def test_a_table_that_never_changed_alarms_from_a_twentieth_on() -> None:
    assert bounds([2_000] * 5)["volume_is_usual"] == (1_900, 2_100, WARNING)


def test_the_past_says_nothing_of_small_tables_or_of_fewer_than_five_runs() -> None:
    assert list(bounds([1_000] * 9)) == ["has_rows"]
    assert list(bounds([2_000] * 4)) == ["has_rows"]


def test_freshness_and_what_is_unusual_are_judged_against_the_run_date() -> None:
    fresh = next(check for check in checks(orders.TABLE, DAY) if check.kind == "freshness")
    assert (fresh.name, "DATE '2026-11-14'" in fresh.query, fresh.severity) == ("created_at_is_fresh", True, WARNING)
    unusual: list[Check] = [check for check in checks(daily_sales.TABLE, DAY) if check.kind == "unusual"]
    assert [check.name for check in unusual] == ["revenue_of_the_day_is_usual", "revenue_of_the_week_is_usual"]
    assert all("DATE '2026-11-16'" in check.query for check in unusual)
    assert (is_dated(orders.TABLE), is_dated(daily_sales.TABLE), is_dated(TABLE)) == (True, True, False)

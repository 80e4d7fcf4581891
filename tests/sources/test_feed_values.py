"""Text of vendors' files as typed values."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.sources import feed_values as v
from lakehouse.sources.feed_values import CLASSES, Parser, parse

ZONES = [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-9))]
COMMA = v.decimal(",", ".")


def one(text: str, parser: Parser, required: bool = True) -> tuple[Any, str]:
    found = parse(pa.array([text, "1"], pa.string()), parser, required)
    return found.values[0].as_py(), CLASSES[found.classes[0]]


@pytest.mark.parametrize(
    ("text", "parser", "expected"),
    [
        ("  12 ", v.integer(), 12),
        ("-7", v.integer(), -7),
        ("+7", v.integer(), 7),
        ("0012.50", v.decimal(), Decimal("12.50")),
        ("1.234,50", COMMA, Decimal("1234.50")),
        ("1234,5", COMMA, Decimal("1234.5")),
        ("1.234", COMMA, Decimal("1234")),
        ("12,5", v.decimal(","), Decimal("12.5")),
        ("1.250", COMMA, Decimal("1250")),
        ("0,125", COMMA, Decimal("0.125")),
        ("31.12.9999", v.last_day(v.POINT_DATE), None),
        ("9999-12-31", v.last_day(v.ISO_DATE), None),
        ("00.00.0000", v.last_day(v.POINT_DATE), None),
        ("31.12.2199", v.last_day(v.POINT_DATE), date(2199, 12, 31)),
        ("nl", v.country(), "NL"),
        ("paid", v.one_of("placed", "paid"), "paid"),
        ("0", v.flag(), False),
        ("2024-02-29", v.date(v.ISO_DATE), date(2024, 2, 29)),
        ("1.3.2026", v.date(v.POINT_DATE), date(2026, 3, 1)),
        ("31/12/2026", v.date(v.SLASH_DATE), date(2026, 12, 31)),
        ("2026-11-17T21:05:00Z", v.timestamp(), datetime(2026, 11, 17, 21, 5, tzinfo=UTC)),
        ("2026-11-17 21:05", v.timestamp(), datetime(2026, 11, 17, 21, 5, tzinfo=UTC)),
        ("2026-11-17T21:05:00.25+05:30", v.timestamp(), datetime(2026, 11, 17, 15, 35, 0, 250000, tzinfo=UTC)),
        ("2026-01-01T00:30:00-01:00", v.timestamp(), datetime(2026, 1, 1, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_good_value(text: str, parser: Parser, expected: object) -> None:
    assert one(text, parser) == (expected, "")


@pytest.mark.parametrize(
    ("text", "parser", "expected"),
    [
        ("", v.integer(), "empty"),
        (" ", v.text(), "empty"),
        ("12.0", v.integer(), "not_a_number"),
        ("1" * 19, v.integer(), "out_of_range"),
        ("1e15", v.decimal(), "not_a_number"),
        ("1000000000000000", v.decimal(), "out_of_range"),
        ("12,5", v.decimal(), "not_a_number"),
        ("1.23,5", COMMA, "not_a_number"),
        ("1,234.50", COMMA, "not_a_number"),
        ("12.5", v.decimal(","), "not_a_number"),
        ("0.125", COMMA, "not_a_number"),
        ("-0.500", COMMA, "not_a_number"),
        ("31.12.9999", v.date(v.POINT_DATE), "not_a_date"),
        ("31.02.9999", v.last_day(v.POINT_DATE), "not_a_date"),
        ("00.12.2026", v.last_day(v.POINT_DATE), "not_a_date"),
        ("31.12.1899", v.last_day(v.POINT_DATE), "not_a_date"),
        ("NaN", v.decimal(), "not_a_number"),
        ("\u0661\u0662", v.integer(), "not_a_number"),
        ("NLD", v.country(), "not_in_list"),
        ("yes", v.flag(), "not_in_list"),
        ("2026-02-29", v.date(v.ISO_DATE), "not_a_date"),
        ("2026-13-01", v.date(v.ISO_DATE), "not_a_date"),
        ("17.11.2026", v.timestamp(), "not_a_date"),
        ("2026-11-17", v.timestamp(), "not_a_date"),
        ("2026-11-17T25:00:00Z", v.timestamp(), "not_a_date"),
        ("1763413500", v.timestamp(), "not_a_date"),
        ("0000-00-00 00:00:00", v.timestamp(), "not_a_date"),
        ("x" * 11, v.text(10), "too_long"),
        ("K\U000f00e4se", v.text(), "bad_encoding"),
        ("a\x00b", v.text(), "bad_encoding"),
    ],
)
def test_what_is_none_has_a_class_and_no_value(text: str, parser: Parser, expected: str) -> None:
    assert one(text, parser) == (None, expected)


def test_what_may_be_empty_is_null_and_good() -> None:
    assert one("", v.timestamp(), required=False) == (None, "")


@settings(max_examples=300, deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.sampled_from(ZONES)))
def test_any_moment_written_as_iso_comes_back(moment: datetime) -> None:
    assert one(moment.isoformat(), v.timestamp())[0] == moment


@settings(max_examples=300, deadline=None)
@given(st.decimals(-(10**12) + 1, 10**12 - 1, places=8, allow_nan=False))
def test_any_amount_comes_back(amount: Decimal) -> None:
    assert one(f"{amount:f}", v.decimal()) == (amount, "")
    german = f"{amount:,.8f}".translate(str.maketrans(",.", ".,"))
    assert one(german, COMMA) == (amount, "")


@pytest.mark.parametrize("text", ["2026-11-17 21:05:00+00", "20261117T210500Z", "2026-11-17t21:05:00z", "2026-11-17 23:05:00+02"])
def test_a_moment_may_be_written_in_any_way_of_iso_8601(text: str) -> None:
    assert one(text, v.timestamp()) == (datetime(2026, 11, 17, 21, 5, tzinfo=UTC), "")


def test_a_fraction_is_from_0_to_1() -> None:
    assert one("0.05", v.fraction()) == (Decimal("0.050000"), "")
    assert [one(text, v.fraction())[1] for text in ("5", "-0.1", "5%")] == ["out_of_range", "out_of_range", "not_a_number"]


def test_without_a_thousands_sign_a_point_is_none_where_a_comma_is_expected() -> None:
    assert one("12.500", v.decimal(","))[1] == "not_a_number"


def repaired(text: str, parser: Parser) -> tuple[Any, str, dict[str, int]]:
    found = parse(pa.array([text, "1"], pa.string()), parser, True)
    return found.values[0].as_py(), CLASSES[found.classes[0]], dict(found.repaired)


@pytest.mark.parametrize(
    ("text", "parser", "expected"),
    [
        ('="0871"', v.text(), ("0871", "", {"as_text": 1})),
        ("'0871", v.text(), ("0871", "", {"as_text": 1})),
        ("'12,50", v.decimal(","), (Decimal("12.50"), "", {"as_text": 1})),
        # The text's own.
        ("'t Gooi", v.text(), ("'t Gooi", "", {})),
        ("a='b'", v.text(), ("a='b'", "", {})),
        # 46,000 days after 1899-12-30; a smaller number may be something else.
        ("46000", v.date(v.POINT_DATE), (date(2025, 12, 9), "", {"as_dates": 1})),
        ("46000", v.last_day(v.ISO_DATE), (date(2025, 12, 9), "", {"as_dates": 1})),
        ("20261", v.date(v.ISO_DATE), (None, "not_a_date", {})),
        ("99999", v.date(v.ISO_DATE), (None, "not_a_date", {})),
        # 45,321 days after it are 30 January 2024; the part of a day is its time, UTC. 21:05 is 0.878472... of a day, and 0.88 is rounded.
        ("45321.5", v.timestamp(), (datetime(2024, 1, 30, 12, tzinfo=UTC), "", {"as_dates": 1})),
        ("45321,25", v.timestamp(), (datetime(2024, 1, 30, 6, tzinfo=UTC), "", {"as_dates": 1})),
        ("45321.87847", v.timestamp(), (datetime(2024, 1, 30, 21, 5, tzinfo=UTC), "", {"as_dates": 1})),
        ("45321", v.timestamp(), (datetime(2024, 1, 30, tzinfo=UTC), "", {"as_dates": 1})),
        ("45321.88", v.timestamp(), (None, "not_a_date", {})),
        ("45321.0", v.date(v.ISO_DATE), (date(2024, 1, 30), "", {"as_dates": 1})),
        ("45321.5", v.date(v.ISO_DATE), (None, "not_a_date", {})),
        # A day with a time that says nothing, and one with a time.
        ("01.11.2026 00:00:00", v.date(v.POINT_DATE), (date(2026, 11, 1), "", {"midnight": 1})),
        ("2026-11-01T00:00", v.date(v.ISO_DATE), (date(2026, 11, 1), "", {"midnight": 1})),
        ("31.12.9999 0:00:00", v.last_day(v.POINT_DATE), (None, "", {"midnight": 1})),
        ("31.02.2026 00:00:00", v.date(v.POINT_DATE), (None, "not_a_date", {})),
        ("01.11.2026 12:30:00", v.date(v.POINT_DATE), (None, "not_a_date", {})),
        # Digits that are lost can't be had back.
        ("2958465", v.last_day(v.POINT_DATE), (None, "", {"as_dates": 1})),  # 31.12.9999
        ("2958465", v.date(v.POINT_DATE), (None, "not_a_date", {})),
        ("'0123'", v.text(), ("0123", "", {"as_text": 1})),
        ("’0044", v.text(), ("0044", "", {"as_text": 1})),
        ("'2026-11-17T21:05:00Z", v.timestamp(), (datetime(2026, 11, 17, 21, 5, tzinfo=UTC), "", {"as_text": 1})),
        ("8.71e+12", v.text(), (None, "rounded_by_spreadsheet", {})),
        ("8.71E+12", v.text(), (None, "rounded_by_spreadsheet", {})),
        ("8,71E+12", v.integer(), (None, "rounded_by_spreadsheet", {})),
        ("AE+12", v.text(), ("AE+12", "", {})),
    ],
)
def test_what_a_spreadsheet_did_is_undone_where_that_is_no_guess(
    text: str, parser: Parser, expected: tuple[Any, str, dict[str, int]]
) -> None:
    assert repaired(text, parser) == expected

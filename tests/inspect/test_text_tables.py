"""Rows for people and for programs."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from lakehouse.inspect.text_tables import RowFormat, as_rows

NAMES = ["name", "at", "day", "amount"]
KNOWN: list[Any] = ["tea, green", datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC), date(2026, 11, 2), Decimal("1.50")]
ROWS: list[list[Any]] = [KNOWN, [None] * 4]


def test_a_table_is_padded_to_its_widest_values() -> None:
    assert as_rows(NAMES, ROWS, RowFormat.TABLE).split("\n") == [
        "name        at                    day         amount",
        "tea, green  2026-11-02T03:04:05Z  2026-11-02  1.50",
        "",
    ]


def test_csv_has_a_header_and_quotes_what_needs_it() -> None:
    assert as_rows(NAMES, ROWS, RowFormat.CSV).splitlines() == [
        "name,at,day,amount",
        '"tea, green",2026-11-02T03:04:05Z,2026-11-02,1.50',
        ",,,",
    ]


def test_json_has_one_object_a_line_and_keeps_what_is_not_known() -> None:
    assert as_rows(NAMES, ROWS, RowFormat.JSON).splitlines() == [
        '{"name": "tea, green", "at": "2026-11-02T03:04:05Z", "day": "2026-11-02", "amount": "1.50"}',
        '{"name": null, "at": null, "day": null, "amount": null}',
    ]
    assert as_rows(NAMES, [], RowFormat.JSON) == ""


def test_a_decimal_is_written_without_an_exponent() -> None:
    assert as_rows(["amount"], [[Decimal("0E-8")], [Decimal("1E+2")]], RowFormat.CSV).splitlines() == ["amount", "0.00000000", "100"]

"""Text of vendors' files → typed values, a column at a time; what is no such value gets a class, never a guess."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.sources.spreadsheets import AS_DATES, AS_TEXT, is_rounded, serial_days, unwrapped

GOOD, EMPTY, NOT_A_NUMBER, NOT_A_DATE, NOT_IN_LIST, TOO_LONG, OUT_OF_RANGE, BAD_ENCODING, ROUNDED = range(9)
CLASSES = ("", "empty", "not_a_number", "not_a_date", "not_in_list", "too_long", "out_of_range", "bad_encoding", "rounded_by_spreadsheet")
# What text_files made of bytes that are no text, and characters that no text has.
NO_TEXT = "[\U000f0000-\U000f00ff\\x00\ufffd]"
# The usual timestamp, and what its digits add to year, month, day, hour, minute and second.
LAYOUT = "0000-00-00T00:00:00Z"
PLACES = np.zeros((14, 6), dtype=np.int64)
PLACES[:4, 0] = 1000, 100, 10, 1
for _part in range(1, 6):
    PLACES[2 + 2 * _part : 4 + 2 * _part, _part] = 10, 1
MICROSECONDS = np.array([3_600_000_000, 60_000_000, 1_000_000, 1])

# Values of a column without white space around them → the values, null where there are none, and a class for each.
Reading = Callable[[pa.Array], tuple[pa.Array, np.ndarray]]


@dataclass(frozen=True)
class Parser:
    """`expects` and `example` are for people: what should stand there. `is_date`: a spreadsheet may have made numbers of its values."""

    read: Reading
    expects: str
    example: str
    is_date: bool = False


@dataclass(frozen=True)
class Parsed:
    """`values` is null where `classes` (numbers of CLASSES) is not GOOD, or nothing stood there.

    `repaired`: kind (spreadsheets.TOLD) → how many values a spreadsheet had changed in a way that was undone.
    """

    values: pa.Array
    classes: np.ndarray
    repaired: Mapping[str, int] = field(default_factory=dict)


def parse(text: pa.Array, parser: Parser, required: bool) -> Parsed:
    trimmed, in_quotes = unwrapped(pc.utf8_trim_whitespace(text))
    is_empty = _mask(pc.equal(pc.binary_length(trimmed), 0))
    no_text = _mask(pc.match_substring_regex(trimmed, NO_TEXT)) if _may_be_no_text(trimmed) else np.zeros(len(text), dtype=bool)
    values, classes = parser.read(trimmed)
    days = 0
    if parser.is_date and (classes == NOT_A_DATE).any():
        values, classes, days = _with_serials(trimmed, values, classes)
    if (rounded := is_rounded(trimmed)) is not None:
        classes = np.where(rounded, ROUNDED, classes)
    classes = np.where(is_empty, EMPTY if required else GOOD, np.where(no_text, BAD_ENCODING, classes)).astype(np.int8)
    repaired = {kind: number for kind, number in ((AS_TEXT, in_quotes), (AS_DATES, days)) if number}
    return Parsed(pc.if_else(pa.array((classes == GOOD) & ~is_empty), values, None), classes, repaired)


def _with_serials(given: pa.Array, values: pa.Array, classes: np.ndarray) -> tuple[pa.Array, np.ndarray, int]:
    """Days that a spreadsheet counted are dates; and how many there are."""
    days = serial_days(given)
    found = (classes == NOT_A_DATE) & ~np.isnat(days)
    dates = pa.array(days.astype("datetime64[D]"), pa.date32(), mask=np.isnat(days))
    return pc.if_else(pa.array(found), dates, values), np.where(found, GOOD, classes), int(found.sum())


def _may_be_no_text(values: pa.Array) -> bool:
    """Whether bytes are there with which NO_TEXT begins in UTF-8: cheaper than to look at each value."""
    data = np.frombuffer(values.buffers()[2] or b"", dtype=np.uint8)
    return bool(((data == 0x00) | (data == 0xF3) | (data == 0xEF)).any())


def text(longest: int = 1000, example: str = "text") -> Parser:
    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return given, np.where(_mask(pc.greater(pc.utf8_length(given), longest)), TOO_LONG, GOOD)

    return Parser(of, f"text of at most {longest:,} characters", example)


def one_of(*allowed: str) -> Parser:
    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return given, np.where(_mask(pc.is_in(given, pa.array(allowed, pa.string()))), GOOD, NOT_IN_LIST)

    return Parser(of, f"one of: {', '.join(allowed)}", allowed[0])


def code(pattern: str, expects: str, example: str) -> Parser:
    """Text of one shape, as ISO codes: in capitals whatever it was."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        upper = pc.utf8_upper(given)
        return upper, np.where(_mask(pc.match_substring_regex(upper, f"^(?:{pattern})$")), GOOD, NOT_IN_LIST)

    return Parser(of, expects, example)


def country() -> Parser:
    return code("[A-Z]{2}", "the two letters of a country (ISO 3166-1)", "NL")


def currency() -> Parser:
    return code("[A-Z]{3}", "the three letters of a currency (ISO 4217)", "EUR")


def integer() -> Parser:
    """Up to 18 digits."""
    return Parser(lambda given: _numbers(given, "^[+-]?[0-9]+$", 18, pa.int64()), "a whole number, digits only", "12")


def decimal(mark: str = ".", thousands: str = "", digits: int = 12, precision: int = 26, scale: int = 8, example: str = "12.50") -> Parser:
    """Numbers with up to `digits` digits before the mark and `scale` after it. Where there is a thousands sign it stands right or not
    at all, and never after a lone zero: 0.125 is no number where the decimal mark is a comma. `example` has a point, whatever the mark."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        plain = given
        if thousands:
            grouped = _mask(pc.match_substring_regex(given, rf"^[+-]?[1-9][0-9]{{0,2}}(?:\{thousands}[0-9]{{3}})+(?:\{mark}[0-9]+)?$"))
            plain = pc.if_else(pa.array(grouped), pc.replace_substring(given, thousands, ""), given)
        if mark != ".":
            foreign = _mask(pc.match_substring(plain, "."))
            plain = pc.if_else(pa.array(foreign), "not a number", pc.replace_substring(plain, mark, "."))
        return _numbers(plain, rf"^[+-]?[0-9]+(?:\.[0-9]{{1,{scale}}})?$", digits, pa.decimal128(precision, scale))

    signs = f"a number with a decimal {'comma' if mark == ',' else 'point'}" + ("" if thousands else " and no sign for thousands")
    return Parser(of, f"{signs}, at most {digits} digits before it and {scale} after it", example.replace(".", mark))


def fraction() -> Parser:
    """Shares from 0 to 1."""
    number = decimal(digits=3, precision=9, scale=6)

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        values, classes = number.read(given)
        fits = _mask(pc.and_(pc.greater_equal(values, pa.scalar(0)), pc.less_equal(values, pa.scalar(1))))
        return values, np.where((classes == GOOD) & ~fits, OUT_OF_RANGE, classes)

    return Parser(of, "a fraction with a decimal point: 0.05 for 5 percent", "0.05")


def flag() -> Parser:
    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return pc.equal(given, "1"), np.where(_mask(pc.is_in(given, pa.array(["0", "1"]))), GOOD, NOT_IN_LIST)

    return Parser(of, "1 for yes or 0 for no", "1")


def date(shape: "Shape") -> Parser:
    """Years 1900 to 2199."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        year, month, day = _numbered(pc.extract_regex(given, f"^{shape.pattern}$"), ("y", "m", "d"))
        days, good = _days(year, month, day)
        return pa.array(days.astype("datetime64[D]"), pa.date32()), np.where(good, GOOD, NOT_A_DATE)

    return Parser(of, f"a date written as {shape.written}", shape.example, is_date=True)


def last_day(shape: "Shape") -> Parser:
    """As `date`; null for what ERP systems write where there is no end: days from 2200 on (31.12.9999) and 00.00.0000."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        year, month, day = _numbered(pc.extract_regex(given, f"^{shape.pattern}$"), ("y", "m", "d"))
        days, good = _days(year, month, day, last_year=9999)
        is_open = (good & (year >= 2200)) | ((year == 0) & (month == 0) & (day == 0))
        return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=is_open), np.where(good | is_open, GOOD, NOT_A_DATE)

    return Parser(of, f"a date written as {shape.written}; nothing where there is no end", shape.example, is_date=True)


class Shape(NamedTuple):
    """A regular expression with groups y, m and d, how people say it, and a date written so."""

    pattern: str
    written: str
    example: str


ISO_DATE = Shape(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})", "year-month-day", "2026-11-17")
POINT_DATE = Shape(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})", "day.month.year", "17.11.2026")
SLASH_DATE = Shape(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})", "day/month/year", "17/11/2026")
# With or without signs between, as ISO 8601 has it, and with zones as PostgreSQL writes them (+02).
ISO_TIME = (
    r"(?P<y>[0-9]{4})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})"
    r"(?:[Tt ](?P<H>[0-9]{2}):?(?P<M>[0-9]{2})(?::?(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?)"
    r"(?:[Zz]|(?P<zs>[+-])(?P<zh>[0-9]{2})(?::?(?P<zm>[0-9]{2}))?)?"
)


def timestamp() -> Parser:
    return Parser(_timestamps, "date and time written as year-month-day, T, hour:minute:second, Z (UTC)", "2026-11-17T21:05:00Z")


def _timestamps(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """ISO 8601 with date and time; a missing zone is UTC, another one is counted back to it. Microseconds, the rest is cut off."""
    plain, moments, good = _plain_timestamps(given)
    if plain.all():
        return _as_timestamps(moments), np.where(good, GOOD, NOT_A_DATE)
    others = given.filter(pa.array(~plain))
    moments[~plain], good[~plain] = _any_timestamps(others)
    return _as_timestamps(moments), np.where(good, GOOD, NOT_A_DATE)


def _as_timestamps(moments: np.ndarray) -> pa.Array:
    return pa.array(moments.astype("datetime64[us]"), pa.timestamp("us", "UTC"))


def _plain_timestamps(given: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(whether it is written as 2026-11-17T21:05:00Z, as nearly all are, microseconds, whether there is such a moment), from bytes."""
    offsets = np.frombuffer(given.buffers()[1], dtype=np.int32)[given.offset : given.offset + len(given) + 1]
    plain = np.diff(offsets) == len(LAYOUT)
    if not plain.any():
        return plain, np.zeros(len(given), dtype=np.int64), plain.copy()
    data = np.frombuffer(given.buffers()[2], dtype=np.uint8)
    at = offsets[:-1][plain]
    whole = data[at[0] : at[0] + len(at) * len(LAYOUT)] if plain.all() else data[(at[:, None] + np.arange(len(LAYOUT))).reshape(-1)]
    bytes_ = whole.reshape(-1, len(LAYOUT))
    digits = bytes_.astype(np.int64) - ord("0")
    is_digit = np.array([mark == "0" for mark in LAYOUT])
    marks = np.array([ord(mark) for mark in LAYOUT], dtype=np.uint8)
    shaped = ((digits[:, is_digit] >= 0) & (digits[:, is_digit] <= 9)).all(axis=1) & (bytes_[:, ~is_digit] == marks[~is_digit]).all(axis=1)
    n = digits[:, is_digit] @ PLACES
    days, good = _days(n[:, 0], n[:, 1], n[:, 2])
    moments, found = np.zeros(len(given), dtype=np.int64), np.zeros(len(given), dtype=bool)
    moments[plain] = days * 86_400_000_000 + n[:, 3:] @ MICROSECONDS[:3]
    found[plain] = shaped & good & (n[:, 3] < 24) & (n[:, 4] < 60) & (n[:, 5] < 60)
    plain[plain] = shaped
    return plain, moments, found


def _any_timestamps(given: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    fields = pc.extract_regex(given, f"^{ISO_TIME}$")
    year, month, day, hour, minute, second, zone_hour, zone_minute = _numbered(fields, ("y", "m", "d", "H", "M", "S", "zh", "zm"))
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(pc.struct_field(fields, "f"), ""), 6, "0"), 0, 6)
    sign = np.where(_mask(pc.equal(pc.struct_field(fields, "zs"), "-")), -1, 1)
    days, good = _days(year, month, day)
    good = good & (hour < 24) & (minute < 60) & (second < 60) & (zone_hour < 15) & (zone_minute < 60)
    clock = np.stack([hour - sign * zone_hour, minute - sign * zone_minute, second, _number(fraction)], axis=1) @ MICROSECONDS
    return days * 86_400_000_000 + clock, good


def _numbers(given: pa.Array, shape: str, digits: int, type_: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    is_number = _mask(pc.match_substring_regex(given, shape))
    fits = _mask(pc.match_substring_regex(given, rf"^[+-]?0*[0-9]{{1,{digits}}}(?:\.|$)"))
    plain = pc.replace_substring_regex(pc.if_else(pa.array(is_number & fits), given, None), r"^\+", "")
    return pc.cast(plain, type_), np.where(is_number, np.where(fits, GOOD, OUT_OF_RANGE), NOT_A_NUMBER)


def _numbered(found: pa.Array, names: tuple[str, ...]) -> list[np.ndarray]:
    """Of each value the numbers of the groups; -1 everywhere where the shape is another one, 0 where only a group is missing."""
    missing = _mask(pc.is_null(found))
    return [np.where(missing, -1, _number(pc.struct_field(found, name))) for name in names]


def _number(digits: pa.Array) -> np.ndarray:
    present = pc.if_else(pc.equal(pc.binary_length(digits), 0), "0", digits)
    return pc.fill_null(pc.cast(present, pa.int64()), 0).to_numpy(zero_copy_only=False)


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray, last_year: int = 2199) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, and whether there is such a day."""
    good = (year >= 1900) & (year <= last_year) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + np.where(good, day - 1, 0)
    return days, good & (days.astype("datetime64[D]").astype("datetime64[M]") == months)


def _mask(values: pa.Array) -> np.ndarray:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)

"""Text of vendors' files → typed values, a column at a time; what is no such value gets a class, never a guess."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.sources.feed_times import days_since_1970, mask, numbered, timestamps
from lakehouse.sources.spreadsheets import (
    AS_DATES,
    AS_TEXT,
    MIDNIGHT,
    OPEN_END,
    is_failed,
    is_rounded,
    serial_moments,
    unwrapped,
    without_midnight,
)

GOOD, EMPTY, NOT_A_NUMBER, NOT_A_DATE, NOT_IN_LIST, TOO_LONG, OUT_OF_RANGE, BAD_ENCODING, ROUNDED, FAILED = range(10)
CLASSES = (
    "",
    "empty",
    "not_a_number",
    "not_a_date",
    "not_in_list",
    "too_long",
    "out_of_range",
    "bad_encoding",
    "rounded_by_spreadsheet",
    "failed_in_spreadsheet",
)
# What text_files made of bytes that are no text, and characters that no text has.
NO_TEXT = "[\U000f0000-\U000f00ff\\x00\ufffd]"
# Values of a column without white space around them → the values, null where there are none, and a class for each.
Reading = Callable[[pa.Array], tuple[pa.Array, np.ndarray]]


@dataclass(frozen=True)
class Parser:
    """`expects` and `example` are for people: what should stand there. `is_date`, `is_time`: days, or moments, of which a spreadsheet may
    have made numbers. `has_thousands`: a point stands between thousands. `has_open_end`: a day that never comes is none."""

    read: Reading
    expects: str
    example: str
    is_date: bool = False
    is_time: bool = False
    has_thousands: bool = False
    has_open_end: bool = False


@dataclass(frozen=True)
class Parsed:
    """`values` is null where `classes` (numbers of CLASSES) is not GOOD, or nothing stood there.

    `repaired`: kind (spreadsheets.TOLD) → how many values a spreadsheet had changed in a way that was undone.
    """

    values: pa.Array
    classes: np.ndarray
    repaired: Mapping[str, int] = field(default_factory=dict)


def parse(text: pa.Array, parser: Parser, required: bool) -> Parsed:
    """A column of text as typed values, with a class for each value that is none. `required`: an empty text is wrong."""
    trimmed, in_quotes = unwrapped(pc.utf8_trim_whitespace(text))
    is_empty = mask(pc.equal(pc.binary_length(trimmed), 0))
    no_text = mask(pc.match_substring_regex(trimmed, NO_TEXT)) if _may_be_no_text(trimmed) else np.zeros(len(text), dtype=bool)
    values, classes = parser.read(trimmed)
    days = midnights = 0
    if (parser.is_date or parser.is_time) and (classes == NOT_A_DATE).any():
        values, classes, midnights = _without_midnight(trimmed, values, classes, parser) if parser.is_date else (values, classes, 0)
        values, classes, days = _with_serials(trimmed, values, classes, parser)
    if (rounded := is_rounded(trimmed)) is not None:
        classes = np.where(rounded, ROUNDED, classes)
    if (failed := is_failed(trimmed)) is not None:
        classes = np.where(failed, FAILED, classes)
    classes = np.where(is_empty, EMPTY if required else GOOD, np.where(no_text, BAD_ENCODING, classes)).astype(np.int8)
    repaired = {kind: number for kind, number in ((AS_TEXT, in_quotes), (AS_DATES, days), (MIDNIGHT, midnights)) if number}
    return Parsed(pc.if_else(pa.array((classes == GOOD) & ~is_empty), values, None), classes, repaired)


def _without_midnight(given: pa.Array, values: pa.Array, classes: np.ndarray, parser: Parser) -> tuple[pa.Array, np.ndarray, int]:
    """Dates that have a time of 00:00:00 behind them are dates; and how many there are."""
    plain = without_midnight(given)
    found = (classes == NOT_A_DATE) & mask(pc.not_equal(plain, given))
    if not found.any():
        return values, classes, 0
    dates, again = parser.read(plain)
    undone = found & (again == GOOD)
    return pc.if_else(pa.array(undone), dates, values), np.where(undone, GOOD, classes), int(undone.sum())


def _with_serials(given: pa.Array, values: pa.Array, classes: np.ndarray, parser: Parser) -> tuple[pa.Array, np.ndarray, int]:
    """Days that a spreadsheet counted are dates, and moments are moments, UTC; and how many there are. A day has no time."""
    moments = serial_moments(given)
    days = moments.astype("datetime64[D]")
    found = (classes == NOT_A_DATE) & ~np.isnat(moments) & (parser.is_time | (moments == days))
    type_ = pa.timestamp("us", "UTC") if parser.is_time else pa.date32()
    counted = pa.array(moments.astype("datetime64[us]") if parser.is_time else days, type_, mask=np.isnat(moments))
    is_open = (classes == NOT_A_DATE) & mask(pc.equal(given, OPEN_END)) & parser.has_open_end
    undone = found | is_open
    return pc.if_else(pa.array(undone), counted, values), np.where(undone, GOOD, classes), int(undone.sum())


def _may_be_no_text(values: pa.Array) -> bool:
    """Whether bytes are there with which NO_TEXT begins in UTF-8: cheaper than to look at each value."""
    data = np.frombuffer(values.buffers()[2] or b"", dtype=np.uint8)
    return bool(((data == 0x00) | (data == 0xF3) | (data == 0xEF)).any())


def text(longest: int = 1000, example: str = "text") -> Parser:
    """Any text of at most so many characters."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return given, np.where(mask(pc.greater(pc.utf8_length(given), longest)), TOO_LONG, GOOD)

    return Parser(of, f"text of at most {longest:,} characters", example)


def one_of(*allowed: str) -> Parser:
    """One of these words, written exactly so."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return given, np.where(mask(pc.is_in(given, pa.array(allowed, pa.string()))), GOOD, NOT_IN_LIST)

    return Parser(of, f"one of: {', '.join(allowed)}", allowed[0])


def code(pattern: str, expects: str, example: str) -> Parser:
    """Text of one shape, as ISO codes: in capitals whatever it was."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        upper = pc.utf8_upper(given)
        return upper, np.where(mask(pc.match_substring_regex(upper, f"^(?:{pattern})$")), GOOD, NOT_IN_LIST)

    return Parser(of, expects, example)


def country() -> Parser:
    """ISO 3166-1 alpha-2, in capitals."""
    return code("[A-Z]{2}", "the two letters of a country (ISO 3166-1)", "NL")


def currency() -> Parser:
    """ISO 4217, in capitals."""
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
            grouped = mask(pc.match_substring_regex(given, rf"^[+-]?[1-9][0-9]{{0,2}}(?:\{thousands}[0-9]{{3}})+(?:\{mark}[0-9]+)?$"))
            plain = pc.if_else(pa.array(grouped), pc.replace_substring(given, thousands, ""), given)
        if mark != ".":
            foreign = mask(pc.match_substring(plain, "."))
            plain = pc.if_else(pa.array(foreign), "not a number", pc.replace_substring(plain, mark, "."))
        return _numbers(plain, rf"^[+-]?[0-9]+(?:\.[0-9]{{1,{scale}}})?$", digits, pa.decimal128(precision, scale))

    signs = f"a number with a decimal {'comma' if mark == ',' else 'point'}" + ("" if thousands else " and no sign for thousands")
    return Parser(
        of, f"{signs}, at most {digits} digits before it and {scale} after it", example.replace(".", mark), has_thousands=thousands == "."
    )


def fraction() -> Parser:
    """Shares from 0 to 1."""
    number = decimal(digits=3, precision=9, scale=6)

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        values, classes = number.read(given)
        fits = mask(pc.and_(pc.greater_equal(values, pa.scalar(0)), pc.less_equal(values, pa.scalar(1))))
        return values, np.where((classes == GOOD) & ~fits, OUT_OF_RANGE, classes)

    return Parser(of, "a fraction with a decimal point: 0.05 for 5 percent", "0.05")


def flag() -> Parser:
    """Boolean, written as 1 or 0."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        return pc.equal(given, "1"), np.where(mask(pc.is_in(given, pa.array(["0", "1"]))), GOOD, NOT_IN_LIST)

    return Parser(of, "1 for yes or 0 for no", "1")


def date(shape: "Shape") -> Parser:
    """Years 1900 to 2199."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        year, month, day = numbered(pc.extract_regex(given, f"^{shape.pattern}$"), ("y", "m", "d"))
        days, good = days_since_1970(year, month, day)
        return pa.array(days.astype("datetime64[D]"), pa.date32()), np.where(good, GOOD, NOT_A_DATE)

    return Parser(of, f"a date written as {shape.written}", shape.example, is_date=True)


def last_day(shape: "Shape") -> Parser:
    """As `date`; null for what ERP systems write where there is no end: days from 2200 on (31.12.9999) and 00.00.0000."""

    def of(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
        year, month, day = numbered(pc.extract_regex(given, f"^{shape.pattern}$"), ("y", "m", "d"))
        days, good = days_since_1970(year, month, day, last_year=9999)
        is_open = (good & (year >= 2200)) | ((year == 0) & (month == 0) & (day == 0))
        return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=is_open), np.where(good | is_open, GOOD, NOT_A_DATE)

    return Parser(of, f"a date written as {shape.written}; nothing where there is no end", shape.example, is_date=True, has_open_end=True)


class Shape(NamedTuple):
    """A regular expression with groups y, m and d, how people say it, and a date written so."""

    pattern: str
    written: str
    example: str


ISO_DATE = Shape(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})", "year-month-day", "2026-11-17")
POINT_DATE = Shape(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})", "day.month.year", "17.11.2026")
SLASH_DATE = Shape(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})", "day/month/year", "17/11/2026")


def timestamp() -> Parser:
    """A moment in UTC, with microseconds."""
    written = "date and time written as year-month-day, T, hour:minute:second, Z (UTC)"
    return Parser(_timestamps, written, "2026-11-17T21:05:00Z", is_time=True)


def _timestamps(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
    values, good = timestamps(given)
    return values, np.where(good, GOOD, NOT_A_DATE)


def _numbers(given: pa.Array, shape: str, digits: int, type_: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    is_number = mask(pc.match_substring_regex(given, shape))
    fits = mask(pc.match_substring_regex(given, rf"^[+-]?0*[0-9]{{1,{digits}}}(?:\.|$)"))
    plain = pc.replace_substring_regex(pc.if_else(pa.array(is_number & fits), given, None), r"^\+", "")
    return pc.cast(plain, type_), np.where(is_number, np.where(fits, GOOD, OUT_OF_RANGE), NOT_A_NUMBER)

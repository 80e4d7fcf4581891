"""What a spreadsheet does to a list that somebody opens and saves, and what of it can be undone without a guess."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Kinds of repairs, for people.
AS_TEXT, AS_DATES, LOST_ZEROS, MIDNIGHT = "as_text", "as_dates", "lost_zeros", "midnight"
TOTALS, EMPTY_ROWS, NARROWED, FILLED, CENTRAL_EUROPEAN = "totals", "empty_rows", "narrowed", "filled", "central_european"
TOLD = {
    AS_TEXT: "stood in quotes after an equals sign, or behind an apostrophe, which keep a spreadsheet from changing them",
    AS_DATES: "were the days that a spreadsheet counts from 1900, in place of dates",
    MIDNIGHT: "had midnight behind the date",
    LOST_ZEROS: "had lost the zeros that they begin with in the list before",
}
# The same of rows and of the file.
TOLD_OF_FILES = {
    TOTALS: "Lines of totals at the end were left out.",
    EMPTY_ROWS: "Rows in which no field holds anything were left out.",
    NARROWED: "Rows ended with empty fields beyond the last column, and we left these out.",
    FILLED: "Rows ended before the last column, and we took the columns that they lack for empty.",
    CENTRAL_EUROPEAN: "The file was saved in Windows-1250 (Central European), and we read it so.",
}
# What a line of totals begins with, in the languages of senders.
_WORDS = (
    "total(?:e|es|en|s)?|totaal|(?:end|zwischen)?summe|gesamt(?:summe|bestand|betrag)?|insgesamt|suma?|razem|somme|celkem|összesen|итого|всего|∑"
    "|mwst|ust|btw|vat|iva|tva|netto|brutto"
)
TOTAL = re.compile(rf"(?:grand |sub)?(?:{_WORDS})(?:\W.*)?", re.IGNORECASE)
# All values of a column have a point and three digits after it, where that sign stands between thousands: 1.250 is 1250.
POINTED, POINTED_ROWS = r"^[+-]?[0-9]{1,3}\.[0-9]{3}$", 3
# ="0123" and '0123. An apostrophe before anything but digits may be the text's own, as in 't Gooi.
WRAPPED, QUOTED = r'^="([^"]*)"$', r"^['’]([0-9][0-9.,:/+TZ -]*)['’]?$"
# 8.71E+12 stands for a code of thirteen digits, of which nine are lost.
ROUNDED = r"^[+-]?[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{1,3}$"
# What stands in a cell whose formula failed, in English and German, or that was too narrow for its number.
FAILED = r"^#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|NV|WERT!|BEZUG!|ZAHL!|#{2,})$"
# Kinds of codes: numbers as a spreadsheet writes them, and those that it would have changed.
NUMBER, ZERO_FIRST = "number", "zero_first"
_CODES = {NUMBER: r"^[1-9][0-9]*$", ZERO_FIRST: r"^0[0-9]+$"}
# Days since 1899-12-30, from 2000 to 2099; smaller numbers may be something else. The time of day is a part of a day behind them: with
# five digits it is right to the second, and with fewer only where it is an eighth of a day, else it has been rounded.
PART = r"(?P<part>[0-9]{5,12}|0+|(?:5|[27]5|125|375|625|875)0*)"
SERIAL, FIRST_SERIAL, LAST_SERIAL = rf"^(?P<days>[0-9]{{5}})(?:[.,]{PART})?$", 36_526, 73_050
# What a spreadsheet adds to a day: no time of the day.
NO_TIME = r"[T ]+0?0:00(?::00(?:[.,]0+)?)?$"
EPOCH = np.datetime64("1899-12-30", "D")
# 31.12.9999, which means that there is no end.
OPEN_END = "2958465"


def unwrapped(values: pa.Array) -> tuple[pa.Array, int]:
    """The values without what protects them from a spreadsheet, and how many had it."""
    if not any(_has_byte(values, sign) for sign in (b"=", b"'", "’".encode())):
        return values, 0
    plain = pc.replace_substring_regex(pc.replace_substring_regex(values, WRAPPED, r"\1"), QUOTED, r"\1")
    return plain, int(pc.sum(pc.not_equal(plain, values)).as_py() or 0)


def is_rounded(values: pa.Array) -> np.ndarray | None:
    """Which values are codes or numbers whose last digits are lost; None: none of them."""
    return _matching(values, ROUNDED, b"+")


def is_failed(values: pa.Array) -> np.ndarray | None:
    """Which values are the word that a spreadsheet shows in place of one; None: none of them."""
    return _matching(values, FAILED, b"#")


def kinds_of_codes(values: pa.Array) -> set[str]:
    """NUMBER, ZERO_FIRST, both or none."""
    return {kind for kind, pattern in _CODES.items() if pc.any(pc.match_substring_regex(values, pattern)).as_py()}


def serial_moments(values: pa.Array) -> np.ndarray:
    """Of values that no parser of dates knows the moments that they count, to the second; NaT where they count none."""
    found = pc.extract_regex(values, SERIAL)
    days = pc.fill_null(pc.cast(pc.struct_field(found, "days"), pa.int64()), 0).to_numpy(zero_copy_only=False)
    part = pc.binary_join_element_wise("0.", pc.fill_null(pc.struct_field(found, "part"), ""), "0", "")
    seconds = np.rint(pc.cast(part, pa.float64()).to_numpy(zero_copy_only=False) * 86_400)
    moments = EPOCH + days.astype("timedelta64[D]") + seconds.astype("timedelta64[s]")
    moments[(days < FIRST_SERIAL) | (days > LAST_SERIAL)] = np.datetime64("NaT")
    return moments  # type: ignore[no-any-return]


def without_midnight(values: pa.Array) -> pa.Array:
    """The values without a time of 00:00:00 at their end."""
    return pc.replace_substring_regex(values, NO_TIME, "")


def is_total(value: str) -> bool:
    """Whether it is a word that a line of totals begins with."""
    return TOTAL.fullmatch(value) is not None


def _matching(values: pa.Array, pattern: str, sign: bytes) -> np.ndarray | None:
    """Which values have the pattern, in which the sign always stands; None where it is in none."""
    if not _has_byte(values, sign):
        return None
    return pc.fill_null(pc.match_substring_regex(values, pattern), False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _has_byte(values: pa.Array, sign: bytes) -> bool:
    """Cheaper than to look at each value."""
    buffer = values.buffers()[2]
    return buffer is not None and sign in memoryview(buffer).tobytes()

"""Days and moments from the text of vendors' files, a column at a time."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# The usual timestamp, and what its digits add to year, month, day, hour, minute and second.
LAYOUT = "0000-00-00T00:00:00Z"
PLACES = np.zeros((14, 6), dtype=np.int64)
PLACES[:4, 0] = 1000, 100, 10, 1
for _part in range(1, 6):
    PLACES[2 + 2 * _part : 4 + 2 * _part, _part] = 10, 1
MICROSECONDS = np.array([3_600_000_000, 60_000_000, 1_000_000, 1])


# With or without signs between, as ISO 8601 has it, and with zones as PostgreSQL writes them (+02).
ISO_TIME = (
    r"(?P<y>[0-9]{4})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})"
    r"(?:[Tt ](?P<H>[0-9]{2}):?(?P<M>[0-9]{2})(?::?(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?)"
    r"(?:[Zz]|(?P<zs>[+-])(?P<zh>[0-9]{2})(?::?(?P<zm>[0-9]{2}))?)?"
)


def timestamps(given: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """(values, whether there is such a moment) of ISO 8601 with date and time.

    A missing zone is UTC, another one is counted back to it. Microseconds; the rest is cut off.
    """
    plain, moments, good = _plain_timestamps(given)
    if plain.all():
        return _as_timestamps(moments), good
    others = given.filter(pa.array(~plain))
    moments[~plain], good[~plain] = _any_timestamps(others)
    return _as_timestamps(moments), good


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
    days, good = days_since_1970(n[:, 0], n[:, 1], n[:, 2])
    moments, found = np.zeros(len(given), dtype=np.int64), np.zeros(len(given), dtype=bool)
    moments[plain] = days * 86_400_000_000 + n[:, 3:] @ MICROSECONDS[:3]
    found[plain] = shaped & good & (n[:, 3] < 24) & (n[:, 4] < 60) & (n[:, 5] < 60)
    plain[plain] = shaped
    return plain, moments, found


def _any_timestamps(given: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    fields = pc.extract_regex(given, f"^{ISO_TIME}$")
    year, month, day, hour, minute, second, zone_hour, zone_minute = numbered(fields, ("y", "m", "d", "H", "M", "S", "zh", "zm"))
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(pc.struct_field(fields, "f"), ""), 6, "0"), 0, 6)
    sign = np.where(mask(pc.equal(pc.struct_field(fields, "zs"), "-")), -1, 1)
    days, good = days_since_1970(year, month, day)
    good = good & (hour < 24) & (minute < 60) & (second < 60) & (zone_hour < 15) & (zone_minute < 60)
    clock = np.stack([hour - sign * zone_hour, minute - sign * zone_minute, second, number(fraction)], axis=1) @ MICROSECONDS
    return days * 86_400_000_000 + clock, good


def numbered(found: pa.Array, names: tuple[str, ...]) -> list[np.ndarray]:
    """Of each value the numbers of the groups; -1 everywhere where the shape is another one, 0 where only a group is missing."""
    missing = mask(pc.is_null(found))
    return [np.where(missing, -1, number(pc.struct_field(found, name))) for name in names]


def number(digits: pa.Array) -> np.ndarray:
    """Texts of digits as integers; 0 for an empty text and for null."""
    present = pc.if_else(pc.equal(pc.binary_length(digits), 0), "0", digits)
    return pc.fill_null(pc.cast(present, pa.int64()), 0).to_numpy(zero_copy_only=False)


def days_since_1970(year: np.ndarray, month: np.ndarray, day: np.ndarray, last_year: int = 2199) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, and whether there is such a day."""
    good = (year >= 1900) & (year <= last_year) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + np.where(good, day - 1, 0)
    return days, good & (days.astype("datetime64[D]").astype("datetime64[M]") == months)


def mask(values: pa.Array) -> np.ndarray:
    """Arrow booleans as numpy booleans; null is false."""
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)

"""A zone's wall clock as SQL. Not by the names of the server's own zone tables, for these are empty in most servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2000, 2037


def local(column: str, zone: ZoneInfo) -> str:
    """The wall clock of a column in UTC."""
    first, *others = reversed(offsets(zone))
    if not others:
        return f"({column} + INTERVAL {first[1]} SECOND)"
    *later, oldest = (first, *others)
    cases = " ".join(f"WHEN {column} >= '{moment}' THEN {seconds}" for moment, seconds in later)
    return f"({column} + INTERVAL CASE {cases} ELSE {oldest[1]} END SECOND)"


@cache
def offsets(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """UTC times, oldest first, from which on the wall clock is that many seconds ahead."""
    moment = datetime(FIRST_YEAR, 1, 1)
    found = [(moment, _ahead(moment, zone))]
    while moment.year <= LAST_YEAR:
        day, moment = moment, moment + timedelta(days=1)
        if _ahead(moment, zone) != found[-1][1]:
            minutes = (day + timedelta(minutes=minute) for minute in range(1, 1441))
            found.append((next(minute for minute in minutes if _ahead(minute, zone) != found[-1][1]), _ahead(moment, zone)))
    return tuple(found)


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) - moment).total_seconds())

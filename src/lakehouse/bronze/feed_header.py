"""The header line of a delivered list: which of its columns are the contract's, and what is not as agreed."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from lakehouse.sources.feed import Feed


class NamedColumns(NamedTuple):
    """`places`: where each of the feed's columns stands; `refused`: why nothing of the file can be used; names that are `unknown`; columns
    that are `absent` and may be; how many fields a row has at `least`: what it lacks then may be empty."""

    places: list[int | None]
    refused: str
    unknown: list[str]
    absent: list[str]
    least: int


def named_columns(names: Sequence[str], feed: Feed) -> NamedColumns:
    """What the header says of the feed's columns."""
    there = [_plain(name) for name in names]
    places: list[int | None] = []
    missing, twice, absent = [], [], []
    for wanted in feed.fields:
        at = [i for i, name in enumerate(there) if name in {_plain(known) for known in wanted.headers}]
        places.append(at[0] if at else None)
        if len(at) > 1:
            twice.append(wanted.headers[0])
        elif not at and (wanted.required or wanted.needed):
            missing.append(wanted.headers[0])
        elif not at:
            absent.append(wanted.headers[0])
    # A spreadsheet adds columns without a name at the end, also where there is nothing in them.
    named = max((i + 1 for i, name in enumerate(names) if name.strip()), default=0)
    unknown = [f"{name} (column {i + 1})" for i, name in enumerate(names[:named]) if i not in places]
    wrong = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"there twice: {', '.join(twice)}"] * bool(twice)
    if absent and unknown and not wrong:
        wrong = [f"not there: {', '.join(absent)}, and columns that we do not know are: were they renamed?"]
    is_header = 2 * sum(place is not None for place in places) >= len(places)
    if not is_header:
        wrong.append("the first line may be no header line at all")
    refused = f"columns of the header line are not those of the contract; {'; '.join(wrong)}{_delimiter_hint(names, feed)}" if wrong else ""
    # Of a file without a header line these are the first row's values: nobody's business.
    return NamedColumns(places, refused, unknown if is_header else [], absent, _least(names, places, feed))


def _least(names: Sequence[str], places: Sequence[int | None], feed: Feed) -> int:
    may_lack = {at for at, wanted in zip(places, feed.fields, strict=True) if not wanted.required}
    return max((at + 1 for at, name in enumerate(names) if name.strip() and at not in may_lack), default=len(names))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().strip("\ufeff").casefold()


def _delimiter_hint(names: Sequence[str], feed: Feed) -> str:
    others = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
    line = feed.delimiter.join(names)
    other = max(others, key=line.count)
    if other == feed.delimiter or line.count(other) < len(feed.fields) // 2:
        return ""
    return f". Columns seem to be divided by {others[other]}; expected is {others[feed.delimiter]}"

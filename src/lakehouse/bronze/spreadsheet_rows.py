"""Records that are no data but what a spreadsheet, or whoever used it, added to a list; and records that it made wider or narrower."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.io.files.csv_files import Records, Unreadable, WrongWidth
from lakehouse.sources.feed import Feed
from lakehouse.sources.spreadsheets import FILLED, NARROWED, is_total


def with_right_width(part: Records, width: int, least: int, is_last: bool) -> tuple[Records, Counter[str]]:
    """The part with records among the others that a spreadsheet made wider or narrower than the `width` of the header line, and how many.

    Wider ones end with empty fields. Narrower ones have `least` fields or more, so that they lack only what may be empty; or they begin
    with a word for a sum, which is judged later.
    """
    if not part.wrong_width:
        return part, Counter()
    torn = {wrong.line for wrong in part.wrong_width if wrong.values is None or wrong.fields < least}
    end = max((*part.lines, *torn, *(wrong.line for wrong in part.wrong_width)), default=0) if is_last else 0

    def repair(wrong: WrongWidth) -> str | None:
        if wrong.values is None:
            return None
        if wrong.fields > width:
            return NARROWED
        if is_last and is_total(next((value.strip() for value in wrong.values if value.strip()), "")):
            return ""
        # The last record of a file may be cut off, and one before half a record is the other half.
        return FILLED if wrong.fields >= least and wrong.line != end and wrong.line + 1 not in torn else None

    repairs = {wrong.line: found for wrong in part.wrong_width if (found := repair(wrong)) is not None}
    if not repairs:
        return part, Counter()
    changed = [wrong for wrong in part.wrong_width if wrong.line in repairs]
    rows = pa.RecordBatch.from_pylist([dict(zip(part.fields.schema.names, wrong.values or (), strict=True)) for wrong in changed])
    lines = np.concatenate([part.lines, [wrong.line for wrong in changed]]).astype(np.int64)
    in_order = np.argsort(lines, kind="stable")
    fields = pa.concat_batches([part.fields, rows.select(part.fields.schema.names)]).take(pa.array(in_order))
    left = [wrong for wrong in part.wrong_width if wrong.line not in repairs]
    return Records(fields, lines[in_order], left), Counter(filter(None, repairs.values()))


def is_nothing(fields: pa.RecordBatch) -> np.ndarray:
    """Which records have no field with anything in it."""
    nothing = np.ones(fields.num_rows, dtype=bool)
    for column in fields.columns:
        if not nothing.any():
            break
        nothing &= np.asarray(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0).to_numpy(zero_copy_only=False))
    return nothing


def with_last(parts: Iterator[Records]) -> Iterator[tuple[Records, bool]]:
    """Each part, and whether it is the last. What was read before a file turns out unreadable is given too."""
    held = next(parts, None)
    while held is not None:
        try:
            following = next(parts, None)
        except Unreadable:
            yield held, False
            raise
        yield held, following is None
        held = following


def ends_with_totals(fields: pa.RecordBatch, feed: Feed, names: Sequence[str]) -> bool:
    """Whether the last record is a line of totals for sure: a word for it stands in it, its key is empty or that word, and something
    that every row must have is not there."""
    if not fields.num_rows:
        return False
    last = {name: fields.column(at)[fields.num_rows - 1].as_py().strip() for at, name in enumerate(names)}
    has_word = any(is_total(value) for value in last.values())
    has_no_key = all(not last[name] or is_total(last[name]) for name in feed.key)
    lacks = any(not last[field.name] for field in feed.fields if field.required)
    return has_word and has_no_key and lacks

"""Records that are no data but what a spreadsheet, or whoever used it, added to a list; and records that it made wider."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.io.files.csv_files import Records, Unreadable
from lakehouse.sources.feed import Feed
from lakehouse.sources.spreadsheets import is_total


def with_narrowed(part: Records) -> tuple[Records, int]:
    """The part with records that only end with empty fields beyond the header line among the others, and how many these are."""
    narrowed = [wrong for wrong in part.wrong_width if wrong.values is not None]
    if not narrowed:
        return part, 0
    rows = pa.RecordBatch.from_pylist([dict(zip(part.fields.schema.names, wrong.values or (), strict=True)) for wrong in narrowed])
    lines = np.concatenate([part.lines, [wrong.line for wrong in narrowed]]).astype(np.int64)
    in_order = np.argsort(lines, kind="stable")
    fields = pa.concat_batches([part.fields, rows.select(part.fields.schema.names)]).take(pa.array(in_order))
    return Records(fields, lines[in_order], [wrong for wrong in part.wrong_width if wrong.values is None]), len(narrowed)


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

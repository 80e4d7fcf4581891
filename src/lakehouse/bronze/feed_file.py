"""One delivered file → its good rows as Parquet, its bad ones with line, column and class; every record is one or the other."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql.pandas.types import to_arrow_type

from lakehouse.bronze.feed_header import named_columns
from lakehouse.bronze.feed_json import events
from lakehouse.bronze.spreadsheet_rows import ends_with_totals, is_nothing, with_last, with_right_width
from lakehouse.io.files.code_pages import CP1250
from lakehouse.io.files.csv_files import Records, Stream, Unreadable, header, records
from lakehouse.io.files.file_head import looked_at
from lakehouse.io.files.text_files import opened
from lakehouse.sources.feed import ORIGIN, Feed
from lakehouse.sources.feed_values import CLASSES, GOOD, parse
from lakehouse.sources.spreadsheets import CENTRAL_EUROPEAN, EMPTY_ROWS, NUMBER, POINTED, POINTED_ROWS, TOTALS, kinds_of_codes

# What a column may be called, and its place: no address, no number, nothing over several lines.
NAME = re.compile(r"[^\W\d_][\w .\-/]{0,39}(?: \(column [0-9]+\))?\Z")
EXAMPLES, SHOWN = 3, 30
# What a record that is none of the file's shape is called, and one of a file of which nothing is used.
WRONG_FIELD_COUNT, NOT_JSON, WHOLE_FILE = "wrong_field_count", "not_json", "whole_file"
Told = tuple[int, str, str]  # line, column, class
LARGEST = 64 << 30


class Origin(NamedTuple):
    """Which delivery it is; its rows carry that."""

    day: date
    file_name: str
    arrived_at: datetime


class Numbers(NamedTuple):
    """Of a column: how many values there are, how many have a point and three digits after it, and the least and the greatest as read."""

    rows: int
    pointed: int
    least: Decimal | None
    greatest: Decimal | None

    def with_more(self, text: pa.Array, values: pa.Array) -> "Numbers":
        """With those of the next part."""
        trimmed = pc.utf8_trim_whitespace(text)
        rows = int(pc.sum(pc.not_equal(pc.binary_length(trimmed), 0)).as_py() or 0)
        pointed = int(pc.sum(pc.match_substring_regex(trimmed, POINTED)).as_py() or 0)
        found = [value for value in (self.least, self.greatest, *pc.min_max(values).as_py().values()) if value is not None]
        return Numbers(self.rows + rows, self.pointed + pointed, min(found, default=None), max(found, default=None))


@dataclass
class FileReadResult:
    """What became of a file's records: `rows_read` = good ones in `good` + those in `rejects`.

    `refused`: why nothing of it can be used; what was read until then is counted. `ragged` rows are not as wide as the header line.
    `unknown_columns` were left unread;
    `absent_columns`, which may be empty, are null. `examples`: by column and class how often, and the first lines; `looks`: the first
    of these values with 9 for each digit and a for each letter, never of a personal column. `repaired`: by column and kind how many values
    a spreadsheet had changed in a way that was undone. `numbers`: of columns with a sign between thousands. `codes`: which
    kinds of numbers the codes of a snapshot are.
    """

    good: Path
    rejects: Path
    refused: str = ""
    rows_read: int = 0
    rows_rejected: int = 0
    ragged: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    absent_columns: list[str] = field(default_factory=list)
    examples: dict[tuple[str, str], tuple[int, list[int]]] = field(default_factory=dict)
    looks: dict[tuple[str, str], str] = field(default_factory=dict)
    repaired: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)

    @property
    def may_lack_zeros(self) -> bool:
        """Whether codes are numbers and none begins with a zero: a spreadsheet takes them from all."""
        return self.codes == {NUMBER}

    @property
    def pointed(self) -> dict[str, Numbers]:
        """Columns in which each value has a point and three digits: was it meant to stand between thousands?"""
        return {name: of for name, of in self.numbers.items() if of.rows == of.pointed >= POINTED_ROWS}


def read_file(raw: BinaryIO, feed: Feed, origin: Origin, folder: Path) -> FileReadResult:
    """Read it once, in bounded memory, into two Parquet files of `folder`: typed rows with their origin, and rejects."""
    folder.mkdir(parents=True, exist_ok=True)
    found = FileReadResult(folder / "good.parquet", folder / "rejects.parquet")
    with pq.ParquetWriter(found.good, good_schema(feed)) as good, pq.ParquetWriter(found.rejects, rejects_schema(feed)) as rejects:
        try:
            stream = opened(raw, origin.file_name.endswith(".gz"), feed.encoding, LARGEST)
            if stream.encoding == CP1250 != feed.encoding:
                found.repaired["", CENTRAL_EUROPEAN] = 1
            for part in _json_parts(stream, feed, found) if feed.is_json else _csv_parts(stream, feed, found):
                if found.refused:
                    _refuse(part, origin, found, rejects)
                else:
                    _sort_out(part, feed, origin, found, good, rejects)
        except Unreadable as error:
            found.refused = found.refused or str(error)
            if error.line is not None:
                _write_rejects([(error.line, "", WHOLE_FILE)], origin, found, rejects)
    found.unknown_columns = [_shown(name, found) for name in found.unknown_columns]
    return found


def good_schema(feed: Feed) -> pa.Schema:
    """The feed's fields, then where the row came from."""
    fields = [(field.name, to_arrow_type(field.type)) for field in feed.fields]
    return pa.schema([*fields, *((column.name, to_arrow_type(column.type)) for column in ORIGIN)])


def rejects_schema(feed: Feed) -> pa.Schema:
    """Where the record came from, its first bad column (empty: the record), the class, its key where that is good."""
    keys = [(f.name, to_arrow_type(f.type)) for f in feed.fields if f.name in feed.key]
    origin = [(column.name, to_arrow_type(column.type)) for column in ORIGIN]
    return pa.schema([*origin, ("column_name", pa.string()), ("value_class", pa.string()), *keys])


def _csv_parts(stream: Stream, feed: Feed, found: FileReadResult) -> Iterator[Records]:
    """Records after the header, their columns those of the feed, in its order; of a header that is refused as they stand."""
    head, stream, above = looked_at(stream)
    if not head.strip() and not above:
        found.refused = "the file is empty: not even a header line stands in it"
        return
    names = header(head.decode(errors="replace"), feed.delimiter)
    places, found.refused, found.unknown_columns, found.absent_columns, least = named_columns(names, feed)
    is_first, own_names = True, [f.name for f in feed.fields]
    for as_it_stands, is_last in with_last(records(stream, feed.delimiter, len(names))):
        part, widths = with_right_width(as_it_stands, len(names), least, is_last)
        fields, lines = part.fields, part.lines + above
        if is_first and len(lines):
            fields, lines, is_first = fields.slice(1), lines[1:], False
        found.repaired.update({("", kind): number for kind, number in widths.items()})
        if (empty := is_nothing(fields)).any():
            found.repaired["", EMPTY_ROWS] += int(empty.sum())
            fields, lines = fields.filter(pa.array(~empty)), lines[~empty]
        if not found.refused:
            nothing = pa.nulls(fields.num_rows, pa.string()).fill_null("")
            columns = [nothing if place is None else fields.column(place) for place in places]
            fields = pa.RecordBatch.from_arrays(columns, names=own_names)
            while is_last and ends_with_totals(fields, feed, own_names):
                found.repaired["", TOTALS] += 1
                fields, lines = fields.slice(0, fields.num_rows - 1), lines[:-1]
        yield Records(fields, lines, [wrong._replace(line=wrong.line + above) for wrong in part.wrong_width])


def _shown(name: str, found: FileReadResult) -> str:
    """An unknown column as it may stand in a reply. Where rows are not as wide as the header line, a row may have slipped into it."""
    place = f" {name[name.rindex('(') :]}" if name.endswith(")") else ""
    is_header = found.rows_read > 2 * found.ragged and NAME.match(name) and sum(sign.isdigit() for sign in name.removesuffix(place)) < 4
    return name if is_header else f"a column whose name we do not repeat{place}"


def _json_parts(stream: Stream, feed: Feed, found: FileReadResult) -> Iterator[Records]:
    seen: set[str] = set()
    is_empty = True
    for part in events(stream, feed, seen):
        is_empty = is_empty and not len(part)
        yield part
    if is_empty:
        found.refused = "the file is empty: not one event stands in it"
    elif seen:
        found.unknown_columns = sorted(seen - {name for wanted in feed.fields for name in wanted.headers})
        found.absent_columns = [wanted.headers[0] for wanted in feed.fields if not seen & set(wanted.headers)]


def _sort_out(part: Records, feed: Feed, origin: Origin, found: FileReadResult, good: pq.ParquetWriter, rejects: pq.ParquetWriter) -> None:
    """Rows whose values are all good, and the others with their first bad column."""
    parsed = [parse(part.fields.column(i), wanted.parser, wanted.required) for i, wanted in enumerate(feed.fields)]
    for wanted, one, text in zip(feed.fields, parsed, part.fields.columns, strict=True):
        name = wanted.headers[0]
        found.repaired.update({(name, kind): number for kind, number in one.repaired.items()})
        if wanted.parser.has_thousands:
            found.numbers[name] = found.numbers.get(name, Numbers(0, 0, None, None)).with_more(text, one.values)
        if wanted.name == feed.code_column:
            found.codes |= kinds_of_codes(one.values)
    classes = np.stack([one.classes for one in parsed], axis=1)
    is_bad = classes != GOOD
    bad = np.flatnonzero(is_bad.any(axis=1))
    first = is_bad[bad].argmax(axis=1) if len(bad) else bad
    shape = NOT_JSON if feed.is_json else WRONG_FIELD_COUNT
    told = [(int(part.lines[row]), feed.fields[at].headers[0], CLASSES[classes[row, at]]) for row, at in zip(bad, first, strict=True)]
    for (_, *what), row, at in zip(told, bad, first, strict=True):
        if (key := (what[0], what[1])) not in found.looks and not feed.fields[at].personal:
            found.looks[key] = _shape(part.fields.column(int(at))[int(row)].as_py())
    values = [pc.cast(one.values, good.schema.field(i).type) for i, one in enumerate(parsed)]
    whole = pa.RecordBatch.from_arrays([*values, *_came(origin, part.lines, good.schema)], schema=good.schema)
    keys = whole.select([f.name for f in feed.fields if f.name in feed.key]).take(pa.array(bad))
    _write_rejects(told, origin, found, rejects, keys)
    _write_rejects([(wrong.line, "", shape) for wrong in part.wrong_width], origin, found, rejects)
    found.ragged += 0 if feed.is_json else len(part.wrong_width)
    good.write_batch(whole.filter(pa.array(~is_bad.any(axis=1))) if len(bad) else whole)
    found.rows_read += part.fields.num_rows - len(bad)


def _shape(value: str) -> str:
    shape = "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign if sign.isprintable() else "?" for sign in value[:SHOWN])
    return shape + "..." * (len(value) > SHOWN)


def _refuse(part: Records, origin: Origin, found: FileReadResult, rejects: pq.ParquetWriter) -> None:
    lines = [*part.lines.tolist(), *(wrong.line for wrong in part.wrong_width)]
    found.ragged += len(part.wrong_width)
    _write_rejects([(line, "", WHOLE_FILE) for line in lines], origin, found, rejects)


def _write_rejects(
    told: list[Told], origin: Origin, found: FileReadResult, rejects: pq.ParquetWriter, keys: pa.RecordBatch | None = None
) -> None:
    """Some rejected records, which count as read."""
    if not told:
        return
    for (column, name), number in Counter((column, name) for _, column, name in told).items():
        before, lines = found.examples.get((column, name), (0, []))
        here = sorted(line for line, *what in told if what == [column, name])
        found.examples[column, name] = (before + number, sorted([*lines, *here[:EXAMPLES]])[:EXAMPLES])
    found.rows_read += len(told)
    found.rows_rejected += len(told)
    lines, columns, classes = (list(values) for values in zip(*told, strict=True))
    names = rejects.schema.names[len(ORIGIN) + 2 :]
    known = keys.columns if keys is not None else [pa.nulls(len(told), rejects.schema.field(name).type) for name in names]
    rows = [*_came(origin, lines, rejects.schema), pa.array(columns, pa.string()), pa.array(classes, pa.string()), *known]
    rejects.write_batch(pa.RecordBatch.from_arrays(rows, schema=rejects.schema))


def _came(origin: Origin, lines: Sequence[int] | np.ndarray, schema: pa.Schema) -> list[pa.Array]:
    """The columns of ORIGIN."""
    *same, _ = ORIGIN
    constant = [pa.repeat(pa.scalar(value, schema.field(c.name).type), len(lines)) for c, value in zip(same, origin, strict=True)]
    return [*constant, pa.array(lines, pa.int64())]

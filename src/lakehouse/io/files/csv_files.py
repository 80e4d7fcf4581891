"""Records of a delimited file of any quality, batch by batch: fields as text, each record with the line where it begins.

What a record is follows RFC 4180 as Python's `csv` reads it: a quote opens a field only at its beginning, two quotes inside are one,
line ends are LF, CRLF or CR, blank lines are nothing. Tokens come from pyarrow, seven times as fast as `csv` with rows made columns.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

# The longest record in bytes. What is longer is a quote that nobody closed, or an attack.
BLOCK = 8 << 20
# Ends the stream. Where it is not the last record, a quote is still open.
END = "\ue000the end\ue000"
# What pyarrow says where it can't find the end of a record.
OPEN_QUOTE = ("straddling", "out of sync")
# A file with so many records of a wrong width is of another kind; each of them costs as much as a hundred good ones.
MOST_RAGGED = 1_000_000
LF, CR = 10, 13


class Stream(Protocol):
    """What can be read as a file of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


class Unreadable(Exception):
    """Nobody can say where records end; the message says why. `line`: where a record begins that was not given, if one is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class WrongWidth(NamedTuple):
    """A record with too few or too many fields. `values`: as many as the header line has, of too few with empty ones behind them, of
    too many without those that are too many, where all of these are empty."""

    line: int
    fields: int
    values: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Records:
    """`fields`: a column of text per field of the header, without the records of `wrong_width`; `lines`: where each begins, from 1."""

    fields: pa.RecordBatch
    lines: np.ndarray
    wrong_width: list[WrongWidth]

    def __len__(self) -> int:
        return self.fields.num_rows + len(self.wrong_width)


def header(start: str, delimiter: str) -> list[str]:
    """The first record's fields as they stand; empty if there is none in this beginning of a file."""
    return next((row for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter) if row), [])


def records(stream: Stream, delimiter: str, width: int) -> Iterator[Records]:
    """All records of UTF-8 bytes without zeros, the header first, in order; `width` is the header's number of fields.

    Unreadable: a record is longer than 8 MB, or a quote is open at the end; what was given before may be wrong then. Memory is a few
    blocks, whatever the file's size.
    """
    source = _Lines(stream, delimiter, width)
    place = _Place(source, delimiter, width)
    names = [f"f{i}" for i in range(width)]
    try:
        reader = pacsv.open_csv(
            pa.PythonFile(source, mode="r"),
            pacsv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
            pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=place.wrong_width
            ),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
        ended = False
        for batch in reader:
            last = batch.num_rows - 1
            ended = last >= 0 and batch.column(0)[last].as_py() == END
            found = place.of(batch.slice(0, last) if ended else batch)
            if len(found):
                yield found
    except pa.ArrowInvalid as error:
        if place.is_hopeless:
            raise Unreadable(f"more than {MOST_RAGGED:,} rows have another number of columns than the header line") from None
        if not any(sign in str(error) for sign in OPEN_QUOTE):
            raise
        raise Unreadable("a quote is opened and never closed, or a record is longer than 8 MB", place.line) from None
    if rest := place.rest(reader.schema):
        yield rest
    if not ended:
        raise Unreadable("a quote is opened and never closed")


class _Ahead(NamedTuple):
    """A record of a wrong width whose place is not known yet: its number, as pyarrow counts, and the line ends within it."""

    number: int
    fields: int
    line_ends: int
    values: tuple[str, ...] | None


class _Place:
    """Where records begin. pyarrow numbers records only, and tells of wrong widths up to a block before the records around them."""

    def __init__(self, source: "_Lines", delimiter: str, width: int) -> None:
        self._source, self._line, self._number, self._seen = source, 1, 1, 0
        self._delimiter, self._width = delimiter, width
        self._ahead: deque[_Ahead] = deque()

    @property
    def line(self) -> int:
        """Where the next record begins."""
        return self._line

    @property
    def is_hopeless(self) -> bool:
        return self._seen > MOST_RAGGED

    def wrong_width(self, row: pacsv.InvalidRow) -> str:
        text = row.text
        ends = text.count("\n") + text.count("\r") - text.count("\r\n")
        self._ahead.append(_Ahead(row.number, row.actual_columns, ends, self._values(text, row.actual_columns)))
        self._seen += 1
        return "skip" if self._seen <= MOST_RAGGED else "error"

    def _values(self, text: str, columns: int) -> tuple[str, ...] | None:
        if columns > self._width and not text.rstrip("\r\n").endswith((self._delimiter, '""')):
            return None
        values = next(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter), [])
        return None if any(values[self._width :]) else (*values, *[""] * (self._width - len(values)))[: self._width]

    def of(self, batch: pa.RecordBatch) -> Records:
        """Of the next records, and those of a wrong width among and before them."""
        inside = sum((_line_ends(column) for column in batch.columns), np.zeros(batch.num_rows, dtype=np.int64))
        # Of the good records the i-th is the one after all bad ones whose number, less the bad ones before it, is i at most.
        bad = np.fromiter((ahead.number for ahead in self._ahead), dtype=np.int64, count=len(self._ahead))
        before = np.searchsorted(bad - np.arange(len(bad)) - self._number, np.arange(batch.num_rows), side="right")
        numbers = np.arange(self._number, self._number + batch.num_rows) + before
        wrong = [self._ahead.popleft() for _ in range(int(before[-1]) if len(before) else 0)]
        return self._placed(batch, numbers, inside, wrong)

    def rest(self, schema: pa.Schema) -> Records | None:
        """Records of a wrong width after the last one."""
        wrong, self._ahead = list(self._ahead), deque()
        nothing = np.zeros(0, dtype=np.int64)
        return self._placed(pa.RecordBatch.from_pylist([], schema=schema), nothing, nothing, wrong) if wrong else None

    def _placed(self, batch: pa.RecordBatch, numbers: np.ndarray, inside: np.ndarray, wrong: "list[_Ahead]") -> Records:
        total = len(numbers) + len(wrong)
        height = np.ones(total, dtype=np.int64)
        height[numbers - self._number] += inside
        for ahead in wrong:
            height[ahead.number - self._number] += ahead.line_ends
        begins = self._line + np.cumsum(height) - height
        lines = begins[numbers - self._number]
        found = [WrongWidth(int(begins[ahead.number - self._number]), ahead.fields, ahead.values) for ahead in wrong]
        self._line, self._number = self._line + int(height.sum()), self._number + total
        blank = self._source.blank(lines, self._line)
        fields = batch.filter(pa.array(~blank)) if blank.any() else batch
        return Records(fields, lines[~blank], found)


def _line_ends(column: pa.Array) -> np.ndarray:
    """Inside of each value; of most columns there are none, which one look at their bytes tells."""
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    if not ((data == LF) | (data == CR)).any():
        return np.zeros(len(column), dtype=np.int64)
    lf, cr, both = (np.asarray(pc.count_substring(column, end), dtype=np.int64) for end in ("\n", "\r", "\r\n"))
    return lf + cr - both


class _Lines(io.RawIOBase):
    """A stream that remembers which of its lines are blank, and says at its end that it ends."""

    def __init__(self, stream: Stream, delimiter: str, width: int) -> None:
        self._stream, self._line, self._length, self._after_cr, self._held = stream, 1, 0, False, b""
        self._blank: list[np.ndarray] = []
        self._end: bytes | None = ("\n" + END + delimiter * (width - 1) + "\n").encode()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._held + self._filled(size - len(self._held))
        # pyarrow takes an LF for half a line end if the block before it ends with CR, inside of quotes too.
        self._held = b"\r" if len(data) > 1 and data.endswith(b"\r") else b""
        data = data[: len(data) - len(self._held)]
        if data:
            self._look(np.frombuffer(data, dtype=np.uint8))
            return data
        end, self._end = self._end or b"", b""
        if end:
            self._look(np.frombuffer(end, dtype=np.uint8))
        return end

    def _filled(self, size: int) -> bytes:
        """As much as asked for but at the end: for pyarrow a record is too long if it does not end in the block after its beginning."""
        parts = []
        while size > 0 and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def blank(self, lines: np.ndarray, upto: int) -> np.ndarray:
        """Which of these lines have nothing in them. Lines before `upto` will not be asked for again."""
        if not self._blank:
            return np.zeros(len(lines), dtype=bool)
        blank = np.concatenate(self._blank)
        self._blank = [blank[blank >= upto]]
        return np.isin(lines, blank)

    def _look(self, data: np.ndarray) -> None:
        # Of CRLF the CR ends the line, and the LF is nothing.
        follows_cr = bool(self._after_cr and data[0] == LF)
        is_end = data == LF
        if (has_cr := data == CR).any():
            is_end[1:] &= ~has_cr[:-1]
            is_end[0] &= not follows_cr
            is_end |= has_cr
        at = np.flatnonzero(is_end)
        starts = at + 1
        starts += (data[at] == CR) & (data[np.minimum(starts, len(data) - 1)] == LF) & (starts < len(data))
        begins = np.concatenate([[follows_cr - self._length], starts])
        is_blank = at == begins[:-1]
        if is_blank.any():
            self._blank.append(self._line + np.flatnonzero(is_blank))
        self._line += len(at)
        self._length, self._after_cr = int(len(data) - begins[-1]), bool(data[-1] == CR)

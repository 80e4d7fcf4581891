"""JSON lines of a feed: an object per line → its fields as text, each record with its line."""

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lakehouse.io.files.csv_files import BLOCK, Records, Stream, WrongWidth
from lakehouse.sources.feed import Feed, Field

KEYS_SEEN = 100


def events(stream: Stream, feed: Feed, seen: set[str]) -> Iterator[Records]:
    """Records of the feed's fields; what is no JSON object, or has a key twice, is of a wrong width. Blank lines are nothing.

    `seen` gets the keys that stand there, the first hundred or so of them.
    """
    number, rest, ended = 0, b"", False
    while not ended:
        data = stream.read(1 << 20)
        ended = not data
        *whole, rest = (rest + data).split(b"\n")
        lines = [*whole, rest] if ended else whole
        yield _from_json(list(enumerate(lines, number + 1)), feed, seen)
        number += len(lines)
        if len(rest) > BLOCK:  # no event is so long: the line is read on as one that is no JSON
            rest = b"\0"


def _from_json(numbered: list[tuple[int, bytes]], feed: Feed, seen: set[str]) -> Records:
    rows, lines, wrong = [], [], []
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_each_key_once)
            texts = [_text(row, wanted) for wanted in feed.fields] if isinstance(row, dict) else None
        except (ValueError, RecursionError):
            texts = None
        if texts is None:
            wrong.append(WrongWidth(number, 0))
            continue
        if not seen >= row.keys() and len(seen) < KEYS_SEEN:
            seen.update(row.keys())
        rows.append(texts)
        lines.append(number)
    columns = [pa.array([texts[i] for texts in rows], pa.string()) for i in range(len(feed.fields))]
    fields = pa.RecordBatch.from_arrays(columns, names=[wanted.name for wanted in feed.fields])
    return Records(fields, np.array(lines, dtype=np.int64), wrong)


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _text(row: dict[str, object], wanted: Field) -> str:
    value = next((row[name] for name in wanted.headers if row.get(name) is not None), "")
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")  # half a character is no text
    return str(int(value)) if isinstance(value, bool) else json.dumps(value)

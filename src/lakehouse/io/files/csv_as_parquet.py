"""A CSV file of anybody as Parquet with columns of text, so that Spark reads the records that RFC 4180 has: line breaks and all."""

import atexit
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.errors import DataError
from lakehouse.io.files.csv_files import Stream, Unreadable, header, records
from lakehouse.io.files.file_head import looked_at
from lakehouse.io.files.text_files import MARKED, opened

# Where each record begins; the header line is 1.
LINE = "_line"
DELIMITERS = ",;\t|"
LARGEST = 1 << 40
EXPORT_ANEW = "export the file anew as CSV"


def csv_as_parquet(path: str, wanted: Collection[str]) -> str:
    """The path of the Parquet file, which is gone when this process ends: the `wanted` columns as text, and `_line`.

    Any text encoding with a byte order mark, else UTF-8; commas, semicolons, tabs or bars between fields, as the header has most of them.
    DataError (65) if a wanted column is missing or there twice; it names the line of a record of another width than the header, and line
    and column of a value that is no text in this encoding.
    """
    folder = tempfile.mkdtemp(prefix="lakehouse-csv-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    out = str(Path(folder) / "records.parquet")
    try:
        with open(path, "rb") as raw:
            head, stream, above = looked_at(opened(raw, path.endswith(".gz"), "utf-8", LARGEST))
            _copy(stream, head.decode(errors="replace"), above, wanted, out)
    except Unreadable as error:
        raise DataError(f"{path}: {error}", EXPORT_ANEW) from None
    return out


def _copy(stream: Stream, head: str, above: int, wanted: Collection[str], out: str) -> None:
    delimiter = max(DELIMITERS, key=lambda sign: len(header(head, sign)))
    names = header(head, delimiter)
    if not names:
        raise Unreadable("it has no header line")
    if missing := [name for name in wanted if name not in names]:
        raise Unreadable(f"it has no column {', '.join(missing)}; it has {', '.join(names)}")
    if twice := [name for name in wanted if names.count(name) > 1]:
        raise Unreadable(f"column {', '.join(twice)} stands twice in the header line")
    places = [names.index(name) for name in wanted]
    schema = pa.schema([*((name, pa.string()) for name in wanted), (LINE, pa.int64())])
    with pq.ParquetWriter(out, schema) as writer:
        is_first = True
        for part in records(stream, delimiter, len(names)):
            if part.wrong_width:
                line, fields, _ = part.wrong_width[0]
                raise Unreadable(f"line {line + above} has {fields} fields, the header line {len(names)}")
            columns = [*(part.fields.column(place) for place in places), pa.array(part.lines + above, pa.int64())]
            table = pa.Table.from_arrays(columns, schema=schema)
            _refuse_marks(table, wanted)
            writer.write_table(table.slice(1) if is_first else table)
            is_first = is_first and not len(part)


def _refuse_marks(table: pa.Table, wanted: Collection[str]) -> None:
    for name in wanted:
        bad = pc.match_substring_regex(table[name], MARKED)
        if pc.any(bad).as_py():
            line = table[LINE].filter(bad)[0].as_py()
            raise Unreadable(f"line {line}: column {name} holds letters that are not in UTF-8: save the file in UTF-8")

"""A CSV file of anybody as Parquet with columns of text, so that Spark reads the records that RFC 4180 has: line breaks and all."""

import atexit
import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.errors import DataError
from lakehouse.io.files.csv_files import Unreadable, header, records
from lakehouse.io.files.text_files import opened

# Where each record begins; the header line is 1.
LINE = "_line"
DELIMITERS = ",;\t|"
HEAD = 1 << 16
LARGEST = 1 << 40
EXPORT_ANEW = "export the file anew as CSV"


def csv_as_parquet(path: str) -> str:
    """The path of the Parquet file, which is gone when this process ends: the header's columns as text, and `_line`.

    Any text encoding with a byte order mark, else UTF-8; commas, semicolons, tabs or bars between fields, whichever the header has most of.
    Empty fields are null. DataError (65) names the line of a record with another number of fields than the header.
    """
    with open(path, "rb") as raw:
        head = opened(raw, path.endswith(".gz"), "utf-8", LARGEST).read(HEAD).decode(errors="replace")
    delimiter = max(DELIMITERS, key=lambda sign: len(header(head, sign)))
    names = header(head, delimiter)
    if not names or len(set(names)) < len(names):
        raise DataError(f"{path} has no header line, or one with a name twice", EXPORT_ANEW)
    folder = tempfile.mkdtemp(prefix="lakehouse-csv-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    out = str(Path(folder) / "records.parquet")
    schema = pa.schema([*((name, pa.string()) for name in names), (LINE, pa.int64())])
    with open(path, "rb") as raw, pq.ParquetWriter(out, schema) as writer:
        stream = opened(raw, path.endswith(".gz"), "utf-8", LARGEST)
        try:
            is_first = True
            for part in records(stream, delimiter, len(names)):
                if part.wrong_width:
                    line, fields = part.wrong_width[0]
                    raise DataError(f"{path}: line {line} has {fields} fields, the header line {len(names)}", EXPORT_ANEW)
                columns = [*part.fields.columns, pa.array(part.lines, pa.int64())]
                table = pa.Table.from_arrays(columns, schema=schema)
                writer.write_table(table.slice(1) if is_first else table)
                is_first = is_first and not len(part)
        except Unreadable as error:
            raise DataError(f"{path}: {error}", EXPORT_ANEW) from None
    return out

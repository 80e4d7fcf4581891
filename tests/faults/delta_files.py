"""A Delta table's rows read from its files, without Spark and without the code that wrote them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """The latest version of a table. `run_ids`: those whose commits made it."""

    table_id: str
    number: int
    columns: tuple[str, ...]
    rows: list[Row]


def read_delta(folder: Path) -> Version:
    """All rows of the latest version. The whole log must be there, and no deletion vectors."""
    files: set[str] = set()
    table_id, number = "", -1
    columns: tuple[str, ...] = ()
    instants: set[str] = set()
    for number, commit in enumerate(sorted((folder / "_delta_log").glob("*.json"))):
        assert int(commit.stem) == number, f"{commit} is not version {number}"
        for line in commit.read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if "metaData" in action:
                table_id = action["metaData"]["id"]
                fields = json.loads(action["metaData"]["schemaString"])["fields"]
                columns = tuple(field["name"] for field in fields)
                instants = {field["name"] for field in fields if field.get("type") == "timestamp"}
            if "remove" in action:
                files.discard(action["remove"]["path"])
            if "add" in action:
                assert not action["add"].get("deletionVector") and not action["add"]["partitionValues"], folder
                files.add(action["add"]["path"])
    rows = [row for file in sorted(files) for row in _rows(folder / unquote(file), instants)]
    return Version(table_id, number, columns, [{name: row.get(name) for name in columns} for row in rows])


def _rows(file: Path, instants: set[str]) -> list[Row]:
    """Spark writes an instant as INT96, which says no zone; it is UTC as that of others."""
    read = pq.ParquetFile(file, coerce_int96_timestamp_unit="us").read()
    for number, name in enumerate(read.column_names):
        if name in instants:
            read = read.set_column(number, name, read.column(name).cast(pa.timestamp("us", tz="UTC")))
    return read.to_pylist()


def tables_below(root: Path) -> dict[str, Path]:
    """`<layer>.<table>` → folder, of everything below a lake's or vault's root that has a log."""
    return {f"{log.parent.parent.name}.{log.parent.name}": log.parent for log in sorted(root.glob("*/*/_delta_log"))}

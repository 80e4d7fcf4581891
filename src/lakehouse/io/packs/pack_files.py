"""The one writer of a pack's files: rows in a tool's dialect, in as many files as its limits ask for; then the manifest and `_SUCCESS`."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from lakehouse.errors import DataError

MANIFEST, SUCCESS, CONTROLS = "manifest.json", "_SUCCESS", "control.csv"
SCHEMA_VERSION = 2
# A cell that starts so is run as a formula by spreadsheets (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@")
# Signs that nobody sees: an import that knows no quotes takes a tab for the next column, and many refuse a file with a NUL.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A row of CSV is its cells; a row of JSON lines is an object.
Row = Sequence[str | None] | Mapping[str, Any]


@dataclass(frozen=True)
class Dialect:
    """`max_bytes` and `max_rows` (without the header) are limits of one file."""

    file_name: str
    format: Literal["csv", "jsonl"] = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    max_bytes: int = 4_000_000_000
    max_rows: int | None = None


@dataclass(frozen=True)
class FileFacts:
    """What a manifest says of a file: rows without the header, size in bytes, SHA-256 as 64 hex digits."""

    rows: int
    bytes: int
    sha256: str


def write_files(folder: Path, dialect: Dialect, header: Sequence[str], rows: Iterable[Row]) -> dict[str, FileFacts]:
    """The files by their names: one as the dialect names it, or several, numbered from `_0001` on. Without rows: one with the header.

    CSV is RFC 4180 with the dialect's delimiter: CRLF, quotes doubled; line breaks, tabs and control
    characters within a cell become spaces, and no cell is a formula.
    DataError (65) if a single row is larger than a file may be.
    """
    parts: list[_Part] = []
    lines = _csv_lines(dialect, rows) if dialect.format == "csv" else _json_lines(rows)
    first = next(_csv_lines(dialect, [header])) if dialect.format == "csv" else b""
    try:
        for line in lines:
            if not parts or not parts[-1].has_room(len(line)):
                if parts:
                    parts[-1].close()
                parts.append(_Part(folder / f".part{len(parts) + 1}", dialect, first))
            parts[-1].write(line)
        if not parts:
            parts.append(_Part(folder / ".part1", dialect, first))
    finally:
        if parts:
            parts[-1].close()
    stem, dot, suffix = dialect.file_name.rpartition(".")
    names = [dialect.file_name] if len(parts) == 1 else [f"{stem}_{number:04}{dot}{suffix}" for number in range(1, len(parts) + 1)]
    for part, name in zip(parts, names, strict=True):
        part.path.rename(folder / name)
    return {name: part.facts() for part, name in zip(parts, names, strict=True)}


def finish(folder: Path, files: Mapping[str, FileFacts], facts: Mapping[str, object]) -> dict[str, object]:
    """Write the manifest, and `_SUCCESS` last; gives the manifest."""
    manifest: dict[str, object] = {
        **facts,
        "schema_version": SCHEMA_VERSION,
        "rows": sum(file.rows for file in files.values()),
        "files": {name: asdict(file) for name, file in files.items()},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / SUCCESS).touch()
    return manifest


def safe(value: str | None) -> str:
    """The cell's text on one line, with an apostrophe in front where a spreadsheet would run it as a formula."""
    if not value:
        return ""
    text = value if value.isprintable() else UNSEEN.sub(" ", " ".join(value.splitlines()))
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run a cell of that text."""
    return (text if text.isprintable() else UNSEEN.sub(" ", text)).lstrip().startswith(FORMULA_STARTS)


class _Part:
    """A file while it is written. Its folder lets nobody else in yet."""

    def __init__(self, path: Path, dialect: Dialect, first: bytes) -> None:
        self.path, self._dialect = path, dialect
        self._file: BinaryIO = path.open("wb")
        self._hash, self._bytes, self._rows = hashlib.sha256(), 0, 0
        self._put(b"\xef\xbb\xbf" * (dialect.encoding == "utf-8-sig") + first)

    def has_room(self, size: int) -> bool:
        return self._bytes + size <= self._dialect.max_bytes and (self._dialect.max_rows is None or self._rows < self._dialect.max_rows)

    def write(self, line: bytes) -> None:
        if self._bytes + len(line) > self._dialect.max_bytes:
            raise DataError("a row is larger than a file of its profile may be", "raise max_megabytes of the profile, or take fewer slots")
        self._put(line)
        self._rows += 1

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._bytes += len(data)

    def close(self) -> None:
        self._file.close()

    def facts(self) -> FileFacts:
        return FileFacts(self._rows, self._bytes, self._hash.hexdigest())


def _csv_lines(dialect: Dialect, rows: Iterable[Row]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(value) for value in row])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _json_lines(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

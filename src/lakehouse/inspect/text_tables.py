"""Values and rows as text, for people and for programs."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class RowFormat(StrEnum):
    """How a command prints rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a command prints what is no list of rows: in words, or as one JSON object."""

    TEXT = "text"
    JSON = "json"


def as_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], output: RowFormat) -> str:
    """The rows as a table, as CSV with a header, or as JSON with one object a line: no line if there are no rows."""
    shown = [[plain(value) for value in row] for row in rows]
    if output == RowFormat.JSON:
        return "\n".join(json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False) for row in shown)
    if output == RowFormat.CSV:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([names, *shown])
        return buffer.getvalue().rstrip("\r\n")
    return as_table(list(names), [["" if value is None else str(value) for value in row] for row in shown])


def as_table(header: list[str], rows: list[list[str]]) -> str:
    """Columns padded to their widest value."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in [header, *rows])


def plain(value: object) -> object:
    """Times as ISO 8601 with Z: rows carry them as UTC without a zone. Decimals without an exponent."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value

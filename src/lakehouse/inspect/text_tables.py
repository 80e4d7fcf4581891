"""Values and rows as text for people."""

from datetime import UTC, date, datetime


def as_table(header: list[str], rows: list[list[str]]) -> str:
    """Columns padded to their widest value."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in [header, *rows])


def plain(value: object) -> object:
    """Times as ISO 8601 with Z: rows carry them as UTC without a zone."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value

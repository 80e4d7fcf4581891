"""Which rows a message speaks of: keys of a few, and never a personal value."""

from collections.abc import Sequence

from pyspark.sql import DataFrame

from lakehouse.table import Table

SAMPLES = 5


def sample_keys(table: Table, rows: DataFrame) -> tuple[str, ...]:
    """The keys of up to five of the rows, as text, smallest first; columns that hold personal values are left out."""
    personal = {column.name for column in table.columns if column.personal}
    shown = [name for name in table.key if name in rows.columns and name not in personal]
    if not shown:
        return ()
    found = rows.select(*shown).distinct().orderBy(*shown).limit(SAMPLES).collect()
    return tuple(" ".join(str(value) for value in row) for row in found)


def format_keys(keys: Sequence[str]) -> str:
    """As ` (as nl 17; nl 18)`; empty without keys."""
    return f" (as {'; '.join(keys)})" if keys else ""

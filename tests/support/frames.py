"""Frames from a few lines of Python, and rows back as plain values."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from lakehouse.arrow_frames import frame_from
from lakehouse.table import Column, Table, conform, schema_of


def frame_of(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows of a declared table; columns that a row does not name are null. A name that the table has not is an error.

    Numbers and text are taken as decimals where the column is one.
    """
    for row in rows:
        unknown = set(row) - set(table.column_names)
        assert not unknown, f"{table.name} has no {unknown}"
    return frame_from(spark, [tuple(_value(c, row.get(c.name)) for c in table.columns) for row in rows], schema_of(table.columns))


def _value(column: Column, value: Any) -> Any:
    return Decimal(str(value)) if isinstance(column.type, DecimalType) and value is not None else value


def rows_of(frame: DataFrame, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The conformed frame's rows as sorted tuples of the named columns (all, if none is named)."""
    names = columns or tuple(table.column_names)
    return sorted(tuple(row[name] for name in names) for row in conform(frame, table).collect())


def answers(spark: SparkSession, texts: Sequence[str | None], expression: Callable[[SparkColumn], SparkColumn]) -> dict[str | None, object]:
    """What the expression makes of each text."""
    frame = frame_from(spark, [(text,) for text in texts], "text string")
    return {row[0]: row[1] for row in frame.select("text", expression(F.col("text"))).collect()}

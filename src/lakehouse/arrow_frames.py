"""Small frames from values of Python."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from lakehouse.table import Table, schema_of


def frame_from(spark: SparkSession, rows: Iterable[Sequence[Any]], schema: StructType | str) -> DataFrame:
    """A frame of these rows, values in the order of the schema (or DDL text). Times without a zone are UTC.

    pyarrow.ArrowException if a value is not of its column's type. Rows travel as an Arrow table and stand in the plan; what
    createDataFrame makes of a list instead starts a Python worker each time that the frame is used: 0.2 s for a single row.
    """
    kind = schema if isinstance(schema, StructType) else cast("StructType", StructType.fromDDL(schema))
    return spark.createDataFrame(arrow_rows(rows, kind), kind)


def arrow_rows(rows: Iterable[Sequence[Any]], schema: StructType) -> pa.Table:
    """The same as an Arrow table. Needs no Spark."""
    arrow = to_arrow_schema(schema)
    lists = list(zip(*rows, strict=True)) or [()] * len(arrow)
    arrays = [_array(values, field) for values, field in zip(lists, arrow, strict=True)]
    return pa.Table.from_arrays(arrays, schema=arrow)


def declared_schema(table: Table) -> pa.Schema:
    """The table's columns for Arrow, with their comments, which Delta keeps."""
    fields = zip(to_arrow_schema(schema_of(table.columns)), table.columns, strict=True)
    return pa.schema([pa.field(field.name, field.type, True, {"comment": column.comment}) for field, column in fields])


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    # What pyarrow makes of 1.5 where an integer is wanted is 1, without a word.
    if pa.types.is_integer(field.type) and any(isinstance(value, float) for value in values):
        raise pa.ArrowTypeError(f"{field.name}: a float is no {field.type}")
    return pa.array(values, field.type)

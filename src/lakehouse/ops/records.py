"""Tables of `ops` are declared by the dataclasses of their rows: one place says a column's name, type, meaning and default."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar

from pyspark.sql.types import DataType

from lakehouse.table import Column

Row = TypeVar("Row")


def column(of_type: DataType, comment: str, **default: object) -> Any:
    """A field of a row. `default=`: what it holds unless something is given, also in rows that are older than the column."""
    return field(metadata={"column": (of_type, comment)}, **default)  # type: ignore[call-overload]


def columns_of(*parts: type) -> tuple[Column, ...]:
    """The columns of a table whose rows are made of these dataclasses."""
    return tuple(Column(of.name, *of.metadata["column"]) for part in parts for of in fields(part))


def rows_as(kind: type[Row], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows as instances of their dataclass, or of one that is a part of them."""
    known = fields(kind)  # type: ignore[arg-type]
    return [kind(**{of.name: _value(of, row[of.name]) for of in known}) for row in rows]


def _value(of: Field[Any], value: Any) -> Any:
    return of.default if value is None and of.default is not MISSING else value

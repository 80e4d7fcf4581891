"""Types of values as Spark has them, and which type comes out where two meet. Money depends on this being exact."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

MAX_PRECISION = 38
NUMBERS = ("int", "bigint", "decimal", "double")


class NotOnTheList(Exception):
    """The query has something in it that Spark must answer. The text says what, as the end of "because …"."""


@dataclass(frozen=True)
class Kind:
    """A type. `kind` is Spark's name for it; a decimal has a precision and a scale, an array the kind of its elements."""

    kind: str
    precision: int = 0
    scale: int = 0
    element: "Kind | None" = None

    def __str__(self) -> str:
        """As DuckDB writes it. Times have no zone there: they are UTC."""
        if self.element is not None:
            return f"{self.element}[]"
        return f"DECIMAL({self.precision}, {self.scale})" if self.kind == "decimal" else DUCKDB[self.kind]

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


DUCKDB = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "null": "INTEGER",
}
BOOLEAN, INT, BIGINT, DOUBLE, STRING = Kind("boolean"), Kind("int"), Kind("bigint"), Kind("double"), Kind("string")
DATE, TIMESTAMP, NULL = Kind("date"), Kind("timestamp"), Kind("null")
# The columns of a table by their names, in their order; None: of a type that is not on the list.
Columns = Sequence[tuple[str, Kind | None]]
# Types as a table's schema writes them.
_IN_SCHEMAS = {
    "string": STRING,
    "long": BIGINT,
    "integer": INT,
    "double": DOUBLE,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": TIMESTAMP,
}


def kind_of(written: Any) -> Kind | None:
    """The kind of a type as a Delta schema writes it; None if it is not on the list."""
    if isinstance(written, dict):
        element = written.get("elementType")
        return Kind("array", element=_IN_SCHEMAS[element]) if element in ("string", "long", "integer") else None
    found = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", written)
    return decimal(int(found[1]), int(found[2])) if found else _IN_SCHEMAS.get(written)


def decimal(precision: int, scale: int) -> Kind:
    """Where Spark would have to give up digits, the query is Spark's."""
    if precision > MAX_PRECISION or scale > precision:
        raise NotOnTheList("a decimal in it needs more digits than there are")
    return Kind("decimal", precision, scale)


def as_decimal(kind: Kind) -> Kind:
    """A number without a fraction, as the decimal that holds all of its kind."""
    return {"int": Kind("decimal", 10), "bigint": Kind("decimal", 20)}.get(kind.kind, kind)


def common(kinds: Sequence[Kind]) -> Kind:
    """The kind that values of all these are brought to where they stand for one another: in CASE, coalesce, IN, UNION, comparisons."""
    return reduce(_wider, kinds)


def _wider(one: Kind, other: Kind) -> Kind:
    if one == other or other == NULL:
        return one
    if one == NULL:
        return other
    kinds = {one.kind, other.kind}
    if kinds == {"date", "timestamp"}:
        return TIMESTAMP
    if not (one.is_number and other.is_number):
        raise NotOnTheList(f"{one.kind} and {other.kind} meet in it")
    if "double" in kinds:
        return DOUBLE
    if "decimal" not in kinds:
        return BIGINT
    a, b = as_decimal(one), as_decimal(other)
    scale = max(a.scale, b.scale)
    return decimal(max(a.precision - a.scale, b.precision - b.scale) + scale, scale)


def of_sum(one: Kind, other: Kind) -> Kind:
    """What decimals added or taken from each other give."""
    scale = max(one.scale, other.scale)
    return decimal(max(one.precision - one.scale, other.precision - other.scale) + scale + 1, scale)


def of_product(one: Kind, other: Kind) -> Kind:
    """The decimal that Spark makes of two decimals that are multiplied."""
    return decimal(one.precision + other.precision + 1, one.scale + other.scale)

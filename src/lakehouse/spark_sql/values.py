"""Expressions in DuckDB's words with the kind that Spark gives them: literals, casts, comparisons, arithmetic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lakehouse.spark_sql.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    STRING,
    TIMESTAMP,
    Kind,
    NotOnTheList,
    as_decimal,
    common,
    decimal,
    of_product,
    of_sum,
)

# What DuckDB would answer in another way ends its query with an error: Spark is asked then.
GIVE_UP = "error('not for DuckDB')"


@dataclass(frozen=True)
class Value:
    """`literal`: the text of a number or text that stands in the query as it is. `name`: the column's name if it gets no other;
    None where Spark would make a name up. `aggregated`: there is an aggregate in it; `windowed`: a window.
    """

    sql: str
    kind: Kind
    literal: str | None = None
    name: str | None = None
    aggregated: bool = False
    windowed: bool = False


def text(value: str) -> Value:
    """A literal text."""
    return Value("'" + value.replace("'", "''") + "'", STRING, literal=value, name=value)


def number(written: str) -> Value:
    """A literal: what has a point is a decimal with as many digits as are written."""
    sign, digits = ("-", written[1:]) if written.startswith("-") else ("", written)
    if re.fullmatch(r"\d+", digits):
        size = int(written)
        kind = INT if -(2**31) <= size < 2**31 else BIGINT
        if not -(2**63) <= size < 2**63:
            raise NotOnTheList("a whole number in it is very large")
        return Value(f"CAST({size} AS {kind})", kind, literal=str(size), name=str(size))
    found = re.fullmatch(r"(\d*)\.(\d+)", digits)
    if found is None:
        raise NotOnTheList(f"the number {written} is written in a special way")
    scale = len(found[2])
    kind = decimal(max(len((found[1] + found[2]).lstrip("0")), scale), scale)
    return Value(f"CAST('{sign}{digits}' AS {kind})", kind, literal=f"{sign}{digits}")


def cast(value: Value, to: Kind) -> str:
    """The value as another kind, where Spark would bring it there by itself and no digit is lost on the way."""
    if value.kind == to:
        return value.sql
    if to == DOUBLE and value.literal is not None:
        return f"CAST('{value.literal}' AS DOUBLE)"
    if to == DOUBLE and value.kind.kind == "decimal":
        raise NotOnTheList("a decimal becomes a double in it")
    return f"CAST({value.sql} AS {to})"


def aligned(values: Sequence[Value]) -> tuple[list[str], Kind]:
    """All of them as their common kind. A text that is written as a day or time is one beside days and times."""
    kinds = {value.kind.kind for value in values}
    if kinds & {"date", "timestamp"} and "string" in kinds:
        times = common([value.kind for value in values if value.kind != STRING])
        values = [moment(value, times) if value.kind == STRING else value for value in values]
    kind = common([value.kind for value in values])
    return [cast(value, kind) for value in values], kind


def moment(value: Value, kind: Kind) -> Value:
    """A literal day or time."""
    form, written = ("%Y-%m-%d", r"\d{4}-\d\d-\d\d"), value.literal or ""
    if kind == TIMESTAMP and len(written) != 10:
        form = ("%Y-%m-%d %H:%M:%S", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
    try:
        found = re.fullmatch(form[1], written) and datetime.strptime(written, form[0])
    except ValueError:
        found = None
    if not found:
        raise NotOnTheList(f"a text meets a {kind.kind} in it")
    return Value(f"CAST('{found:%Y-%m-%d %H:%M:%S}' AS TIMESTAMP)" if kind == TIMESTAMP else f"DATE '{written}'", kind)


def compared(sign: str, left: Value, right: Value) -> str:
    """SQL of a comparison; both sides are brought to one kind first."""
    (one, other), kind = aligned([left, right])
    if kind.element is not None:
        raise NotOnTheList("arrays are compared in it")
    return f"({one} {sign} {other})"


def calculated(sign: str, left: Value, right: Value) -> Value:
    """Sum, difference or product. What does not fit into the kind is an error, as in Spark."""
    if not (left.kind.is_number and right.kind.is_number):
        raise NotOnTheList(f"{left.kind.kind} {sign} {right.kind.kind} is in it")
    kind = common([left.kind, right.kind])
    if kind.kind != "decimal":
        return Value(f"({cast(left, kind)} {sign} {cast(right, kind)})", kind)
    a, b = _operand(left), _operand(right)
    if sign == "*":
        result = of_product(a, b)
        return Value(f"CAST({cast(left, a)} * {cast(right, b)} AS {result})", result)
    result = of_sum(a, b)
    return Value(f"CAST({cast(left, result)} {sign} {cast(right, result)} AS {result})", result)


def _operand(value: Value) -> Kind:
    """A literal whole number beside a decimal counts with the digits that it has."""
    if value.literal is not None and value.kind in (INT, BIGINT):
        return decimal(len(value.literal.lstrip("-")), 0)
    return as_decimal(value.kind)


def divided(left: Value, right: Value) -> Value:
    """As doubles. Spark refuses to divide by zero."""
    if "decimal" in (left.kind.kind, right.kind.kind) or not (left.kind.is_number and right.kind.is_number):
        raise NotOnTheList("it divides decimals" if left.kind.is_number and right.kind.is_number else "it divides what are no numbers")
    one, other = cast(left, DOUBLE), cast(right, DOUBLE)
    return Value(f"CASE WHEN {other} = 0 THEN {GIVE_UP} ELSE {one} / {other} END", DOUBLE)


def negative(value: Value) -> Value:
    """The value with the other sign."""
    if value.literal is not None and value.kind.is_number:
        return number(value.literal[1:] if value.literal.startswith("-") else f"-{value.literal}")
    if not value.kind.is_number:
        raise NotOnTheList(f"-{value.kind.kind} is in it")
    sql = f"(-{value.sql})" if value.kind.kind in ("double", "decimal") else f"(CAST(0 AS {value.kind}) - {value.sql})"
    return Value(sql, value.kind)


def converted(value: Value, to: Kind) -> Value:
    """CAST as the query says it, between kinds of which both engines keep the same."""
    a, b = value.kind.kind, to.kind
    is_wider = a == b or (a, b) in {("int", "bigint"), ("int", "double"), ("bigint", "double"), ("bigint", "int"), ("date", "timestamp")}
    is_number = b == "decimal" and a in ("int", "bigint", "decimal")
    is_text = b == "string" and a in ("int", "bigint", "date", "boolean")
    is_day = (a, b) == ("timestamp", "date")
    if a == "string" and b in ("date", "timestamp"):
        return moment(value, to)
    if not (is_wider or is_number or is_text or is_day) or value.kind.element is not None:
        raise NotOnTheList(f"it casts {a} to {b}")
    return Value(cast(value, to), to)


def condition(value: Value) -> str:
    """SQL of a boolean value. Spark would take no other kind for a condition."""
    if value.kind != BOOLEAN:
        raise NotOnTheList(f"a {value.kind.kind} is taken for a condition in it")
    return value.sql


def keyed(value: Value) -> str:
    """As a key of groups, distinct rows or partitions: -0.0 and 0.0 are one there, but which of them is shown is chance."""
    if value.kind == DOUBLE:
        raise NotOnTheList("doubles are grouped or made distinct in it")
    return value.sql


def keys_of(values: Sequence[Value]) -> list[str]:
    """SQL of each value as a key (`keyed`)."""
    return [keyed(value) for value in values]


def day(value: Value) -> str:
    """SQL of a date; a timestamp is cut to its day in UTC."""
    if value.kind not in (DATE, TIMESTAMP):
        raise NotOnTheList(f"a {value.kind.kind} is taken for a day in it")
    return cast(value, DATE)

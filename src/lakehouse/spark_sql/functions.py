"""The functions on the list. To add one: write it here, and into the expressions that tests/spark_sql makes at random.

Each takes its arguments as values and gives DuckDB's words for it, or raises `NotOnTheList`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lakehouse.spark_sql.kinds import BOOLEAN, DATE, INT, NUMBERS, STRING, TIMESTAMP, NotOnTheList, decimal
from lakehouse.spark_sql.values import GIVE_UP, Value, aligned, cast, compared, day

# An aggregate's words have these where DISTINCT, and where FILTER or OVER comes. A query that holds them is refused (parsing.py).
MARK, PLACE = "\1", "\2"
UNITS = ("year", "quarter", "month", "week", "day")
MORE_UNITS = (*UNITS, "hour", "minute", "second")
Arguments = Sequence[Value]


@dataclass(frozen=True)
class Function:
    """`least` and `most`: how many arguments it takes."""

    write: Callable[[Arguments], Value]
    least: int = 1
    most: int = 1


def called(name: str, arguments: Arguments, functions: dict[str, Function]) -> Value:
    """A call of one of these functions. NotOnTheList if it is not among them, or has another number of arguments."""
    function = functions.get(name)
    if function is None or not function.least <= len(arguments) <= function.most:
        raise NotOnTheList(f"{name}() with {len(arguments)} arguments is in it" if function else f"{name}() is in it")
    return function.write(arguments)


def _part_of_a_day(name: str) -> Function:
    def write(given: Arguments) -> Value:
        # Days of the week count from 0 there.
        return Value(f"CAST({name}({day(given[0])}) + {1 if name == 'dayofweek' else 0} AS INTEGER)", INT)

    return Function(write)


def _part_of_a_time(name: str) -> Function:
    def write(given: Arguments) -> Value:
        return Value(f"CAST({name}({of_kind(given[0], 'timestamp')}) AS INTEGER)", INT)

    return Function(write)


def of_kind(value: Value, *kinds: str) -> str:
    """The value's SQL. NotOnTheList if its kind is none of these."""
    if value.kind.kind not in kinds:
        raise NotOnTheList(f"{value.kind.kind} stands where {kinds[0]} is expected in it")
    return value.sql


def whole(value: Value, least: int = -(2**31)) -> int:
    """A literal whole number."""
    if value.literal is None or value.kind != INT or int(value.literal) < least:
        raise NotOnTheList("a function in it has an argument that is not a plain number")
    return int(value.literal)


def _unit(value: Value, units: Sequence[str]) -> str:
    unit = (value.literal or "").lower()
    if value.kind != STRING or unit not in units:
        raise NotOnTheList("it cuts times in another way")
    return unit


def _date_trunc(given: Arguments) -> Value:
    of_kind(given[1], "timestamp", "date")
    return Value(f"CAST(date_trunc('{_unit(given[0], MORE_UNITS)}', {cast(given[1], TIMESTAMP)}) AS TIMESTAMP)", TIMESTAMP)


def _trunc(given: Arguments) -> Value:
    return Value(f"CAST(date_trunc('{_unit(given[1], UNITS[:-1])}', {day(given[0])}) AS DATE)", DATE)


def _later(sign: str) -> Function:
    return Function(lambda given: Value(f"({day(given[0])} {sign} {of_kind(given[1], 'int')})", DATE), 2, 2)


def _days_between(given: Arguments) -> Value:
    return Value(f"CAST({day(given[0])} - {day(given[1])} AS INTEGER)", INT)


def _cased(name: str) -> Function:
    """Of letters outside ASCII the two make different ones."""

    def write(given: Arguments) -> Value:
        of = of_kind(given[0], "string")
        return Value(f"CASE WHEN strlen({of}) = length({of}) THEN {name}({of}) WHEN {of} IS NOT NULL THEN {GIVE_UP} END", STRING)

    return Function(write)


def joined(given: Arguments) -> Value:
    """Null if one of them is."""
    return Value(f"({' || '.join(of_kind(value, 'string') for value in given)})", STRING)


def _substring(given: Arguments) -> Value:
    length = f", {whole(given[2], 0)}" if len(given) == 3 else ""
    return Value(f"substring({of_kind(given[0], 'string')}, {whole(given[1], 1)}{length})", STRING)


def _tests_text(name: str) -> Function:
    return Function(lambda given: Value(f"{name}({of_kind(given[0], 'string')}, {of_kind(given[1], 'string')})", BOOLEAN), 2, 2)


def _coalesce(given: Arguments) -> Value:
    words, kind = aligned(given)
    return Value(f"coalesce({', '.join(words)})", kind)


def _nullif(given: Arguments) -> Value:
    return Value(f"CASE WHEN {compared('=', *given)} THEN NULL ELSE {given[0].sql} END", given[0].kind)


def _extreme(name: str) -> Function:
    def write(given: Arguments) -> Value:
        if len({value.kind == STRING for value in given}) > 1:
            raise NotOnTheList(f"{name}() has texts beside other values in it")
        words, kind = aligned(given)
        of_kind(Value("", kind), "int", "bigint", "decimal", "date", "timestamp", "string")
        return Value(f"{name}({', '.join(words)})", kind)

    return Function(write, 2, 9)


def _abs(given: Arguments) -> Value:
    return Value(f"abs({of_kind(given[0], *NUMBERS)})", given[0].kind)


def _round(given: Arguments) -> Value:
    """Halves go away from zero in both, where they are exact."""
    of = given[0].kind
    of_kind(given[0], "decimal")
    scale = min(whole(given[1], 0) if len(given) == 2 else 0, of.scale)
    kind = decimal(min(of.precision - of.scale + 1 + scale, 38), scale)
    return Value(cast(given[0], kind) if of.scale > scale else f"CAST({given[0].sql} AS {kind})", kind)


def _size(given: Arguments) -> Value:
    return Value(f"CAST(len({of_kind(given[0], 'array')}) AS INTEGER)", INT)


SCALAR: dict[str, Function] = {
    **{name: _part_of_a_day(name) for name in ("year", "quarter", "month", "day", "dayofmonth", "dayofweek", "dayofyear", "weekofyear")},
    **{name: _part_of_a_time(name) for name in ("hour", "minute")},
    "date_trunc": Function(_date_trunc, 2, 2),
    "trunc": Function(_trunc, 2, 2),
    "date": Function(lambda given: Value(day(given[0]), DATE)),
    "to_date": Function(lambda given: Value(day(given[0]), DATE)),
    "last_day": Function(lambda given: Value(f"last_day({day(given[0])})", DATE)),
    "date_add": _later("+"),
    "date_sub": _later("-"),
    "datediff": Function(_days_between, 2, 2),
    "lower": _cased("lower"),
    "upper": _cased("upper"),
    "length": Function(lambda given: Value(f"CAST(length({of_kind(given[0], 'string')}) AS INTEGER)", INT)),
    "trim": Function(lambda given: Value(f"trim({of_kind(given[0], 'string')}, ' ')", STRING)),
    "concat": Function(joined, 1, 9),
    "substring": Function(_substring, 2, 3),
    "substr": Function(_substring, 2, 3),
    "startswith": _tests_text("starts_with"),
    "endswith": _tests_text("ends_with"),
    "contains": _tests_text("contains"),
    "coalesce": Function(_coalesce, 1, 9),
    "nvl": Function(_coalesce, 2, 2),
    "ifnull": Function(_coalesce, 2, 2),
    "nullif": Function(_nullif, 2, 2),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "abs": Function(_abs),
    "round": Function(_round, 1, 2),
    "size": Function(_size),
    "isnan": Function(lambda given: Value(f"coalesce(isnan({of_kind(given[0], 'double')}), false)", BOOLEAN)),
    "isnull": Function(lambda given: Value(f"({given[0].sql} IS NULL)", BOOLEAN)),
    "isnotnull": Function(lambda given: Value(f"({given[0].sql} IS NOT NULL)", BOOLEAN)),
}

"""The aggregates on the list, and the functions that only windows have. To add one: as in functions.py."""

from lakehouse.spark_sql.functions import MARK, PLACE, Arguments, Function, called, of_kind, whole
from lakehouse.spark_sql.kinds import BIGINT, DOUBLE, INT, NUMBERS, NotOnTheList, decimal
from lakehouse.spark_sql.values import GIVE_UP, Value, condition, keyed


def _sum(given: Arguments) -> Value:
    """DuckDB adds up in 128 bits; Spark's result has a narrower kind."""
    of = given[0].kind
    if of == DOUBLE:
        raise NotOnTheList("it adds up doubles, whose last digits depend on their order")
    of_kind(given[0], "int", "bigint", "decimal")
    kind = decimal(of.precision + 10, of.scale) if of.kind == "decimal" else BIGINT
    return Value(f"CAST(sum({MARK}{given[0].sql}){PLACE} AS {kind})", kind)


def _average(given: Arguments) -> Value:
    """Spark adds doubles up: exact, in whatever order, while the sum of what is added stays below 2^53."""
    if given[0].kind.kind in ("decimal", "double"):
        raise NotOnTheList(f"it takes the average of {given[0].kind.kind}s")
    of = of_kind(given[0], "int", "bigint")
    total, size, count = (f"{call}){PLACE}" for call in (f"sum({of}", f"sum(abs(CAST({of} AS HUGEINT))", f"count({of}"))
    return Value(f"CASE WHEN {size} >= {2**53} THEN {GIVE_UP} WHEN {count} > 0 THEN CAST({total} AS DOUBLE) / {count} END", DOUBLE)


def _bound(name: str) -> Function:
    def write(given: Arguments) -> Value:
        of = given[0].kind
        of_kind(given[0], *NUMBERS, "string", "date", "timestamp", "boolean")
        words = f"{name}({given[0].sql}){PLACE}"
        # Which of -0.0 and 0.0 comes out is chance.
        return Value(f"CASE WHEN {words} = 0 THEN {GIVE_UP} ELSE {words} END" if of == DOUBLE else words, of)

    return Function(write)


def _count(given: Arguments) -> Value:
    if len(given) == 1:
        return Value(f"count({MARK}{given[0].sql}){PLACE}", BIGINT)
    known = " AND ".join(f"{value.sql} IS NOT NULL" for value in given)
    return Value(f"count({MARK}CASE WHEN {known} THEN row({', '.join(value.sql for value in given)}) END){PLACE}", BIGINT)


AGGREGATES: dict[str, Function] = {
    "count": Function(_count, 1, 9),
    "sum": Function(_sum),
    "min": _bound("min"),
    "max": _bound("max"),
    "avg": Function(_average),
    "count_if": Function(lambda given: Value(f"count(CASE WHEN {condition(given[0])} THEN 1 END){PLACE}", BIGINT)),
}


def _rank(name: str) -> Function:
    return Function(lambda given: Value(f"CAST({name}(){PLACE} AS INTEGER)", INT), 0, 0)


def _neighbour(name: str) -> Function:
    def write(given: Arguments) -> Value:
        distance = f", {whole(given[1], 0)}" if len(given) == 2 else ""
        return Value(f"{name}({given[0].sql}{distance}){PLACE}", given[0].kind)

    return Function(write, 1, 2)


RANKS: dict[str, Function] = {
    **{name: _rank(name) for name in ("row_number", "rank", "dense_rank")},
    **{name: _neighbour(name) for name in ("lag", "lead")},
}


def aggregate(name: str, arguments: Arguments, distinct: bool) -> Value:
    """With PLACE in its words."""
    if distinct and name not in ("count", "sum"):
        raise NotOnTheList(f"{name}(DISTINCT …) is in it")
    if distinct:
        for value in arguments:
            keyed(value)
    found = called(name, arguments, AGGREGATES)
    return Value(found.sql.replace(MARK, "DISTINCT " if distinct else ""), found.kind, aggregated=True)


def placed(value: Value, words: str) -> str:
    """The value's SQL with `words` where FILTER or OVER belongs."""
    return value.sql.replace(PLACE, words)

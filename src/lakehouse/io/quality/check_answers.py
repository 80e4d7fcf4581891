"""How many rows break each check: told by the driver where it can, else by one query of Spark for all tables, whatever their number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lakehouse.checks import Check
from lakehouse.io.quality.check_answers_here import ROWS, counts_here, types_here
from lakehouse.sample_keys import SAMPLES, sample_keys
from lakehouse.table import Rule, Table, holds, with_answer


@dataclass(frozen=True)
class Due:
    """A version of a table that is to be judged by these checks.

    `read` gives it, and the versions of tables that its references name, as frames; `opened` gives them for delta-rs, None for
    those that are Spark's. Neither is called before it is needed.
    """

    table: Table
    read: Callable[[Table], DataFrame]
    checks: Sequence[Check]
    opened: Callable[[Table], Any] = lambda _: None

    @cached_property
    def frame(self) -> DataFrame:
        """The rows of the version that is judged."""
        return self.read(self.table)

    @property
    def view(self) -> str:
        """The frame's name in queries."""
        return f"judged_{self.table.name.replace('.', '_')}"

    @property
    def asked(self) -> list[Check]:
        """The checks that need a query."""
        return [check for check in self.checks if check.kind not in ("rows", "type")]


@dataclass(frozen=True)
class Answers:
    """Of one table: its rows, and for each check by name how many rows (keys, things) break it; None where that could not be told."""

    rows: int
    unexpected: Mapping[str, int | None]


def answers(due: Sequence[Due]) -> list[Answers]:
    """In the order of `due`. What the driver can't tell is one Spark job."""
    here = [_here(each) for each in due]
    left = [replace(each, checks=_left(each, told)) for each, told in zip(due, here, strict=True)]
    in_spark = iter(_in_spark([each for each, told in zip(left, here, strict=True) if told is None or each.checks]))
    found = []
    for rest, told in zip(left, here, strict=True):
        if told is None:
            found.append(next(in_spark))
        else:
            found.append(Answers(told.rows, {**told.unexpected, **(next(in_spark).unexpected if rest.checks else {})}))
    return found


def _here(due: Due) -> Answers | None:
    """What the driver can tell; None if the table is Spark's."""
    opened = {table.name: due.opened(table) for table in (due.table, *(reference.to for reference in due.table.references))}
    counts = counts_here(due.table, due.asked, opened)
    if ROWS not in counts:
        return None
    rows = counts.pop(ROWS)
    return Answers(rows, {**counts, **_of_columns(due, types_here(opened[due.table.name]), rows)})


def _left(due: Due, told: Answers | None) -> Sequence[Check]:
    return due.checks if told is None else [check for check in due.asked if check.name not in told.unexpected]


def _in_spark(due: Sequence[Due]) -> list[Answers]:
    """One job where every check can be told; else each table, and of that each check, is asked alone."""
    if not due:
        return []
    try:
        return _asked(due)
    except PySparkException:
        return [_alone(each) for each in due]


def sample(due: Due, check: Check) -> tuple[str, tuple[str, ...]]:
    """(figures, keys) of up to five things that break a check: of a query what it says beside its keys, in their order."""
    if check.query:
        due.frame.createOrReplaceTempView(due.view)
        rows = due.frame.sparkSession.sql(_query(due, check))
        return _figures(due.table, rows), sample_keys(due.table, rows)
    return "", sample_keys(due.table, _answered(due, [check]).where(_is_broken(check)))


def _alone(due: Due) -> Answers:
    try:
        return _asked([due])[0]
    except PySparkException:
        (counted,) = _asked([replace(due, checks=())])
        return Answers(counted.rows, {check.name: _one(due, check) for check in due.checks})


def _one(due: Due, check: Check) -> int | None:
    try:
        return _asked([replace(due, checks=[check])])[0].unexpected[check.name]
    except PySparkException:
        return None


def _asked(due: Sequence[Due]) -> list[Answers]:
    for each in due:
        each.frame.createOrReplaceTempView(each.view)
    rows = reduce(DataFrame.unionAll, [_counts(number, each) for number, each in enumerate(due)]).collect()
    by_number = {row["number"]: row["counts"] for row in rows}
    found = []
    for number, each in enumerate(due):
        count, *broken = by_number[number]
        unexpected: dict[str, int | None] = dict(zip((check.name for check in each.asked), broken, strict=True))
        found.append(Answers(count, unexpected | _of_columns(each, each.frame.schema, count)))
    return found


def _of_columns(due: Due, schema: StructType, rows: int) -> dict[str, int | None]:
    """Checks that need no query: the number of rows, and the columns' types."""
    types = {column.name: column.dataType for column in schema}
    wanted = {column.name: column.type for column in due.table.columns}
    found: dict[str, int | None] = {}
    for check in due.checks:
        if check.kind == "rows":
            found[check.name] = int(not (check.low or 0) <= rows <= (rows if check.high is None else check.high))
        elif check.kind == "type":
            (name,) = check.columns
            found[check.name] = None if name not in types else int(type(types[name]) is not type(wanted[name]))
    return found


def _counts(number: int, due: Due) -> DataFrame:
    """One row: the table's number, and counts of its rows and of what breaks each check that needs a query, in their order."""
    asked, answered = due.asked, _answered(due, due.asked)
    of_rows = [F.count_if(_is_broken(check)).alias(f"n{place}") for place, check in enumerate(asked) if not check.query]
    counted = answered.agg(F.count(F.lit(1)).alias("rows"), *of_rows)
    counts = [
        F.expr(f"(SELECT count(*) FROM ({_query(due, check)}))") if check.query else F.col(f"n{place}") for place, check in enumerate(asked)
    ]
    return counted.select(F.lit(number).alias("number"), F.array(F.col("rows"), *counts).alias("counts"))


def _is_broken(check: Check) -> Column:
    return ~F.col(f"`{check.name}`") if check.kind == "reference" else ~holds(Rule(check.name, check.meaning))


def _answered(due: Due, checks: Sequence[Check]) -> DataFrame:
    """The frame, with a boolean column for each reference among the checks: whether the row names a row of the other table, or none."""
    declared = {reference.name: reference for reference in due.table.references}
    answered = due.frame
    for check in (check for check in checks if check.kind == "reference"):
        answered = with_answer(answered, declared[check.name], due.read(declared[check.name].to))
    return answered


def _query(due: Due, check: Check) -> str:
    return check.query.replace("{batch}", due.view)


def _figures(table: Table, rows: DataFrame) -> str:
    """As newest 2026-11-01; newest 2026-11-02."""
    figures, keys = ([name for name in rows.columns if (name in table.key) is is_key] for is_key in (False, True))
    if not figures:
        return ""
    found = rows.orderBy(*keys).limit(SAMPLES).select(*figures).collect()
    return "; ".join(", ".join(f"{name} {value}" for name, value in row.asDict().items()) for row in found)

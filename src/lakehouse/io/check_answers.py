"""How many rows break each check: one query for all tables that are to be judged, whatever their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.quality import Check
from lakehouse.sample_keys import SAMPLES, sample_keys
from lakehouse.table import Rule, Table, holds, with_answer


@dataclass(frozen=True)
class Due:
    """A version of a table that is to be judged by these checks. `others` are the tables that references name, by name."""

    table: Table
    frame: DataFrame
    checks: Sequence[Check]
    others: Mapping[str, DataFrame] = field(default_factory=dict)

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
    """In the order of `due`. One Spark job where every check can be told; else each table, and of that each check, is asked alone."""
    for each in due:
        each.frame.createOrReplaceTempView(each.view)
    try:
        return _asked(due)
    except PySparkException:
        return [_alone(each) for each in due]


def sample(due: Due, check: Check) -> tuple[str, tuple[str, ...]]:
    """(figures, keys) of up to five things that break a check: of a query what it says beside its keys, in their order."""
    if check.query:
        rows = due.frame.sparkSession.sql(_query(due, check))
        return _figures(due.table, rows), sample_keys(due.table, rows)
    return "", sample_keys(due.table, _answered(due, [check]).where(_is_broken(check)))


def _alone(due: Due) -> Answers:
    try:
        return _asked([due])[0]
    except PySparkException:
        (counted,) = _asked([Due(due.table, due.frame, (), {})])
        return Answers(counted.rows, {check.name: _one(due, check) for check in due.checks})


def _one(due: Due, check: Check) -> int | None:
    try:
        return _asked([Due(due.table, due.frame, [check], due.others)])[0].unexpected[check.name]
    except PySparkException:
        return None


def _asked(due: Sequence[Due]) -> list[Answers]:
    rows = reduce(DataFrame.unionAll, [_counts(number, each) for number, each in enumerate(due)]).collect()
    by_number = {row["number"]: row["counts"] for row in rows}
    found = []
    for number, each in enumerate(due):
        count, *broken = by_number[number]
        unexpected: dict[str, int | None] = dict(zip((check.name for check in each.asked), broken, strict=True))
        found.append(Answers(count, unexpected | _of_columns(each, count)))
    return found


def _of_columns(due: Due, rows: int) -> dict[str, int | None]:
    """Checks that need no query: the number of rows, and the columns' types."""
    types = {column.name: column.dataType for column in due.frame.schema}
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
        answered = with_answer(answered, declared[check.name], due.others[declared[check.name].to.name])
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

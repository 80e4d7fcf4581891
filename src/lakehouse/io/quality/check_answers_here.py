"""How many rows break each check, told by the driver from a table's files, where Spark would say the same."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from pyspark.sql.types import StructType

from lakehouse.checks import Check
from lakehouse.io.delta import delta_files
from lakehouse.io.delta.spark_sql_here import SparkSqlHere
from lakehouse.spark_sql import NotOnTheList
from lakehouse.table import Reference, Table

# No check has this name.
ROWS = "rows_of_the_table"


def counts_here(table: Table, asked: list[Check], opened: Mapping[str, Any]) -> dict[str, int]:
    """By a check's name the rows (keys, things) that break it, and by ROWS all rows. Not of checks that only Spark can tell.

    `opened`: by name the table and those that its references name, for delta-rs; None where one is Spark's.
    """
    if opened[table.name] is None:
        return {}
    here = SparkSqlHere(partial(_opened, opened))
    rules = {check.name: _breaks(check) for check in asked if check.kind == "rule"}
    one_by_one = {name: f"SELECT {breaks} AS n FROM {table.name}" for name, breaks in rules.items()}
    known = [name for name, sql in one_by_one.items() if _is_told_here(sql, here)]
    of_rows = ", ".join(["count(*) AS n", *(f"{rules[name]} AS n{place}" for place, name in enumerate(known))])
    found = dict(zip([ROWS, *known], _answer(f"SELECT {of_rows} FROM {table.name}", here) or (), strict=False))
    for check in asked:
        if check.kind != "rule" and (answer := _answer(_question(table, check), here)) is not None:
            found[check.name] = answer[0]
    return found


def types_here(table: Any) -> StructType:
    """The columns' types as Spark has them."""
    return StructType.fromJson(json.loads(delta_files.schema_json(table)))


def _opened(opened: Mapping[str, Any], name: str) -> Any:
    if opened.get(name) is None:
        raise NotOnTheList(f"{name} is Spark's")
    return opened[name]


def _breaks(check: Check) -> str:
    return f"coalesce(sum(CASE WHEN coalesce(({check.meaning}), false) THEN 0 ELSE 1 END), 0)"


def _question(table: Table, check: Check) -> str:
    if check.query:
        return f"SELECT count(*) AS n FROM ({check.query.replace('{batch}', table.name)}) AS found"
    reference = next(reference for reference in table.references if reference.name == check.name)
    return _names_nothing(table, reference)


def _names_nothing(table: Table, reference: Reference) -> str:
    """Rows whose columns are all known and stand in no row of the other table."""
    pairs = zip(reference.columns, reference.key or reference.columns, strict=True)
    same = " AND ".join(f"a.`{column}` = b.`{key}`" for column, key in pairs)
    known = " AND ".join(f"a.`{column}` IS NOT NULL" for column in reference.columns)
    return f"SELECT count(*) AS n FROM {table.name} AS a LEFT ANTI JOIN {reference.to.name} AS b ON {same} WHERE {known}"


def _answer(sql: str, here: SparkSqlHere) -> tuple[int, ...] | None:
    """The one row of the answer; None if only Spark can tell."""
    try:
        (row,) = here.answer(here.translated(sql)).to_pylist()
    except (NotOnTheList, *delta_files.UNREADABLE):
        return None
    return tuple(row.values())


def _is_told_here(sql: str, here: SparkSqlHere) -> bool:
    try:
        here.translated(sql)
    except NotOnTheList:
        return False
    return True

"""How many rows break each check, told by the driver from a table's files, where Spark would say the same."""

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql.types import StructType

from lakehouse.io import delta_files
from lakehouse.quality import Check
from lakehouse.spark_sql import Columns, NotOnTheList, kind_of, translated
from lakehouse.table import Reference, Table

# No check has this name.
ROWS = "rows_of_the_table"


def counts_here(table: Table, asked: list[Check], opened: Mapping[str, Any]) -> dict[str, int]:
    """By a check's name the rows (keys, things) that break it, and by ROWS all rows. Not of checks that only Spark can tell.

    `opened`: by name the table and those that its references name, for delta-rs; None where one is Spark's.
    """
    if opened[table.name] is None:
        return {}
    rules = {check.name: _breaks(check) for check in asked if check.kind == "rule"}
    one_by_one = {name: f"SELECT {breaks} AS n FROM {table.name}" for name, breaks in rules.items()}
    known = [name for name, sql in one_by_one.items() if _translated(sql, opened) is not None]
    of_rows = ", ".join(["count(*) AS n", *(f"{rules[name]} AS n{place}" for place, name in enumerate(known))])
    found = dict(zip([ROWS, *known], _answer(f"SELECT {of_rows} FROM {table.name}", opened) or (), strict=False))
    for check in asked:
        if check.kind != "rule" and (answer := _answer(_question(table, check), opened)) is not None:
            found[check.name] = answer[0]
    return found


def types_here(table: Any) -> StructType:
    """The columns' types as Spark has them."""
    return StructType.fromJson(json.loads(delta_files.schema_json(table)))


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


def _answer(sql: str, opened: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The one row of the answer; None if only Spark can tell."""
    found = _translated(sql, opened)
    if found is None:
        return None
    types = {name: {column: str(kind) for column, kind in _columns(opened[name]) if kind is not None} for name in found.tables}
    try:
        rows = delta_files.ask_tables(found.sql, {name: (opened[name], types[name]) for name in found.tables}).to_pylist()
    except delta_files.UNREADABLE:
        return None
    return tuple(rows[0].values())


def _translated(sql: str, opened: Mapping[str, Any]) -> Any:
    def columns_of(name: str) -> Columns:
        if opened.get(name) is None:
            raise NotOnTheList(f"{name} is Spark's")
        return _columns(opened[name])

    try:
        return translated(sql, columns_of)
    except NotOnTheList:
        return None


def _columns(table: Any) -> Columns:
    return [(field["name"], kind_of(field["type"])) for field in json.loads(delta_files.schema_json(table))["fields"]]

"""A table's checks as a suite of Great Expectations: each as the library's own expectation, or as SQL where the library has none.

A suite can be run by the library on a frame of the table. The night does not do that: it counts what breaks the checks of all tables
at once (`check_answers.py`) and has the same expectations judge the counts (`expectations.py`).
"""

import os
import re
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when it is imported

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from lakehouse.checks import Check
from lakehouse.table import Reference, Table

COLUMN, NUMBER = r"`?(?P<column>\w+)`?", r"-?\d+(?:\.\d+)?"
OR_NULL = rf"{COLUMN} is null or `?(?P=column)`?"
# Conditions that say what an expectation of the library says. That leaves out nulls, so they must be good ones here too.
NOT_NULL = re.compile(rf"{COLUMN} is not null")
IN_SET = re.compile(rf"{OR_NULL} in (?P<values>\('[^']*'(?:, '[^']*')*\))")
BETWEEN = re.compile(rf"{OR_NULL} (?:between (?P<least>{NUMBER}) and (?P<most>{NUMBER})|(?P<sign>[<>]=?) (?P<bound>{NUMBER}))")


def expectation(table: Table, check: Check) -> Expectation:
    """The expectation that judges the check. Its `meta` has the check's name."""
    said: dict[str, Any] = {
        "description": f"{check.name}: {check.meaning}",
        "meta": {"check": check.name},
        "severity": check.severity,
    }
    if check.kind == "rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=check.low, max_value=check.high, **said)
    if check.kind == "type":
        declared = next(column.type for column in table.columns if column.name == check.columns[0])
        return gxe.ExpectColumnValuesToBeOfType(column=check.columns[0], type_=type(declared).__name__, **said)
    if check.kind == "key" and len(table.key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=table.key[0], **said)
    if check.kind == "key":
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(table.key), **said)
    if check.kind == "reference":
        (reference,) = (each for each in table.references if each.name == check.name)
        return gxe.UnexpectedRowsExpectation(unexpected_rows_query=_without_other(reference), **said)
    if check.query:
        return gxe.UnexpectedRowsExpectation(unexpected_rows_query=check.query, **said)
    return _of_rule(check.meaning, said)


def _of_rule(condition: str, said: dict[str, Any]) -> Expectation:
    if found := NOT_NULL.fullmatch(condition):
        return gxe.ExpectColumnValuesToNotBeNull(column=found["column"], **said)
    if found := IN_SET.fullmatch(condition):
        values = re.findall("'([^']*)'", found["values"])
        return gxe.ExpectColumnValuesToBeInSet(column=found["column"], value_set=values, **said)
    if found := BETWEEN.fullmatch(condition):
        bound, is_least = found["bound"], (found["sign"] or "").startswith(">")
        ends = (bound, None) if is_least else (found["least"], found["most"] or bound)
        least, most = (None if end is None else float(end) for end in ends)
        return gxe.ExpectColumnValuesToBeBetween(
            column=found["column"],
            min_value=least,
            max_value=most,
            strict_min=found["sign"] == ">",
            strict_max=found["sign"] == "<",
            **said,
        )
    braces = condition.replace("{", "{{").replace("}", "}}")
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=f"SELECT * FROM {{batch}} WHERE NOT coalesce({braces}, false)", **said)


def _without_other(reference: Reference) -> str:
    """The rows that name a row which the other table does not have."""
    names = list(zip(reference.columns, reference.key or reference.columns, strict=True))
    known = " AND ".join(f"batch.`{column}` IS NOT NULL" for column, _ in names)
    same = " AND ".join(f"other.`{key}` = batch.`{column}`" for column, key in names)
    return f"SELECT batch.* FROM {{batch}} AS batch WHERE {known} AND NOT EXISTS (SELECT 1 FROM {reference.to.name} AS other WHERE {same})"

"""Great Expectations: a table's checks as a suite, whose expectations judge how many rows break each of them."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import Expectation
from pyspark.sql import SparkSession

from lakehouse.checks import Check
from lakehouse.io.quality.check_answers import Answers, Due, answers, sample
from lakehouse.io.quality.suites import NOT_NULL, expectation
from lakehouse.ops.quality_results import ERROR, FAILED, PASSED
from lakehouse.table import Table

# They write the texts of errors to stderr, and those can hold values of rows.
QUIET = ("great_expectations", "SQLQueryContextLogger", "DataFrameQueryContextLogger")


@dataclass(frozen=True)
class CheckOutcome:
    """What came of one check. `unexpected` counts rows (of a key: keys; of an alarm: unusual things), None where it is about no rows.

    `samples` are keys of such rows, as text. `expectation` is the JSON of the expectation that judged.
    """

    check: Check
    status: str
    observed: str = ""
    unexpected: int | None = None
    samples: tuple[str, ...] = ()
    expectation: str = "{}"


def quiet_context() -> gx.data_context.EphemeralDataContext:
    """A context of Great Expectations that is in memory alone and writes nothing to stderr."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


class Judge:
    """Judges tables; keeps nothing."""

    def __init__(self, spark: SparkSession) -> None:
        quiet_context()
        # Not asked for anything: it says of what kind the types of columns are.
        self._engine = SparkDFExecutionEngine(spark=spark)

    def judge(self, due: Sequence[Due]) -> list[tuple[int, list[CheckOutcome]]]:
        """Of each table its rows, and the verdict of each check, in their order.

        The driver asks what it can, one Spark job the rest. What is not true is asked for examples.
        """
        found = answers(due)
        return [
            (answer.rows, [self._outcome(each, answer, check) for check in each.checks]) for each, answer in zip(due, found, strict=True)
        ]

    def _outcome(self, due: Due, answer: Answers, check: Check) -> CheckOutcome:
        judging = expectation(due.table, check)
        if answer.unexpected[check.name] is not None and self._is_met(judging, due, answer, check):
            return CheckOutcome(check, PASSED, expectation=_json(judging))
        return _details(due, answer, CheckOutcome(check, FAILED, expectation=_json(judging)))

    def _is_met(self, judging: Expectation, due: Due, answer: Answers, check: Check) -> bool:
        """The verdict of the expectation on the metrics that it asks for, which were counted before."""
        options = {"result_format": "BOOLEAN_ONLY"}
        asked = judging.get_validation_dependencies(runtime_configuration=options).get_metric_configurations()
        metrics = {metric.id: _metric(metric.metric_name, due, answer, check) for metric in asked}
        return bool(judging.metrics_validate(metrics, runtime_configuration=options, execution_engine=self._engine).success)


def _metric(name: str, due: Due, answer: Answers, check: Check) -> Any:
    """Rows that break the check are counted among all rows: a null is a good value where an expectation leaves nulls out."""
    if name in ("table.row_count", "compound_columns.unique.filtered_row_count"):
        return answer.rows
    if name == "table.column_types":
        (column,) = check.columns
        declared = next(each.type for each in due.table.columns if each.name == column)
        return [{"name": column, "type": declared if answer.unexpected[check.name] == 0 else None}]
    if name == "unexpected_rows_query.table":
        return []
    if name == "column_values.nonnull.unexpected_count" and not NOT_NULL.fullmatch(check.meaning):
        return 0
    return answer.unexpected[check.name]


def _details(due: Due, answer: Answers, verdict: CheckOutcome) -> CheckOutcome:
    """What there is to say of a check that is not true."""
    check, config, unexpected = verdict.check, verdict.expectation, answer.unexpected[verdict.check.name]
    if unexpected is None:
        return CheckOutcome(check, ERROR, "it could not be told", expectation=config)
    if check.kind == "rows":
        return CheckOutcome(check, FAILED, str(answer.rows), expectation=config)
    if check.kind == "type":
        return CheckOutcome(check, FAILED, due.frame.schema[check.columns[0]].dataType.simpleString(), expectation=config)
    figures, samples = sample(due, check)
    return CheckOutcome(check, FAILED, figures, unexpected, samples, config)


def configuration(table: Table, check: Check) -> str:
    """JSON of the expectation that judges a check."""
    return _json(expectation(table, check))


def _json(judging: Expectation) -> str:
    return json.dumps(judging.configuration.to_json_dict(), default=str)

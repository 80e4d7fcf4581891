"""Great Expectations: a table's checks as a suite, judged by how many rows break each of them."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when it is imported

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation

from lakehouse.checks import Check
from lakehouse.io.quality.check_answers import Answers, Due, answers, sample
from lakehouse.io.quality.check_answers_here import ROWS
from lakehouse.ops.quality_results import ERROR, FAILED, PASSED

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

    def __init__(self) -> None:
        self._source = quiet_context().data_sources.add_pandas("lake")

    def judge(self, due: Sequence[Due]) -> list[tuple[int, list[CheckOutcome]]]:
        """Of each table its rows, and the verdict of each check, in their order.

        The driver asks what it can, one Spark job the rest. What is not true is asked for examples.
        """
        found = answers(due)
        return [(answer.rows, self._verdicts(each, answer)) for each, answer in zip(due, found, strict=True)]

    def _verdicts(self, due: Due, answer: Answers) -> list[CheckOutcome]:
        expectations = [_expectation(check) for check in due.checks]
        passed = self._ask(due.table.name, answer, due.checks, expectations)
        verdicts = []
        for check, expectation, is_good in zip(due.checks, expectations, passed, strict=True):
            verdict = CheckOutcome(check, PASSED, expectation=_json(expectation))
            verdicts.append(verdict if is_good else _details(due, answer, verdict))
        return verdicts

    def _ask(self, name: str, answer: Answers, checks: Sequence[Check], expectations: Sequence[Expectation]) -> list[bool]:
        """Whether each expectation is met by the answers, a frame of one row: a column for each check, and one for the number of rows."""
        if not expectations:
            return []
        truth = {check.name: [answer.unexpected[check.name] == 0] for check in checks}
        if name in self._source.get_asset_names():
            self._source.delete_asset(name)
        asset = self._source.add_dataframe_asset(name)
        frame = pd.DataFrame({**truth, ROWS: [answer.rows]})
        batch = asset.add_batch_definition_whole_dataframe("version").get_batch({"dataframe": frame})
        results = batch.validate(gx.ExpectationSuite(name=name, expectations=list(expectations)), result_format="BOOLEAN_ONLY").results
        by_check = {result.expectation_config.meta["check"]: bool(result.success) for result in results}
        return [by_check[expectation.meta["check"]] for expectation in expectations]


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


def configuration(check: Check) -> str:
    """JSON of the expectation that judges a check."""
    return _json(_expectation(check))


def _json(expectation: Expectation) -> str:
    return json.dumps(expectation.configuration.to_json_dict(), default=str)


def _expectation(check: Check) -> Expectation:
    said: dict[str, Any] = {
        "description": f"{check.name}: {check.meaning}",
        "meta": {"check": check.name},
        "severity": check.severity,
    }
    if check.kind == "rows":
        return gxe.ExpectColumnValuesToBeBetween(column=ROWS, min_value=check.low, max_value=check.high, **said)
    return gxe.ExpectColumnValuesToBeInSet(column=check.name, value_set=[True], **said)

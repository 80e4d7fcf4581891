"""Great Expectations: a table's checks as a suite, and its verdicts.

First every check gets a yes or no, those of rows together in one pass; only what failed is asked for numbers and examples.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when it is imported

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.io.quality_results import ERROR, FAILED, PASSED
from lakehouse.quality import CRITICAL, Check
from lakehouse.sample_keys import SAMPLES, sample_keys
from lakehouse.table import Rule, Table, holds, with_answer

JUDGED = "judged"  # the name of the frame in queries
# They write the texts of errors to stderr, and those can hold values of rows.
QUIET = ("great_expectations", "SQLQueryContextLogger", "DataFrameQueryContextLogger")


@dataclass(frozen=True)
class Verdict:
    """What came of one check. `unexpected` counts rows (of a key: keys; of an alarm: unusual things), None where it is about no rows.

    `samples` are keys of such rows, as text. `expectation` is the JSON of the expectation that judged.
    """

    check: Check
    status: str
    observed: str = ""
    unexpected: int | None = None
    samples: tuple[str, ...] = ()
    expectation: str = "{}"


# Whether it holds, what was found, whether it raised.
Answer = tuple[bool, dict[str, Any], bool]


def quiet_context() -> gx.data_context.EphemeralDataContext:
    """A context of Great Expectations that is in memory alone and writes nothing to stderr."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


class Judge:
    """Judges frames; keeps nothing."""

    def __init__(self) -> None:
        self._source = quiet_context().data_sources.add_spark("lake", persist=False)

    def judge(self, table: Table, frame: DataFrame, checks: Sequence[Check], others: Mapping[str, DataFrame]) -> list[Verdict]:
        """The verdict of each check, in their order. `others` are the tables that references name, by name.

        Two Spark jobs where all is well, whatever is asked; frames of references are joined.
        """
        judged = _with_answers(table, frame, checks, others)
        expectations = {check: _expectation(check, table) for check in checks}
        answers = self._ask(table.name, judged, list(expectations.values()))
        verdicts = []
        for (check, expectation), (passed, _, _) in zip(expectations.items(), answers, strict=True):
            config = _json(expectation)
            verdict = Verdict(check, PASSED, expectation=config)
            verdicts.append(verdict if passed else self._details(table, judged, check, expectation, config))
        return verdicts

    def _ask(self, name: str, frame: DataFrame, expectations: Sequence[Expectation], details: str = "BOOLEAN_ONLY") -> list[Answer]:
        """(passed, result, whether it could not be told) of each."""
        if name in self._source.get_asset_names():
            self._source.delete_asset(name)
        asset = self._source.add_dataframe_asset(name)
        batch = asset.add_batch_definition_whole_dataframe("version").get_batch({"dataframe": frame})
        results = batch.validate(gx.ExpectationSuite(name=name, expectations=list(expectations)), result_format=details).results
        by_id = {result.expectation_config.meta["check"]: result for result in results}
        found = [by_id[expectation.meta["check"]] for expectation in expectations]
        return [(bool(result.success), result.result, _raised(result.exception_info)) for result in found]

    def _details(self, table: Table, frame: DataFrame, check: Check, expectation: Expectation, config: str) -> Verdict:
        """The check again and alone: one that can't be told spoils its neighbours' answers."""
        ((passed, result, raised),) = self._ask(table.name, frame, [expectation], "BASIC")
        if passed or raised:
            return Verdict(check, ERROR if raised else PASSED, "it could not be told" if raised else "", expectation=config)
        if check.kind in ("rule", "reference"):
            samples = sample_keys(table, frame.where(~F.col(f"`{check.name}`")))
            return Verdict(check, FAILED, "", result["unexpected_count"], samples, config)
        if check.query:
            rows = frame.sparkSession.sql(_asked(check))
            return Verdict(check, FAILED, _figures(table, rows), rows.count(), sample_keys(table, rows), config)
        return Verdict(check, FAILED, str(result.get("observed_value")), expectation=config)


def _with_answers(table: Table, frame: DataFrame, checks: Sequence[Check], others: Mapping[str, DataFrame]) -> DataFrame:
    """The frame, and a boolean column for each check of rows and each query. One that can't be computed has none, and so no answer."""
    frame.createOrReplaceTempView(JUDGED)
    references = {reference.name: reference for reference in table.references}
    for check in checks:
        try:
            if check.query:
                # The answer is the same in every row: so it takes part in the one pass.
                frame = frame.withColumn(check.name, F.expr(f"not exists ({_asked(check)})"))
            elif check.kind == "rule":
                frame = frame.withColumn(check.name, holds(Rule(check.name, check.meaning)))
            elif check.kind == "reference":
                frame = with_answer(frame, references[check.name], others[references[check.name].to.name])
        except PySparkException:
            continue
    return frame


def _figures(table: Table, rows: DataFrame) -> str:
    """What a query says of what it found, beside its keys, in their order: newest 2026-11-01; newest 2026-11-02."""
    figures, keys = ([name for name in rows.columns if (name in table.key) is is_key] for is_key in (False, True))
    if not figures:
        return ""
    found = rows.orderBy(*keys).limit(SAMPLES).select(*figures).collect()
    return "; ".join(", ".join(f"{name} {value}" for name, value in row.asDict().items()) for row in found)


def _asked(check: Check) -> str:
    return check.query.replace("{batch}", JUDGED)


def configuration(check: Check, table: Table) -> str:
    """JSON of the expectation that judges a check."""
    return _json(_expectation(check, table))


def _json(expectation: Expectation) -> str:
    return json.dumps(expectation.configuration.to_json_dict(), default=str)


def _expectation(check: Check, table: Table) -> Expectation:
    said: dict[str, Any] = {"description": f"{check.name}: {check.meaning}", "meta": {"check": check.name}}
    said["severity"] = "critical" if check.severity == CRITICAL else "warning"
    if check.kind == "rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=check.low, max_value=check.high, **said)
    if check.kind == "type":
        return gxe.ExpectColumnValuesToBeOfType(column=check.columns[0], type_=_class_of(table, check.columns[0]), **said)
    return gxe.ExpectColumnValuesToBeInSet(column=check.name, value_set=[True], **said)


def _class_of(table: Table, column: str) -> str:
    return next(type(known.type).__name__ for known in table.columns if known.name == column)


def _raised(info: Mapping[str, Any]) -> bool:
    """Whether an expectation raised: it says so of itself, or of each of its metrics."""
    return bool(info.get("raised_exception", bool(info)))

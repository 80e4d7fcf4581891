"""The suite of a table: the library's own expectations, and that the library itself gives the verdicts that the night gives."""

from collections.abc import Iterator
from datetime import date

import great_expectations as gx
import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of
from tests.support.planted import defects, good_row

from lakehouse.checks import Check, checks, every_check
from lakehouse.flow import STEPS
from lakehouse.gold import daily_sales
from lakehouse.io.quality.check_answers import Due
from lakehouse.io.quality.expectations import PASSED, Judge, quiet_context
from lakehouse.io.quality.suites import expectation
from lakehouse.pipeline.declared import declared
from lakehouse.silver import order_lines, orders
from lakehouse.table import STRING, Column, Table

DAY = date(2026, 11, 2)
TABLES = [step.writes for step in STEPS]
# Of these the library is asked in every round of the tests, of all tables in the long one.
SAMPLE = ("silver.orders", "silver.refund_lines", "gold.daily_sales")


@pytest.mark.parametrize(
    ("condition", "kind", "arguments"),
    [
        ("total_amount is not null", "expect_column_values_to_not_be_null", {"column": "total_amount"}),
        ("`total_amount` is not null", "expect_column_values_to_not_be_null", {"column": "total_amount"}),
        ("`a` is null or `a` in ('x', 'y')", "expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x", "y"]}),
        ("`a` is null or `a` in ('x')", "expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x"]}),
        ("a is null or a >= 0", "expect_column_values_to_be_between", {"column": "a", "min_value": 0.0}),
        ("a is null or a > -1.5", "expect_column_values_to_be_between", {"column": "a", "min_value": -1.5, "strict_min": True}),
        ("a is null or a <= 0", "expect_column_values_to_be_between", {"column": "a", "max_value": 0.0}),
        ("a is null or a < 5", "expect_column_values_to_be_between", {"column": "a", "max_value": 5.0, "strict_max": True}),
        ("a is null or a between 0 and 1", "expect_column_values_to_be_between", {"column": "a", "min_value": 0.0, "max_value": 1.0}),
        # What is false of a null, of another column, or says more is none of them.
        ("a >= 0", "unexpected_rows_expectation", None),
        ("a is null or b >= 0", "unexpected_rows_expectation", None),
        ("a is null or a >= 0 or b", "unexpected_rows_expectation", None),
        ("a is not null or b > 1", "unexpected_rows_expectation", None),
    ],
)
def test_a_condition_that_the_library_has_an_expectation_for_is_that_expectation(
    condition: str, kind: str, arguments: dict[str, object] | None
) -> None:
    found = expectation(orders.TABLE, Check("a_rule", "rule", "critical", condition)).configuration
    assert found.type == kind
    if arguments is None:
        assert found.kwargs["unexpected_rows_query"] == f"SELECT * FROM {{batch}} WHERE NOT coalesce({condition}, false)"
    else:
        assert {name: value for name, value in found.kwargs.items() if name in arguments} == arguments


def test_every_check_of_every_table_has_an_expectation() -> None:
    tables = declared().values()
    assert {expectation(table, check).severity for table in tables for check in every_check(table)} == {"critical", "warning"}


def test_braces_of_a_pattern_are_text_to_the_library() -> None:
    found = expectation(orders.TABLE, Check("a_rule", "rule", "critical", "a rlike '^[A-Z]{3}$'")).configuration
    assert (
        found.kwargs["unexpected_rows_query"].format(batch="rows") == "SELECT * FROM rows WHERE NOT coalesce(a rlike '^[A-Z]{3}$', false)"
    )


def test_keys_types_and_rows_are_the_library_s_own() -> None:
    kinds = {check.name: expectation(orders.TABLE, check).configuration for check in every_check(orders.TABLE)}
    assert kinds["has_rows"].type == kinds["volume_is_possible"].type == "expect_table_row_count_to_be_between"
    assert kinds["key_stands_once"].kwargs["column_list"] == ["shop_code", "order_id"]
    assert kinds["total_amount_is_decimal"].kwargs["type_"] == "DecimalType"
    one = Table("silver.things", "one thing", ("thing",), (Column("thing", STRING, "it"),))
    (key,) = (check for check in every_check(one) if check.kind == "key")
    assert expectation(one, key).configuration.type == "expect_column_values_to_be_unique"


@pytest.mark.spark
@pytest.mark.parametrize(
    "table", [pytest.param(table, marks=[] if table.name in SAMPLE else pytest.mark.slow, id=table.name) for table in TABLES]
)
def test_the_library_itself_gives_the_same_verdicts_of_a_table_with_every_defect(table: Table, spark: SparkSession, ask: "Ask") -> None:
    asked = [check for check in checks(table, DAY) if check.kind in ("rows", "type", "rule", "key")]
    frame = frame_of(spark, table, [good_row(table), *defects(table).values()])
    assert ask(table, frame, asked) == by_counts(spark, table, frame, asked)


@pytest.mark.spark
def test_the_library_itself_finds_rows_that_name_what_is_not_there(spark: SparkSession, ask: "Ask") -> None:
    table = order_lines.TABLE
    asked = [check for check in checks(table, DAY) if check.name == "order_id_is_one_of_orders"]
    good = good_row(table)
    key = {name: good[name] for name in ("shop_code", "order_id")}
    spark.sql("CREATE SCHEMA IF NOT EXISTS silver")
    try:
        frame_of(spark, orders.TABLE, [{**good_row(orders.TABLE), **key}]).write.saveAsTable("silver.orders")
        assert ask(table, frame_of(spark, table, [good]), asked) == {"order_id_is_one_of_orders": True}
        assert ask(table, frame_of(spark, table, [good, {**good, "order_id": -5}]), asked) == {"order_id_is_one_of_orders": False}
    finally:
        spark.sql("DROP SCHEMA silver CASCADE")


@pytest.mark.spark
def test_the_library_itself_asks_what_is_unusual(spark: SparkSession, ask: "Ask") -> None:
    table = daily_sales.TABLE
    asked = [check for check in checks(table, DAY) if check.query]
    frame = frame_of(spark, table, [good_row(table)])
    assert ask(table, frame, asked) == by_counts(spark, table, frame, asked)


def by_counts(spark: SparkSession, table: Table, frame: DataFrame, asked: list[Check]) -> dict[str, bool]:
    ((_, found),) = Judge(spark).judge([Due(table, lambda _: frame, asked)])
    return {outcome.check.name: outcome.status == PASSED for outcome in found}


class Ask:
    """Runs a suite as a user of the library does."""

    def __init__(self) -> None:
        self._source = quiet_context().data_sources.add_spark("lake")
        self._number = 0

    def __call__(self, table: Table, frame: DataFrame, asked: list[Check]) -> dict[str, bool]:
        self._number += 1
        batch = self._source.add_dataframe_asset(f"asset{self._number}").add_batch_definition_whole_dataframe("all")
        suite = gx.ExpectationSuite(name="suite", expectations=[expectation(table, check) for check in asked])
        results = batch.get_batch({"dataframe": frame}).validate(suite, result_format="BOOLEAN_ONLY").results
        return {result.expectation_config.meta["check"]: bool(result.success) for result in results}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    yield Ask()


def test_a_rule_of_a_declaration_has_no_quote_in_a_list_of_values() -> None:
    """`in` lists are read as texts between quotes."""
    accepted = [value for table in TABLES for column in table.columns for value in column.accepted]
    assert accepted and not [value for value in accepted if "'" in value]

"""The driver's answers to checks are those of Spark, and Spark is asked for what the driver can't tell alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of
from tests.support.planted import defects, good_row

from lakehouse.checks import checks
from lakehouse.flow import STEPS
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.quality.check_answers import Due, answers
from lakehouse.io.quality.check_answers_here import ROWS, counts_here
from lakehouse.silver import categories, orders
from lakehouse.sources.woocommerce import TABLES as SHOP_TABLES
from lakehouse.table import Table

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 2)
TABLES = [*(step.writes for step in STEPS), *(table.bronze for table in SHOP_TABLES)]
# What only Spark can tell: a percentile, a decimal divided, the fields of a struct.
ONLY_SPARK = {
    "silver.wholesale_offers": {"discounts_are_at_most_all"},
    "gold.daily_sales": {"revenue_of_the_day_is_usual", "revenue_of_the_week_is_usual"},
}


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> DeltaStore:
    return DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")))


def written(store: DeltaStore, table: Table) -> None:
    """A good row twice, and each planted defect."""
    good = good_row(table)
    store.replace(table.name, frame_of(store.spark, table, [good, good, *defects(table).values()]).coalesce(1))


def others(store: DeltaStore, table: Table) -> dict[str, Table]:
    """Those that the table refers to, with the row that its good row names."""
    good, found = good_row(table), {}
    for reference in table.references:
        key = dict(zip(reference.key or reference.columns, (good[name] for name in reference.columns), strict=True))
        store.replace(reference.to.name, frame_of(store.spark, reference.to, [{**good_row(reference.to), **key}]).coalesce(1))
        found[reference.to.name] = reference.to
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_driver_counts_what_spark_counts(table: Table, store: DeltaStore) -> None:
    written(store, table)
    referred = others(store, table)
    opened = {name: store.opened(name) for name in (table.name, *referred)}
    by_spark = Due(table, lambda of: store.read(of.name), checks(table, DAY))
    by_driver = replace(by_spark, opened=lambda of: opened[of.name])

    assert answers([by_driver]) == answers([by_spark])

    told = counts_here(table, by_spark.asked, opened)
    assert {check.name for check in by_spark.asked} - set(told) == ONLY_SPARK.get(table.name, set())
    assert told[ROWS] == 2 + len(defects(table))


def test_spark_reads_nothing_where_the_driver_tells_all(store: DeltaStore) -> None:
    def no_frame(_: Table) -> DataFrame:
        raise AssertionError("Spark was asked")

    table = categories.TABLE
    written(store, table)
    due = Due(table, no_frame, checks(table, DAY), lambda of: store.opened(of.name))
    (found,) = answers([due])
    assert found.rows == 2 + len(defects(table))
    assert found.unexpected["key_stands_once"] == 1


def test_a_column_that_is_not_there_is_told_by_its_type_and_what_looks_at_it_is_unknown(store: DeltaStore) -> None:
    table = orders.TABLE
    rows: Any = frame_of(store.spark, table, [good_row(table)])
    store.replace(table.name, rows.drop("total_amount").coalesce(1))
    due = Due(table, lambda of: store.read(of.name), checks(table, DAY), lambda of: store.opened(of.name))
    (found,) = answers([due])
    unknown = {name for name, count in found.unexpected.items() if count is None}
    assert unknown == {"total_amount_is_decimal", "total_is_known"}

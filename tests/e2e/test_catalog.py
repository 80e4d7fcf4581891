"""A night whose tables are in a catalog, as on Databricks: here in the one that every session has."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, lake_for, table_names

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver

pytestmark = [pytest.mark.spark, pytest.mark.database, pytest.mark.slow]
SESSION = "spark_catalog"
NIGHT = ("night", "--run-date", "2026-11-16")
# Lists of a model and what it has learned depend on the order of its input's files.
LAYERS = ("bronze", "silver", "gold")
SCHEMAS = (*LAYERS, "vault", "recommendations", "quarantine", "ops")


@pytest.fixture
def emptied(spark: SparkSession) -> Iterator[None]:
    """A catalog without the tables of a lake, before and after."""
    for schema in SCHEMAS:
        spark.sql(f"DROP SCHEMA IF EXISTS `{SESSION}`.`{schema}` CASCADE")
    yield
    for schema in SCHEMAS:
        spark.sql(f"DROP SCHEMA IF EXISTS `{SESSION}`.`{schema}` CASCADE")


def test_a_night_in_a_catalog_has_the_tables_of_one_in_folders(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path, emptied: None
) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    shutil.copy(demo_lake.folder / "vault.key", tmp_path)  # the same people have the same pseudonyms
    lake.environment.update({"LAKEHOUSE_CATALOG": SESSION, "LAKEHOUSE_VAULT_CATALOG": SESSION})
    # The first one makes everything, the second finds that nothing has changed.
    for _ in range(2):
        code, log = lake.command(*NIGHT)
        assert code == 0, log
    there = DeltaStore(spark, TableResolver(str(tmp_path), str(tmp_path), SESSION, SESSION))
    folders = demo_lake.store(spark)
    for name in table_names(folders, *LAYERS):
        assert sorted(map(str, there.read(name).collect())) == sorted(map(str, folders.read(name).collect())), name
    assert not (tmp_path / "lake" / "silver").exists()
    pack, other = (each.pack() / "customers.csv" for each in (lake, demo_lake))
    assert len(pack.read_text().splitlines()) == len(other.read_text().splitlines())

"""Tables as folders and as tables of a catalog: where they are, and that all that a store does is the same there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.io.delta.delta_files import TableVersion
from lakehouse.io.delta.delta_store import DeltaStore, Written
from lakehouse.io.delta.delta_upkeep import DeltaUpkeep, Needed
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.table import LONG, STRING, Column, Table, conform

# The catalog that every session has.
SESSION = "spark_catalog"
GOODS = Table(
    name="silver.goods_of_a_catalog",
    grain="one product",
    key=("product_id",),
    columns=(Column("product_id", LONG, "the product"), Column("product_name", STRING, "its name")),
)


def test_a_table_is_a_folder_below_the_root_of_its_layer() -> None:
    tables = TableResolver("lake/", "/secure/vault")
    assert tables.path("silver.orders") == "lake/silver/orders"
    assert tables.identifier("silver.orders") == f"delta.`{Path.cwd()}/lake/silver/orders`"
    assert tables.folder("quarantine.vault__woo__users") == "/secure/vault/quarantine/vault__woo__users"
    assert tables.is_local


def test_a_table_in_an_object_store_is_none_of_this_machine() -> None:
    tables = TableResolver("s3a://bucket/lake", "/secure/vault")
    assert tables.identifier("silver.orders") == "delta.`s3a://bucket/lake/silver/orders`"
    assert tables.local_path("silver.orders") is None
    assert tables.local_path("vault.woo__users") == "/secure/vault/vault/woo__users"
    assert not tables.is_local


def test_a_catalog_takes_the_place_of_a_root_and_the_vault_has_its_own() -> None:
    tables = TableResolver("/lake", "/vault", "shop", "shop_vault")
    assert tables.identifier("silver.orders") == "`shop`.`silver`.`orders`"
    assert tables.identifier("vault.woo__users") == "`shop_vault`.`vault`.`woo__users`"
    assert tables.full_name("quarantine.vault__woo__users") == "shop_vault.quarantine.vault__woo__users"
    assert tables.path("silver.orders") is None
    assert tables.local_path("vault.woo__users") is None
    assert TableResolver("/lake", "/vault", "shop").local_path("vault.woo__users") == "/vault/vault/woo__users"


@pytest.fixture(params=["catalog", pytest.param("address of a folder", marks=pytest.mark.slow)])
def elsewhere(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Iterator[DeltaStore]:
    """A store whose tables are all Spark's."""
    if request.param == "catalog":
        yield DeltaStore(spark, TableResolver(str(tmp_path), str(tmp_path), SESSION, SESSION))
        spark.sql(f"DROP TABLE IF EXISTS {SESSION}.{GOODS.name}")
    else:
        yield DeltaStore(spark, TableResolver(f"file://{tmp_path}/lake", f"file://{tmp_path}/vault"))


def frame(store: DeltaStore, *rows: tuple[int, str]) -> DataFrame:
    return conform(frame_from(store.spark, rows, "product_id bigint, product_name string"), GOODS).coalesce(1)


def goods(store: DeltaStore, version: int | None = None) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in store.read(GOODS.name, version).collect())


def test_rows_come_and_go_and_every_version_is_read_as_it_was(elsewhere: DeltaStore) -> None:
    assert elsewhere.head(GOODS.name) is None
    assert elsewhere.sync(GOODS, frame(elsewhere, (1, "tea"), (2, "rice"))) == Written(inserted=2)
    first = elsewhere.head(GOODS.name)
    assert first is not None
    with elsewhere.commits_marked("the second"):
        assert elsewhere.sync(GOODS, frame(elsewhere, (1, "green tea"), (3, "oil"))) == Written(1, 1, 1)
    elsewhere.replace_where(GOODS.name, frame(elsewhere, (3, "olive oil")), "product_id = 3")
    elsewhere.append(GOODS.name, frame(elsewhere, (4, "salt")))
    assert elsewhere.head(GOODS.name) == TableVersion(first.table_id, 3)
    assert goods(elsewhere) == [(1, "green tea"), (3, "olive oil"), (4, "salt")]
    assert goods(elsewhere, 1) == [(1, "green tea"), (3, "oil")]
    assert elsewhere.commit_metadata_since(GOODS.name, 0)[-1] == "the second"
    fed = [(row.product_id, row._change_type) for row in elsewhere.changes(GOODS.name, 1, 1).collect()]
    assert sorted(fed) == [(1, "update_postimage"), (1, "update_preimage"), (2, "delete"), (3, "insert")]
    assert elsewhere.question("SELECT count(*) AS n FROM {rows}", rows=GOODS.name) == [{"n": 3}]


def test_a_table_that_is_written_anew_keeps_its_identity_and_has_the_new_columns(elsewhere: DeltaStore) -> None:
    elsewhere.replace(GOODS.name, frame_from(elsewhere.spark, [(1,)], "product_id bigint"))
    first = elsewhere.head(GOODS.name)
    assert first is not None
    elsewhere.replace(GOODS.name, frame(elsewhere, (1, "tea")))
    assert elsewhere.head(GOODS.name) == TableVersion(first.table_id, 1)
    assert goods(elsewhere) == [(1, "tea")]


@pytest.mark.slow
def test_maintenance_is_told_from_writing(elsewhere: DeltaStore) -> None:
    for number in range(3):
        elsewhere.append(GOODS.name, frame(elsewhere, (number, "tea")))
    head = elsewhere.head(GOODS.name)
    assert head is not None
    DeltaUpkeep(elsewhere).tidy(GOODS.name, Needed(frozenset({1})))
    assert elsewhere.head(GOODS.name) == head
    assert elsewhere.commit_metadata_since(GOODS.name, head.version) == []
    assert len(goods(elsewhere, 1)) == 2

"""What a shop's database may not do to a lake: lose half of itself, change its columns, change while it is read."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, make_lake, table_names

from lakehouse.demo.store.server import Server
from lakehouse.stages.ingest_shop import read_shop

RUN_DATE = ("--run-date", "2026-11-16")


@pytest.fixture(scope="module")
def lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    """A lake that mirrors its shop; each test leaves both as they were."""
    lake = make_lake(server, "guarded", tmp_path_factory.mktemp("guarded"))
    code, errors = lake.command("ingest", *RUN_DATE)
    assert code == 0, errors
    return lake


@contextmanager
def changed(lake: DemoLake, statement: str, undo: str) -> Iterator[None]:
    with lake.shop.server.connect("guarded") as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()
        try:
            yield
        finally:
            cursor.execute(undo)
            connection.commit()


def versions(lake: DemoLake, spark: SparkSession) -> dict[str, int]:
    store = lake.store(spark)
    heads = {name: store.head(name) for name in table_names(store, "bronze", "vault") if not name.endswith("_staging")}
    return {name: head.version for name, head in heads.items() if head}


def test_a_table_that_loses_most_of_its_rows_stays_until_the_operator_accepts_it(lake: DemoLake, spark: SparkSession) -> None:
    before = lake.store(spark).read("bronze.woo__terms").count()
    keep = "CREATE TABLE kept_terms AS SELECT * FROM wp_terms"
    with (
        changed(lake, keep, "DROP TABLE kept_terms"),
        changed(lake, "DELETE FROM wp_terms WHERE term_id % 2 = 0", "INSERT IGNORE INTO wp_terms SELECT * FROM kept_terms"),
    ):
        code, errors = lake.command("ingest", *RUN_DATE)
        assert (code, "bronze.woo__terms" in errors.splitlines()[-1]) == (65, True), errors
        assert lake.store(spark).read("bronze.woo__terms").count() == before
        assert lake.command("ingest", *RUN_DATE, "--accept-deletes", "trems")[0] == 2
        code, errors = lake.command("ingest", *RUN_DATE, "--accept-deletes", "terms")
        assert code == 0, errors
        left = lake.store(spark).read("bronze.woo__terms").count()
        assert left < 0.6 * before
    assert lake.command("ingest", *RUN_DATE)[0] == 0
    assert lake.store(spark).read("bronze.woo__terms").count() == before


def test_a_retyped_column_is_named_with_what_was_found_and_expected_and_nothing_is_written(lake: DemoLake, spark: SparkSession) -> None:
    before = versions(lake, spark)
    retype = "ALTER TABLE wp_wc_orders MODIFY total_amount {} NULL"
    with changed(lake, retype.format("varchar(40)"), retype.format("decimal(26,8)")):
        code, errors = lake.command("ingest", *RUN_DATE)
    assert code == 65
    assert "orders.total_amount: found varchar, expected decimal(26,8)" in errors.splitlines()[-1]
    assert versions(lake, spark) == before


def test_a_new_column_is_told_and_stops_the_run_only_where_the_table_is_frozen(lake: DemoLake) -> None:
    with changed(lake, "ALTER TABLE wp_wc_orders ADD gift_note text NULL", "ALTER TABLE wp_wc_orders DROP gift_note"):
        with lake.shop.server.connect("guarded") as connection, connection.cursor() as cursor:
            cursor.execute("GRANT SELECT (gift_note) ON guarded.wp_wc_orders TO 'guarded_reader'@'127.0.0.1'")
        code, errors = lake.command("ingest", *RUN_DATE, LAKEHOUSE_SHOPS__NL__FREEZE='["orders"]')
        assert (code, "orders.gift_note: found text, expected nothing" in errors.splitlines()[-1]) == (65, True), errors
        code, errors = lake.command("ingest", *RUN_DATE)
        assert code == 0
        assert "new column orders.gift_note (text); it is not read" in errors


def test_a_table_that_changes_while_it_is_read_leaves_nothing_of_that_night(
    lake: DemoLake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, published = versions(lake, spark), lake.output("sql", "select count(*) from ops.publications", "--format", "csv")
    stage = read_shop.stage

    def stage_and_alter(*arguments):  # type: ignore[no-untyped-def]
        staged = stage(*arguments)
        with lake.shop.server.connect("guarded") as connection, connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE wp_woocommerce_order_items MODIFY order_item_type varchar(199) NOT NULL, MODIFY order_id int NOT NULL"
            )
        return staged

    monkeypatch.setattr(read_shop, "stage", stage_and_alter)
    undo = "ALTER TABLE wp_woocommerce_order_items MODIFY order_item_type varchar(200) NOT NULL, MODIFY order_id bigint unsigned NOT NULL"
    with changed(lake, "DO 1", undo):
        code, errors = lake.command("ingest", *RUN_DATE)
    assert code == 65
    assert "woocommerce_order_items changed while it was read" in errors.splitlines()[-1]
    assert versions(lake, spark) == before
    assert lake.output("sql", "select count(*) from ops.publications", "--format", "csv") == published


def test_status_shows_how_the_shop_was_read_and_that_both_sides_agree(lake: DemoLake) -> None:
    shown = lake.output("status")
    assert "store            hpos" in shown
    assert "consistency_mode watermark" in shown
    assert "reconciled" in shown
    verdicts = lake.output("sql", "select distinct verdict from ops.reconciliations", "--format", "csv").splitlines()
    assert verdicts == ["verdict", "equal"]

"""Nothing after the mirror knows where a shop keeps its orders; and what is read night by night is what a reading in full finds."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, assert_equal_tables, lake_for
from tests.support.demo_shop import END, make_shop

from lakehouse.demo.store.server import Server

DAY = END.replace(day=END.day + 1)
RUN_DATE = ("--run-date", DAY.isoformat())
# Opt-outs of WooCommerce's own mails are in a table that old shops do not have, so that people differ in what they get.
SAME = ("orders", "order_lines", "refunds", "refund_lines", "products", "categories", "customer_identities")
INCREMENTAL = {
    "LAKEHOUSE_SHOPS__NL__WINDOW_DAYS": "5",
    "LAKEHOUSE_SHOPS__NL__REREAD_NIGHTS": "2",
    "LAKEHOUSE_SHOPS__NL__REREAD_AT_LEAST_ORDERS": "0",
}


@pytest.mark.slow
def test_a_shop_of_legacy_orders_in_latin1_gives_the_same_silver_and_follows_a_day_of_trade(
    server: Server, demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    shop = make_shop(server, "old", tmp_path / "truth", store="legacy", charset="latin1")
    lake, afresh = (with_key(lake_for(shop, tmp_path / name), demo_lake) for name in ("nightly", "afresh"))
    night(lake)
    for name in SAME:
        rows, wanted = (sorted(map(str, found.store(spark).read(f"silver.{name}").collect())) for found in (lake, demo_lake))
        assert rows == wanted, name

    shop.live_day(DAY)
    for _ in range(2):
        night(lake, **INCREMENTAL)
    assert [row["mode"] for row in lake.store(spark).read("ops.shop_reads").orderBy("read_at").collect()] == [
        "full",
        "incremental",
        "incremental",
    ]
    night(afresh)
    assert_equal_tables(lake.store(spark), afresh.store(spark), "bronze", "vault", "silver")


def night(lake: DemoLake, **changes: str) -> None:
    for command in ("ingest", "refresh"):
        code, errors = lake.command(command, *RUN_DATE, **changes)
        assert code == 0, errors


def with_key(lake: DemoLake, other: DemoLake) -> DemoLake:
    """The same key gives the same pseudonyms."""
    lake.folder.mkdir(parents=True, exist_ok=True)
    (lake.folder / "vault.key").write_bytes((other.folder / "vault.key").read_bytes())
    return lake

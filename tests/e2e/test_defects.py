"""Rows as no shop should have them: each in quarantine under its rule's name; too many of them stop the night and publish nothing."""

from collections.abc import Collection

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, make_lake

from lakehouse.demo.defects import plant
from lakehouse.demo.store.server import Server

RUN_DATE = ("--run-date", "2026-11-16")
LINES = "silver.order_lines"


@pytest.fixture(scope="module")
def lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    return make_lake(server, "defective", tmp_path_factory.mktemp("defective"))


@pytest.mark.slow
def test_each_defect_of_the_shop_is_in_quarantine_under_its_rule_and_many_new_ones_stop_the_night(
    lake: DemoLake, spark: SparkSession
) -> None:
    planted = {number: defect.rule for defect, number in plant(lake.shop.server, "defective", "wp_", ("silver.orders",))}
    assert len(planted) == 2
    # Fewer than ten never stop a night.
    for command in ("ingest", "refresh"):
        code, log = lake.command(command, *RUN_DATE)
        assert code == 0, log
    store = lake.store(spark)
    bad = store.read("quarantine.silver__orders").collect()
    assert {row["order_id"]: row["reason"] for row in bad} == planted
    # What was ordered in these orders goes with them.
    lines = store.read("quarantine.silver__order_lines").collect()
    assert {row["reason"] for row in lines} == {"order_id_is_one_of_orders"}
    assert {row["order_id"] for row in lines} == set(planted)
    assert store.read(LINES).where(f"order_id in ({', '.join(map(str, planted))})").isEmpty()

    # Twelve that are bad since the last build are too many.
    shown = lake.output("sql", "select count(*) n from silver.orders", "--format", "csv")
    spoil(lake, 12, planted)
    assert lake.command("ingest", *RUN_DATE)[0] == 0
    code, log = lake.command("refresh", *RUN_DATE)
    last = log.splitlines()[-1]
    assert (code, "silver.orders: 12 of 387 rows break a rule since the last build" in last) == (65, True), last
    assert "currency_is_a_code 12 (as nl " in last
    assert lake.output("sql", "select count(*) n from silver.orders", "--format", "csv") == shown


def spoil(lake: DemoLake, orders: int, but: Collection[int]) -> None:
    """Give so many orders a currency that is none."""
    among = ", ".join(map(str, but))
    lake.shop.rows(
        f"update wp_wc_orders set currency = 'euro' where type = 'shop_order' and status = 'wc-completed' and id not in ({among})"
        f" order by id limit {orders}"
    )

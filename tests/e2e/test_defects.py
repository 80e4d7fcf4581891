"""Rows as no shop should have them: each in quarantine under its rule's name; too many of them stop the night and publish nothing."""

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, make_lake

from lakehouse.demo.defects import plant
from lakehouse.demo.server import Server

RUN_DATE = ("--run-date", "2026-11-16")
LINES = "silver.order_lines"


@pytest.fixture(scope="module")
def lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    return make_lake(server, "defective", tmp_path_factory.mktemp("defective"))


def test_each_defect_of_the_shop_is_in_quarantine_under_its_rule_and_too_many_stop_the_night(lake: DemoLake, spark: SparkSession) -> None:
    planted = plant(lake.shop.server, "defective", "wp_", (LINES,))
    assert [defect.rule for defect, _ in planted] == ["quantity_is_a_number", "net_amount_is_a_number"]
    for command in ("ingest", "refresh"):
        code, log = lake.command(command, *RUN_DATE)
        assert code == 0, log
    store = lake.store(spark)
    bad = store.read("quarantine.silver__order_lines").collect()
    assert {(tuple(row["_broken_rules"]), row["order_line_id"]) for row in bad} == {((defect.rule,), number) for defect, number in planted}
    assert store.read(LINES).where(f"order_line_id in ({', '.join(str(number) for _, number in planted)})").isEmpty()

    # Four of 389 orders are more than a hundredth.
    shown = lake.output("sql", "select count(*) n from silver.orders", "--format", "csv")
    assert len(plant(lake.shop.server, "defective", "wp_", ("silver.orders",))) == 4
    assert lake.command("ingest", *RUN_DATE)[0] == 0
    code, log = lake.command("refresh", *RUN_DATE)
    last = log.splitlines()[-1]
    rules = "created_at_is_known 1, currency_is_a_code 1, shop_is_in_the_settings 1, status_is_known 1, total_is_known 1"
    assert (code, "silver.orders: 4 of 389 rows" in last, rules in last) == (65, True, True), last
    assert lake.output("sql", "select count(*) n from silver.orders", "--format", "csv") == shown

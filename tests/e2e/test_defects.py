"""Rows as no shop should have them: each in quarantine under its rule's name; too many of them stop the night and publish nothing."""

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, make_lake

from lakehouse.demo.defects import plant
from lakehouse.demo.store.server import Server

RUN_DATE = ("--run-date", "2026-11-16")
LINES = "silver.order_lines"
# A line of an order that none of the others is of.
A_LINE = (
    "select max(i.order_item_id), i.order_id from wp_woocommerce_order_items i join wp_wc_orders o on o.id = i.order_id"
    " where i.order_item_type = 'line_item' and o.type = 'shop_order' and o.status = 'wc-completed' and i.order_item_id < %s - 300"
    " group by i.order_id order by i.order_id desc limit 1"
)


@pytest.fixture(scope="module")
def lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    return make_lake(server, "defective", tmp_path_factory.mktemp("defective"))


def test_each_defect_of_the_shop_is_in_quarantine_under_its_rule_and_too_many_stop_the_night(lake: DemoLake, spark: SparkSession) -> None:
    planted = plant(lake.shop.server, "defective", "wp_", (LINES,))
    assert [defect.rule for defect, _ in planted] == ["quantity_is_a_number", "net_amount_is_a_number"]
    line, order = lake.shop.rows(A_LINE, planted[-1][1])[0]
    lake.shop.rows("update wp_wc_orders set total_amount = null where id = %s", order)
    for command in ("ingest", "refresh"):
        code, log = lake.command(command, *RUN_DATE)
        assert code == 0, log
    store = lake.store(spark)
    bad = store.read("quarantine.silver__order_lines").collect()
    found = {row["order_line_id"]: row["reason"].split(", ") for row in bad}
    assert {number: found[number] for _, number in planted} == {number: [defect.rule] for defect, number in planted}
    # What was ordered in the order without a total goes with it.
    assert found[line] == ["order_id_is_one_of_orders"]
    assert {row["order_id"] for row in bad if "order_id_is_one_of_orders" in row["reason"]} == {order}
    assert store.read(LINES).where(f"order_line_id in ({', '.join(map(str, found))})").isEmpty()

    # Five more of 388 orders are more than a hundredth.
    shown = lake.output("sql", "select count(*) n from silver.orders", "--format", "csv")
    number = {defect.rule: number for defect, number in plant(lake.shop.server, "defective", "wp_", ("silver.orders",))}
    assert lake.command("ingest", *RUN_DATE)[0] == 0
    code, log = lake.command("refresh", *RUN_DATE)
    last = log.splitlines()[-1]
    assert (code, "silver.orders: 5 of 388 rows" in last) == (65, True), last
    assert len(number) == 5
    for rule, spoilt in number.items():
        assert f"{rule} 1 (as nl {spoilt})" in last
    assert lake.output("sql", "select count(*) n from silver.orders", "--format", "csv") == shown

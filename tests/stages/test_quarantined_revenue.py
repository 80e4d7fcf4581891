"""What the mirror has is in silver or in quarantine, as money by currency and day."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import run_one, settings_in

from lakehouse.flow import SILVER
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.incident_records import known_incidents, open_incidents
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.ops.reconciliations import RECONCILIATIONS
from lakehouse.pipeline.loader import load
from lakehouse.pipeline.quarantine_stock import ORIGINS, Stock, stock_of
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import orders, refunds
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.stages.quarantined_revenue import check_revenue
from lakehouse.table import Table

pytestmark = pytest.mark.spark
DAY, AT = date(2026, 11, 2), datetime(2026, 11, 1, 23, 30)


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> DeltaStore:
    return DeltaStore(spark, TableResolver(settings.lake_root, settings.vault_root))


def stored(number: int, total: str | None, **changes: object) -> dict[str, Any]:
    """A row of the mirror."""
    row = {"shop_code": "nl", "id": number, "_root_order_id": number, "type": "shop_order", "status": "wc-completed", "currency": "EUR"}
    return {**row, "date_created_gmt": AT, "total_amount": total, **changes}


def refund(number: int, of: int, total: str, **changes: object) -> dict[str, Any]:
    return stored(number, total, type="shop_order_refund", _root_order_id=of, parent_order_id=of, currency=None, **changes)


def order(number: int, total: str | None, **changes: object) -> dict[str, Any]:
    """A row of silver."""
    row = {**good_row(orders.TABLE), "shop_code": "nl", "order_id": number, "root_order_id": number, "currency_code": "EUR"}
    return {**row, "created_at": AT, "total_amount": total, **changes}


def given_back(number: int, of: int, total: str, **changes: object) -> dict[str, Any]:
    row = {**good_row(refunds.TABLE), "shop_code": "nl", "refund_id": number, "order_id": of, "root_order_id": of, "currency_code": "EUR"}
    return {**row, "refunded_at": AT, "total_amount": total, **changes}


def build(settings: Settings, mirror: list[dict[str, Any]], silver: dict[Table, list[dict[str, Any]]]) -> None:
    """A run that lands the mirror and builds tables of it, with rows that break rules or none."""

    def act(run: RunContext) -> StageResult:
        run.store.replace(ORDERS.bronze.name, frame_of(run.spark, ORDERS.bronze, mirror))
        for table, rows in silver.items():
            load(run.store, table, frame_of(run.spark, table, rows), "sync", run.run_id)
        check_revenue(run)
        heads = {table.name: run.store.head(table.name) for table in silver}
        return StageResult({name: head for name, head in heads.items() if head is not None})

    run_one(settings, "refresh", DAY, act)


def figures(lake: DeltaStore) -> set[tuple[Any, ...]]:
    rows = lake.read(RECONCILIATIONS.name).where("measure = 'revenue'").collect()
    names = ("table_name", "group_name", "source_value", "lake_value", "quarantined_value", "verdict")
    return {tuple(row[name] for name in names) for row in rows}


def test_money_of_the_mirror_is_in_silver_or_in_quarantine_by_currency_and_day(settings: Settings, lake: DeltaStore) -> None:
    mirror = [
        *(stored(1, "10.00"), stored(2, "20.00", currency="eur ")),
        *(stored(3, "7.00", currency="X"), stored(4, "5.00", date_created_gmt=None)),
        *(stored(5, "99.00", status="wc-checkout-draft"), stored(6, "3.00", type="shop_subscription")),
        *(refund(11, 1, "4.00"), refund(12, 2, "-2.00"), refund(13, 2, "-1.00")),
    ]
    silver = {
        orders.TABLE: [
            *(order(1, "10.00"), order(2, "20.00"), order(3, "7.00", currency_code="X"), order(4, "5.00", created_at=None)),
            order(8, "70.00", shop_code="app"),
        ],
        refunds.TABLE: [given_back(11, 1, "-4.00"), given_back(12, 2, "-2.00"), given_back(13, 13, "-1.00", root_order_id=2)],
    }
    build(settings, mirror, silver)
    assert figures(lake) == {
        ("orders", "EUR", Decimal(35), Decimal(30), Decimal(5), "quarantined"),
        ("orders", "EUR unknown", Decimal(5), Decimal(0), Decimal(5), "quarantined"),
        ("orders", "unknown", Decimal(7), Decimal(0), Decimal(7), "quarantined"),
        ("orders", "unknown 2026-11-01", Decimal(7), Decimal(0), Decimal(7), "quarantined"),
        ("refunds", "EUR", Decimal(-7), Decimal(-6), Decimal(-1), "quarantined"),
        ("refunds", "EUR 2026-11-01", Decimal(-7), Decimal(-6), Decimal(-1), "quarantined"),
    }


def test_money_that_is_nowhere_is_a_warning(settings: Settings, lake: DeltaStore, capsys: pytest.CaptureFixture[str]) -> None:
    build(settings, [stored(1, "10.00"), stored(2, "20.00")], {orders.TABLE: [order(1, "10.00")], refunds.TABLE: []})
    group = ("orders", "EUR 2026-11-01", Decimal(30), Decimal(10), Decimal(0), "warn")
    assert figures(lake) == {group, ("orders", "EUR", *group[2:])}
    assert "shop nl: orders revenue EUR: 30 in the mirror, 10 in silver, 0 in quarantine" in capsys.readouterr().err


def test_a_refund_that_was_set_apart_and_deleted_is_gone(settings: Settings, lake: DeltaStore) -> None:
    silver = {orders.TABLE: [order(1, "10.00")], refunds.TABLE: [given_back(2, 1, "-4.00", refund_date=None)]}
    build(settings, [stored(1, "10.00"), refund(2, 1, "4.00")], silver)
    assert [stock.rows for stock in stock_of(lake, refunds.TABLE)] == [1]
    build(settings, [stored(1, "10.00")], {orders.TABLE: [order(1, "10.00")], refunds.TABLE: []})
    assert (stock_of(lake, refunds.TABLE), open_incidents(lake)) == ([], [])
    last = lake.read(RECONCILIATIONS.name).where("measure = 'revenue'").orderBy("run_id", "table_name").collect()[-1]
    assert (last["table_name"], last["verdict"]) == ("orders", "equal")


def test_quarantine_of_an_older_lake_lacks_columns(settings: Settings, lake: DeltaStore) -> None:
    build(settings, [stored(1, "10.00"), stored(2, "5.00")], {orders.TABLE: [order(1, "10.00"), order(2, None)], refunds.TABLE: []})
    name = "quarantine.silver__orders"
    lake.replace(name, lake.read(name).drop("root_order_id", "currency_code", "is_misdated").coalesce(1))
    assert stock_of(lake, orders.TABLE) == [Stock(("total_is_known",), 1, {"unknown": Decimal(0)})]


@pytest.mark.parametrize("table", [step.writes for step in SILVER if step.writes.name in ORIGINS], ids=lambda table: table.name)
def test_spark_gives_the_stock_that_the_driver_gives(spark: SparkSession, settings: Settings, lake: DeltaStore, table: Table) -> None:
    origin = ORIGINS[table.name]
    row = {**good_row(table), "shop_code": "nl", "currency_code": "EUR", origin.amount: "7.00"}
    apart = frame_of(spark, table, [{**row, origin.own: number} for number in (1, 2, 3)])
    marks = {"reason": F.lit("some_rule, another"), "run_id": F.lit("a")}
    lake.replace(quarantine_of(table.name), apart.withColumns(marks).coalesce(1))
    lake.replace(table.name, frame_of(spark, table, [{**row, origin.own: 1}]).coalesce(1))
    sources = [{"shop_code": "nl", origin.source_id: number} for number in (1, 2)]
    lake.replace(origin.mirror.name, frame_of(spark, origin.mirror, sources).coalesce(1))
    expected = [Stock(("some_rule", "another"), 1, {"EUR": Decimal(7)})]
    assert stock_of(lake, table) == expected
    assert stock_of(DeltaStore(spark, lake.tables, small_rows=0), table) == expected


def test_what_stands_in_quarantine_is_one_incident_until_it_is_mended(settings: Settings, lake: DeltaStore) -> None:
    mirror = [stored(number, "10.00") for number in (1, 2, 3, 4)]
    good, bad = order(1, "10.00"), [order(2, None), order(3, "10.00", created_at=None), order(4, "10.00", currency_code="X")]
    build(settings, mirror, {orders.TABLE: [good, *bad], refunds.TABLE: []})
    assert stock_of(lake, orders.TABLE) == [
        Stock(("created_at_is_known",), 1, {"EUR": Decimal(10)}),
        Stock(("currency_is_a_code",), 1, {"unknown": Decimal(10)}),
        Stock(("total_is_known",), 1, {"EUR": Decimal(0)}),
    ]
    (record,) = open_incidents(lake)
    assert record.title == (
        "silver.orders: 3 rows are in quarantine: created_at_is_known 1 (10.00 EUR), currency_is_a_code 1 (10.00 unknown), total_is_known 1"
    )
    # Met again: the second was mended, the third is gone from the shop.
    build(settings, [mirror[0], mirror[1], mirror[3]], {orders.TABLE: [good, order(2, "10.00"), bad[2]], refunds.TABLE: []})
    assert [(record.event, record.title) for record in open_incidents(lake)] == [
        ("repeated", "silver.orders: 1 row is in quarantine: currency_is_a_code 1 (10.00 unknown)")
    ]
    build(settings, mirror[:2], {orders.TABLE: [good, order(2, "10.00")], refunds.TABLE: []})
    assert open_incidents(lake) == []
    assert known_incidents(lake) == {}

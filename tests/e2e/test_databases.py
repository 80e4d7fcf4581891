"""An ERP beside a shop: a night takes it in from its tables to the campaign, and the lake of before goes on."""

import csv
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, copy_of, lake_for
from tests.support.erp import make_erp
from tests.support.postgres import PASSWORD, PostgresServer

from lakehouse.inspect.published_tables import database_grants
from lakehouse.io.config.database_settings import DatabaseSettings

pytestmark = [pytest.mark.database, pytest.mark.spark, pytest.mark.slow]


def test_an_erp_joins_a_lake_that_had_none(demo_lake: DemoLake, postgres: PostgresServer, spark: SparkSession, tmp_path: Path) -> None:
    lake = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path))
    make_erp(postgres, "beside")
    settings = {"kind": "erp", "url": postgres.url("beside"), "user": "reader", "password": "env:ERP_PASSWORD"}
    settings |= {"time_zone": "Europe/Amsterdam", "legal_ground": "existing_customers"}
    postgres.run("beside", *database_grants(DatabaseSettings.model_validate(settings)).splitlines())
    lake.environment.update({f"LAKEHOUSE_DATABASES__ERP__{name.upper()}": value for name, value in settings.items()})
    lake.environment["ERP_PASSWORD"] = PASSWORD
    code, log = lake.command("doctor")
    assert code == 0, log
    code, log = lake.command("night", "--run-date", "2026-11-17")
    assert code == 0, log
    said = lake.output(
        "sql", "select is_sale, count(*) as n from silver.orders where shop_code = 'erp' group by is_sale", "--format", "csv"
    )
    # The fourth order has no amount and is in quarantine.
    assert sorted(said.lower().split()[1:]) == ["false,1", "true,2"]
    assert "PostgreSQL" in log
    (pack,) = (tmp_path / "export" / "email").glob("2026-11-17/*")
    with (pack / "customers.csv").open(encoding="utf-8", newline="") as file:
        mailed = {row["email"]: row for row in csv.DictReader(file) if row["shop_code"] == "erp"}
    assert {email: (row["first_name"], row["product_name_1"], row["list_1"]) for email, row in mailed.items()} == {
        "anna@shop.example": ("Anna", "Chair", "buy_again")
    }
    versions = {name: lake.store(spark).head(name) for name in ("bronze.database_orders", "silver.orders")}
    code, log = lake.command("night", "--run-date", "2026-11-18")
    assert code == 0, log
    assert {name: lake.store(spark).head(name) for name in versions} == versions, "nothing changed"

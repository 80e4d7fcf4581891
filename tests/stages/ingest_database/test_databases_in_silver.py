"""Databases of three kinds stand in silver as shops of their own, equal to a truth that is written down here."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from tests.support.erp import ANNA, BEN, CHAIR, FIRST, FOURTH, SECOND, TABLE, THIRD, make_erp
from tests.support.flat_sales import make_many_sales, make_sales
from tests.support.portal import make_portal
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.runs import run_one, settings_in
from tests.support.silver_rows import silver_rows

from lakehouse.bronze.databases.database_keys import TABLE as KEYS
from lakehouse.demo.store.server import Server
from lakehouse.inspect.published_tables import database_grants
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.recommend.params import Params, parse_params
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.sources.databases.entities import CUSTOMERS, ORDER_LINES, ORDERS, PRODUCTS
from lakehouse.stages.ingest_database.database_source import check_database
from lakehouse.stages.ingest_database.mirror_database import DatabaseMirroring
from lakehouse.stages.step_runner import parameters

pytestmark = [pytest.mark.database, pytest.mark.spark, pytest.mark.slow]
Row = tuple[object, ...]
SILVER = ("app_orders", "app_order_lines", "orders", "order_lines", "email_deliverability", "mail_choices", "consents")
ALL = (*SILVER, "customer_identities", "customers", "products", "shops", "categories", "product_codes")


def ingested(folder: Path, databases: dict[str, DatabaseSettings]) -> Settings:
    """The settings of a lake that has these databases, and nothing of a shop."""
    settings = settings_in(folder).model_copy(update={"databases": databases, "restricted_categories": ("wine",)})

    def act(run: RunContext) -> StageResult:
        outputs: dict[str, TableVersion] = {}
        for code, found in databases.items():
            outputs |= DatabaseMirroring(run, check_database(code, found), ()).mirror()
        return StageResult(outputs)

    run_one(settings, "ingest", date(2026, 11, 16), act)
    return settings


def of(frame: DataFrame, shop: str, *columns: str) -> list[Row]:
    return sorted((tuple(row) for row in frame.where(frame.shop_code == shop).select(*columns).collect()), key=str)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """Of 2025, as Spark gives it."""
    return datetime(2025, month, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def test_an_erp_a_portal_and_a_table_of_sales_are_shops_of_their_own(
    postgres: PostgresServer, server: Server, store: DeltaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    make_erp(postgres, "truth_erp")
    make_sales(postgres, "truth_sales")
    make_portal(server, "truth_portal")
    reader = {"user": "reader", "password": "env:DATABASE_PASSWORD"}
    said = {
        "erp": {"url": postgres.url("truth_erp"), "time_zone": "Europe/Amsterdam", "legal_ground": "existing_customers", **reader},
        "flat_sales": {"url": postgres.url("truth_sales"), "time_zone": "Europe/London", "currency": "GBP", **reader},
        "portal": {
            "url": f"jdbc:mysql://127.0.0.1:{server.port}/truth_portal",
            "time_zone": "Europe/Vienna",
            **reader,
            "user": "portal_reader",
        },
    }
    erp, till, b2b = (DatabaseSettings.model_validate({"kind": kind, **found}) for kind, found in said.items())
    postgres.run("truth_erp", *database_grants(erp).splitlines())
    with server.connect() as connection, connection.cursor() as cursor:
        for grant in database_grants(b2b).splitlines():
            cursor.execute(grant)
    settings = ingested(tmp_path, {"erp": erp, "till": till, "b2b": b2b})
    params: Params = parse_params(read_conf("als.yaml"))
    silver = silver_rows(store, parameters(settings, params, Rules(), date(2026, 11, 16)), *ALL)
    ids = {(row["shop_code"], row["source_key"]): row["id"] for row in store.read(KEYS.name).collect()}
    known = {key: number for (shop, key), number in ids.items() if shop == "erp"}

    facts: tuple[str, ...] = (
        "order_id",
        "is_sale",
        "status",
        "currency_code",
        "created_at",
        "order_date",
        "country_code",
        "total_amount",
        "channel_code",
    )
    orders = {row[0]: row[1:] for row in of(silver["orders"], "erp", *facts)}
    first_at = (utc(10, 26, 1, 30), date(2025, 10, 26))
    assert orders[known[FIRST]] == (True, "invoiced", "EUR", *first_at, "NL", Decimal("120.88"), "database")
    assert not orders[known[SECOND]][0]
    # Half past eleven in the evening in UTC is the next day in Amsterdam.
    assert orders[known[THIRD]][3:5] == (utc(11, 2, 23, 30), date(2025, 11, 3))
    lines = of(silver["order_lines"], "erp", "order_id", "order_line_id", "product_id", "quantity", "net_amount")
    assert (known[THIRD], 2, 0, Decimal("0.5"), Decimal("5.5")) in lines
    assert (known[THIRD], 1, known[TABLE], Decimal(1), Decimal("243.62345679")) in lines
    facts = ("user_id", "email_status", "legal_ground", "country_code", "last_order_id")
    people = {row[0]: row[1:] for row in of(silver["customers"], "erp", *facts)}
    assert people[known[ANNA]] == ("valid", "existing_customers", "NL", known[SECOND])
    assert people[known[BEN]] == ("missing", "existing_customers", "DE", known[THIRD])
    assert people[None] == ("missing", "existing_customers", None, known[FOURTH])
    facts = ("product_id", "sku", "price_amount", "is_sellable", "is_restricted")
    products = {row[0]: row[1:] for row in of(silver["products"], "erp", *facts)}
    assert products[known[CHAIR]] == ("CH-1", Decimal("49.95"), True, False)
    assert {row[0]: row[2:] for row in products.values()} == {"CH-1": (True, False), "TA-1": (False, False), "LA-1": (False, True)}

    # The same person in two databases has one address and is two customers.
    both = silver["customers"].where("email_pseudonym is not null")
    assert {shop: set(of(both, shop, "email_pseudonym")) for shop in ("erp", "b2b")}["erp"] == set(of(both, "b2b", "email_pseudonym"))

    facts = ("status", "is_sale", "created_at", "order_date", "total_amount", "currency_code")
    assert of(silver["orders"], "till", *facts) == [
        # On the morning when clocks go forward half past one is no time in London; it is read as the one after.
        ("invoiced", True, utc(3, 30, 1, 30), date(2025, 3, 30), Decimal("43.5"), "GBP"),
        ("invoiced", True, utc(7, 1, 9), date(2025, 7, 1), Decimal("98.35"), "GBP"),
        ("returned", False, utc(7, 2, 8), date(2025, 7, 2), Decimal("-12.75"), "GBP"),
    ]
    assert of(silver["products"], "till", "sku", "product_name", "price_amount") == [
        ("22423", "CAKE STAND 3 TIER", Decimal("14.95")),
        ("85048", "15CM LIGHTS", Decimal("6.95")),
        ("POST", "POSTAGE", Decimal(18)),
    ]
    # One who gave a number, and one of whom nothing is known but the order.
    assert [row[0] for row in of(silver["customers"], "till", "is_anonymous")] == [False, True]

    assert of(silver["orders"], "b2b", "order_id", *facts) == [
        (10, "shipped", True, utc(6, 30, 22, 15), date(2025, 7, 1), Decimal("129.71"), "EUR"),
        (11, "draft", False, utc(11, 30, 23, 15), date(2025, 12, 1), Decimal("4.5"), "EUR"),
    ]
    pen, paper = ids["b2b", "AB-1"], ids["b2b", "CD-2"]
    assert of(silver["order_lines"], "b2b", "order_id", "order_line_id", "product_id", "net_amount") == [
        (10, 1, pen, Decimal(60)),
        (10, 2, paper, Decimal(45)),
        (11, 3, paper, Decimal("4.5")),
    ]
    assert of(silver["products"], "b2b", "product_id", "sku") == sorted([(pen, "AB-1"), (paper, "cd-2")], key=str)


def test_a_table_of_a_million_sales_adds_up_to_what_the_database_says(
    postgres: PostgresServer, store: DeltaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    make_many_sales(postgres, "million", 1_020_500)
    till = DatabaseSettings(kind="flat_sales", url=postgres.url("million"), user="reader", password="env:DATABASE_PASSWORD")
    ingested(tmp_path, {"till": till})
    (truth,) = postgres.run("million", "SELECT count(*), count(DISTINCT invoice_no), sum(quantity * unit_price) FROM sales")
    lines = store.read(ORDER_LINES.bronze.name).selectExpr("count(*)", "count(DISTINCT order_id)", "sum(net_amount)").collect()
    assert tuple(lines[0]) == truth == (1_020_500, 51_026, truth[2])
    orders = store.read(ORDERS.bronze.name).selectExpr("count(*)", "sum(total_amount)").collect()
    assert tuple(orders[0]) == truth[1:]
    products = store.read(PRODUCTS.bronze.name).count()
    assert (products, store.read(CUSTOMERS.bronze.name).count()) == (4_000, 10_000)

"""A real PostgreSQL ERP is read by its declarations into bronze and vault: types, ids, personal data, rights, what changes, what stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from tests.support.erp import ANNA, CHAIR, FIRST, FOURTH, THIRD, make_erp
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.runs import run_one, settings_in

from lakehouse.bronze.databases.database_keys import TABLE as KEYS
from lakehouse.errors import AccessError, CollapseError, DataError, SourceAwayError
from lakehouse.inspect.published_tables import database_grants
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.sources.databases import KINDS
from lakehouse.sources.databases.entities import CUSTOMERS, ORDER_LINES, ORDERS, PRODUCTS
from lakehouse.sources.databases.erp import ERP
from lakehouse.stages.ingest_database.database_source import check_database
from lakehouse.stages.ingest_database.mirror_database import DatabaseMirroring

pytestmark = [pytest.mark.database, pytest.mark.spark]


@pytest.fixture
def settings(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of an empty lake and a fresh ERP whose reader has the rights that `grants` prints, and no others."""
    monkeypatch.setenv("ERP_PASSWORD", PASSWORD)
    make_erp(postgres, "erp")
    erp = DatabaseSettings(
        kind="erp", url=postgres.url("erp"), user="reader", password="env:ERP_PASSWORD", time_zone="Europe/Amsterdam", max_delete_share=0.5
    )
    postgres.run("erp", *database_grants(erp).splitlines())
    yield settings_in(tmp_path).model_copy(update={"databases": {"erp": erp}})


def mirror(settings: Settings) -> dict[str, tuple[int, ...]]:
    """One run of the database alone; the versions of its mirrors afterwards."""

    def act(run: RunContext) -> StageResult:
        source = check_database("erp", settings.databases["erp"])
        return StageResult(DatabaseMirroring(run, source, ()).mirror())

    result = run_one(settings, "ingest", date(2026, 11, 16), act)
    return {name: (head.version,) for name, head in result.outputs.items()}


def rows(store: DeltaStore, table: str, *columns: str) -> list[tuple[object, ...]]:
    frame: DataFrame = store.read(table).select(*columns)
    return sorted(map(tuple, frame.collect()), key=str)


def ids(store: DeltaStore) -> dict[str, int]:
    return {row["source_key"]: row["id"] for row in store.read(KEYS.name).collect()}


def test_an_erp_is_read_as_it_is_and_nothing_is_written_where_nothing_changed(settings: Settings, store: DeltaStore) -> None:
    versions = mirror(settings)
    known = ids(store)
    orders = {row["order_id"]: row for row in store.read(ORDERS.bronze.name).collect()}
    first, third, fourth = (orders[known[key]] for key in (FIRST, THIRD, FOURTH))
    assert first["created_at"] == datetime(2025, 10, 26, 1, 30, tzinfo=UTC).replace(tzinfo=None)
    assert (first["total_amount"], first["status"], first["country"]) == (Decimal("120.88"), "invoiced", "NL")
    assert (third["shipping_amount"], third["discount_amount"]) == (Decimal(10), Decimal("5.5"))
    # NaN is no amount and `infinity` no time.
    assert (fourth["total_amount"], fourth["updated_at"], fourth["customer_id"]) == (None, None, None)
    lines = rows(store, ORDER_LINES.bronze.name, "order_id", "line_id", "product_id", "quantity", "net_amount")
    assert (known[FIRST], 1, known[CHAIR], Decimal(2), Decimal("99.9")) in lines
    # `numeric` without scale is rounded to the eight decimals of money.
    assert {line[4] for line in lines if line[0] == known[THIRD]} == {Decimal("243.62345679"), Decimal("5.5")}
    stock = rows(store, PRODUCTS.bronze.name, "sku", "stock_quantity")
    assert stock == [("CH-1", Decimal("7.5")), ("LA-1", None), ("TA-1", Decimal(0))]

    columns = {name for table in versions for name in store.read(table).columns if not table.startswith("vault.")}
    assert not columns & {"email", "first_name", "tags", "notes"}
    assert CUSTOMERS.vault is not None
    assert rows(store, CUSTOMERS.vault.name, "customer_id", "email", "first_name") == [(known[ANNA], "Anna@Shop.Example ", "Anna")]

    assert mirror(settings) == versions


@pytest.mark.slow
def test_what_changed_is_written_and_ids_stay_whatever_becomes_of_their_table(
    settings: Settings, store: DeltaStore, postgres: PostgresServer
) -> None:
    versions, known = mirror(settings), ids(store)
    postgres.run(
        "erp",
        f"UPDATE sales_orders SET status = 'shipped' WHERE order_id = '{THIRD}'",
        f"DELETE FROM sales_order_lines WHERE order_id = '{FIRST}'",
    )
    changed = {name for name, version in mirror(settings).items() if version != versions[name]}
    assert changed == {ORDERS.bronze.name, ORDER_LINES.bronze.name}
    assert ids(store) == known
    store.drop(KEYS.name)
    mirror(settings)
    assert ids(store) == known, "ids follow from the keys alone"


def test_what_the_reader_may_not_read_or_what_is_not_there_is_named(settings: Settings, postgres: PostgresServer) -> None:
    erp = settings.databases["erp"]

    def refused(changes: dict[str, object], *statements: str) -> str:
        postgres.run("erp", "SELECT 1", *statements)
        with pytest.raises((DataError, AccessError, SourceAwayError)) as caught:
            check_database("erp", erp.model_copy(update=changes))
        return f"{caught.value.exit_code} {caught.value} {caught.value.todo}"

    assert check_database("erp", erp).description.startswith("PostgreSQL 1")
    assert refused({}, "REVOKE SELECT (status) ON sales_orders FROM reader").startswith("65")
    assert "databases.erp.password" not in refused({"schema_name": "nowhere"})
    assert refused({"url": postgres.url("nowhere")}).startswith("65")
    assert refused({"user": "nobody"}).startswith("77")
    assert refused({"url": "jdbc:postgresql://127.0.0.1:1/erp"}).startswith("69")
    array = "ALTER TABLE products ALTER brand TYPE text[] USING ARRAY[brand]"
    assert "brand: found text[], expected string" in refused({}, f"GRANT SELECT ON sales_orders TO reader; {array}")


def test_a_value_that_a_kind_can_not_take_is_told_by_the_kind_and_not_by_the_value(
    settings: Settings, store: DeltaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = ERP.rows["orders"].replace("order_id, customer_id", "order_id, CAST(status AS BIGINT) AS customer_id")
    monkeypatch.setitem(KINDS, "erp", replace(ERP, rows={**ERP.rows, "orders": orders}))
    with pytest.raises(DataError, match=r"a SELECT of kind erp can't take \(CAST_INVALID_INPUT\)") as caught:
        mirror(settings)
    assert "invoiced" not in str(caught.value) and "try_cast" in caught.value.todo
    assert store.head(ORDERS.bronze.name) is None


@pytest.mark.slow
def test_a_database_that_lost_most_of_its_orders_is_not_believed(settings: Settings, postgres: PostgresServer) -> None:
    mirror(settings)
    postgres.run("erp", "DELETE FROM sales_orders", "DELETE FROM sales_order_lines")
    with pytest.raises(CollapseError):
        mirror(settings)

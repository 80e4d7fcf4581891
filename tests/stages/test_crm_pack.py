"""The pack of customers holds those of whom something changed since the last one that was shown."""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.runs import settings_in

from lakehouse.errors import ConfigError
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.export.verify import problems
from lakehouse.flow import CRM
from lakehouse.io.config.settings import read_conf
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.ledger import Ledger
from lakehouse.ops.packs import PackLedger
from lakehouse.recommend import customer_products
from lakehouse.recommend.params import parse_params
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customer_identities, customers, orders
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.sources.woocommerce.people import USERS
from lakehouse.stages.crm_pack import export_customers
from lakehouse.table import Table

pytestmark = pytest.mark.spark
DAY, AT = date(2026, 11, 18), datetime(2026, 11, 18, 3, tzinfo=UTC)


def person(number: int, **said: Any) -> dict[str, Any]:
    good = {"email_status": "valid", "is_customer": True, "consent": "yes", "has_complained": False, "is_anonymous": False}
    return {**good, "shop_code": "nl", "customer_key": f"k{number}", "email_pseudonym": f"e{number}", **said}


def order(i: int, number: int, total: str) -> dict[str, Any]:
    said = {"is_sale": True, "currency_code": "EUR", "created_at": AT - timedelta(days=i)}
    return {**said, "shop_code": "nl", "order_id": i, "user_pseudonym": f"k{number}", "total_amount": total}


def written(run: RunContext, table: Table, rows: list[dict[str, Any]]) -> RunContext:
    run.store.replace(table.name, frame_of(run.spark, table, rows))
    head = run.store.head(table.name)
    assert head is not None
    return replace(run, heads={**run.heads, table.name: head})


def night(run: RunContext, number: int, is_shown: bool = True) -> list[dict[str, str]]:
    """The rows that a night sends."""
    day, run_id = DAY + timedelta(days=number), f"run{number}"
    its = replace(run, run_id=run_id, run_date=day, started_at=AT, ledger=Ledger(run.store, run_id, "export", day, "test"))
    result = export_customers(its, read_campaigns(), PackLedger(run.store))
    for action in result.after if is_shown else ():
        action.do(its)
    its.ledger.flush()
    folder = Path(run.settings.export_root) / "crm" / day.isoformat() / run_id
    assert folder.is_dir() == bool(is_shown and result.after)
    if not folder.is_dir():
        return []
    assert json.loads((folder.parents[1] / "latest.json").read_text())["pack"] == f"{day}/{run_id}"
    assert list(problems(folder, read_campaigns().profiles["crm"], AT)) == []
    with (folder / f"customers_{day:%Y%m%d}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_only_who_changed_is_sent_and_nobody_the_second_time(tmp_path: Path, spark: SparkSession) -> None:
    assert USERS.vault and ORDERS.vault
    settings = settings_in(tmp_path).model_copy(update={"crm_profile": "crm"})
    store, params = DeltaStore(spark, TableResolver.of(settings)), parse_params(read_conf("als.yaml"))
    run = RunContext("run", DAY, AT, settings, store, Ledger(store, "run", "export", DAY, "test"), params, "k" * 32, {}, {})
    mails = [{"shop_code": "nl", "id": i, "user_email": f"Mail{i}@shop.example", "email_pseudonym": f"e{i}"} for i in (1, 2, 3)]
    run = written(written(run, USERS.vault, mails), ORDERS.vault, [])
    run = written(written(run, customer_identities.TABLE, []), orders.TABLE, [order(1, 1, "10.10"), order(2, 1, "5")])
    run = written(run, customers.TABLE, [person(1), person(2), person(3)])
    due = {"shop_code": "nl", "customer_key": "k1", "list_name": "buy_again", "rank": 1, "product_id": 17, "due_date": DAY}
    run = written(run, customer_products.TABLE, [due])
    first = night(run, 1)
    assert [row["email"] for row in first] == ["mail1@shop.example", "mail2@shop.example", "mail3@shop.example"]
    assert (first[0]["spent"], first[0]["order_count"], first[0]["last_ordered_at"]) == ("EUR 15.10", "2", "2026-11-17T03:00:00Z")
    assert [row["next_due"] for row in first] == ["2026-11-18 17", "", ""]
    assert night(run, 2) == []
    # One orders, one says no, one goes; a pack that was never shown was not sent.
    run = written(run, orders.TABLE, [order(1, 1, "10.10"), order(2, 1, "5"), order(3, 1, "1")])
    run = written(run, customers.TABLE, [person(1), person(2, consent="no"), person(3, email_status="anonymised", email_pseudonym=None)])
    assert night(run, 3, is_shown=False) == []
    assert [(row["customer_key"], row["spent"], row["consent"], row["is_deleted"]) for row in night(run, 4)] == [
        ("k1", "EUR 16.10", "yes", "0"),
        ("k2", "", "no", "0"),
        ("k3", "", "", "1"),
    ]
    assert night(run, 5) == []


def test_a_profile_of_something_else_is_refused_and_none_does_nothing(tmp_path: Path, spark: SparkSession) -> None:
    settings = settings_in(tmp_path)
    store, params = DeltaStore(spark, TableResolver.of(settings)), parse_params(read_conf("als.yaml"))
    run = RunContext("run", DAY, AT, settings, store, Ledger(store, "run", "export", DAY, "test"), params, "k" * 32, {}, {})
    nothing = export_customers(run, read_campaigns(), PackLedger(store))
    assert (nothing.outputs, nothing.after, store.head(CRM.name)) == ({}, (), None)
    wrong = replace(run, settings=settings.model_copy(update={"crm_profile": "klaviyo"}))
    with pytest.raises(ConfigError, match="crm_profile"):
        export_customers(wrong, read_campaigns(), PackLedger(store))

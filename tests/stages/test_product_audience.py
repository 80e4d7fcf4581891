"""A product finds its customers: the pack of those who are most likely to buy it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from math import log
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import settings_in

from lakehouse.arrow_frames import frame_from
from lakehouse.errors import ConfigError
from lakehouse.export.campaign import parse_campaign
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.gold import interactions, product_popularity
from lakehouse.io.config.settings import read_conf
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.mlflow.model_facts import Champion
from lakehouse.ops.ledger import RUNS, Ledger
from lakehouse.ops.packs import PACKS, SUPPRESSIONS
from lakehouse.recommend.als import Factors
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.params import parse_params
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.rule_set import parse_rule_file, rules_of
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import categories, customers, product_codes, products
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.stages.audience import audience as module
from lakehouse.stages.audience.product import Wanted, parse
from lakehouse.table import Table

DAY, AT = date(2026, 11, 18), datetime(2026, 11, 18, 3, tzinfo=UTC)
# By ALS alone; what was bought before is twice as likely as its weight says.
BLEND = Blend((1.0, *[0.0] * 6), (1.0, 0.0, 0.0, 0.0), (log(2), 1.0, 1.0))
# Customer → country and weight of product 1. The chance of product 2 is 2 / (2 weight + 2), so who buys more is expected to buy more of it:
# about .50, .75, .83, .90 and .33 times in the days in which the weight is bought.
PEOPLE = {1: ("NL", 0.99), 2: ("BE", 2.99), 3: ("NL", 4.99), 4: ("DE", 8.99), 5: ("NL", 0.49)}
ALCOHOL = 17


def key(number: int) -> str:
    return f"{number:064}"


def rows_of_lake() -> dict[Table, Sequence[dict[str, Any]]]:
    """Five customers, of whom the third said no; product 2 is hidden in Germany, 3 is sold out, 4 is restricted."""
    assert USERS.vault and USER_META.vault and ORDERS.vault and ORDER_ADDRESSES.vault
    said = {"email_status": "valid", "is_customer": True, "legal_ground": "consent", "has_complained": False, "locale": None}
    product = {**good_row(products.TABLE), "shop_code": "nl", "is_sellable": True, "is_restricted": False, "created_at": None}
    of_product: dict[int, dict[str, Any]] = {2: {"category_ids": [ALCOHOL]}, 3: {"is_sellable": False}, 4: {"is_restricted": True}}
    bought = {**good_row(interactions.TABLE), "shop_code": "nl", "product_id": 1, "order_count": 1}
    return {
        customers.TABLE: [
            {**good_row(customers.TABLE), **said, "shop_code": "nl", "customer_key": key(i), "email_pseudonym": f"e{i}", "user_id": i}
            | {"country_code": country, "is_opted_out": i == 3}
            for i, (country, _) in PEOPLE.items()
        ],
        products.TABLE: [
            {**product, "product_id": i, "product_name": f"Product {i}", "sku": f"SKU{i}", **of_product.get(i, {})} for i in (1, 2, 3, 4)
        ],
        product_codes.TABLE: [
            {"shop_code": "nl", "code_type": "sku", "code": code, "product_id": 2, "variation_id": 0, "product_count": count}
            for code, count in (("SKU2", 1), ("SHARED", 2))
        ],
        interactions.TABLE: [{**bought, "customer_key": key(i), "weight": weight} for i, (_, weight) in PEOPLE.items()],
        product_popularity.TABLE: [
            {**good_row(product_popularity.TABLE), "shop_code": "nl", "country_code": "*", "product_id": i, "order_count": 1}
            for i in (1, 2)
        ],
        USERS.vault: [{"shop_code": "nl", "id": i, "user_email": f"mail{i}@shop.example", "email_pseudonym": f"e{i}"} for i in PEOPLE],
        USER_META.vault: [],
        categories.TABLE: [{"shop_code": "nl", "category_id": ALCOHOL, "category_name": "Wine", "slug": "wine"}],
        ORDERS.vault: [],
        ORDER_ADDRESSES.vault: [],
    }


@pytest.fixture
def run(tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    """With a champion whose factors are known: product 2 is expected twice as much as product 1, by everybody."""
    settings = settings_in(tmp_path)
    store = DeltaStore(spark, TableResolver.of(settings))
    for table, rows in rows_of_lake().items():
        store.replace(table.name, frame_of(spark, table, rows))
    heads = {table.name: head for table in rows_of_lake() if (head := store.head(table.name))}
    hide = {"name": "no_alcohol", "kind": "hide", "shop": "nl", "categories": [ALCOHOL], "countries": ["DE"]}
    rules = rules_of({"mine": parse_rule_file("mine", {"rules": [hide]})})
    factors = Factors(
        frame_from(spark, [("nl", key(i), [1.0]) for i in PEOPLE], "shop_code string, customer_key string, features array<float>"),
        frame_from(spark, [("nl", 1, [0.99]), ("nl", 2, [1.99])], "shop_code string, product_id bigint, features array<float>"),
    )

    class Registry:
        def __init__(self, *_: object) -> None: ...

        def champion(self) -> Champion:
            return Champion("7", "a run", {})

    monkeypatch.setattr(module, "ModelRegistry", Registry)
    monkeypatch.setattr(module, "registered", lambda *_: RegisteredModel("7", BLEND, lambda: (factors, {})))
    ledger = Ledger(store, "run1", "audience", DAY, "test")
    return RunContext("run1", DAY, AT, settings, store, ledger, parse_params(read_conf("als.yaml")), "k" * 32, heads, heads, rules=rules)


def made(run: RunContext, run_id: str, product: str, at_most: int, countries: Sequence[str] = ()) -> StageResult:
    """The stage in a run of its own, and what comes after the publication."""
    its = replace(run, run_id=run_id, ledger=Ledger(run.store, run_id, "audience", DAY, "test"))
    result = module.audience(its, product, at_most, countries, "email")
    for action in result.after:
        action.do(its)
    its.ledger.flush()
    return result


@pytest.mark.spark
def test_who_is_most_likely_to_buy_it_comes_first_and_who_may_not_be_written_to_gives_the_place_to_the_next(run: RunContext) -> None:
    result = made(run, "run1", "nl-2", 2)
    root = Path(run.settings.export_root) / "audience_nl_2_email"
    assert json.loads((root / "latest.json").read_text())["pack"] == "2026-11-18/run1"
    with (root / "2026-11-18/run1/customers.csv").open(newline="") as file:
        rows = [(row["email"], row["product_id_1"], row["list_1"]) for row in csv.DictReader(file)]
    assert rows == [("mail2@shop.example", "2", "discover"), ("mail1@shop.example", "2", "discover")]
    assert result.text.endswith("run1: who is most likely to buy nl-2 comes first; a rule of the shop hides it in DE")
    manifest = json.loads((root / "2026-11-18/run1/manifest.json").read_text())
    # The third customer stands above the last recipient, the fifth one below, the fourth nowhere.
    assert (manifest["customers"], manifest["recipients"], manifest["suppressed"]["opted_out"]) == (3, 2, 1)
    assert (manifest["product"], manifest["at_most"], manifest["model_version"], manifest["slots"]) == ("nl-2", 2, "7", 1)
    assert [(row["campaign"], row["customer_key"], row["reason"]) for row in run.store.rows(SUPPRESSIONS)] == [
        ("audience_nl_2_email", key(3), "opted_out")
    ]
    assert [(row["campaign"], row["recipients"]) for row in run.store.rows(PACKS)] == [("audience_nl_2_email", 2)]
    # The same again makes nothing, also by the SKU as somebody types it.
    assert made(run, "run2", " sku2", 2).after == ()
    assert [row["status"] for row in run.store.rows(RUNS, where="step = 'export.audience_nl_2_email' AND run_id = 'run2'")] == ["skipped"]


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize(
    ("product", "countries", "problem"),
    [
        ("nl-9", [], "shop nl has no product 9"),
        ("nl-3", [], "nl-3 can't be sold now"),
        ("nl-4", [], "nl-4 is of a restricted category"),
        ("nl-2", ["DE"], "hides product nl-2 in DE"),
        ("shared", [], "several products have this SKU: nl-2"),
        ("tea", [], "there is no product of that name"),
    ],
)
def test_a_product_that_nobody_may_be_shown_is_refused(run: RunContext, product: str, countries: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        module.audience(run, product, 1, countries, "email")


def test_a_key_is_one_of_a_shop_that_there_is() -> None:
    assert parse("nl-12", ["nl"]) == parse(" nl:12", ["nl"]) == ("nl", 12)
    assert [parse(text, ["nl"]) for text in ("ab-12", "nl-12a", "12")] == [None, None, None]


def test_an_audience_is_like_its_campaign_but_for_product_place_and_days() -> None:
    shipped = read_campaigns().campaigns["email"].model_dump(mode="json", exclude={"name"})
    audience = {"countries": ["FR"], "where": "user_id > 0"}
    said = {"valid_until": "2026-01-01", "every_days": 7, "list_name": "discover", "hold_out": {"share": "0.1", "salt": "of autumn"}}
    autumn = parse_campaign("autumn", {**shipped, **said, "audience": audience})
    found = module.campaign_of(autumn, Wanted("nl", 12), ["NL", "BE", "NL"])
    assert (found.name, found.slots, found.list_name, found.profile) == ("audience_nl_12_autumn", 1, "mixed", autumn.profile)
    assert (found.audience.countries, found.audience.where) == (("BE", "NL"), "user_id > 0")
    assert found.why_not_due(DAY, DAY) == ""
    assert found.hold_out and autumn.hold_out and found.hold_out.share == autumn.hold_out.share
    assert found.hold_out.salt == "of autumn audience_nl_12_autumn"  # other people than those who are held out of the campaign
    assert module.campaign_of(autumn, Wanted("nl", 12), []).audience.countries == ("FR",)


def test_a_name_that_is_too_long_for_folders_and_links_is_refused_with_what_to_do() -> None:
    shipped = read_campaigns().campaigns["email"].model_dump(mode="json", exclude={"name"})
    module.campaign_of(parse_campaign("a" * 31, shipped), Wanted("nl", 123456), [])
    with pytest.raises(ConfigError, match="would be the pack's name, and 50 signs are the most") as caught:
        module.campaign_of(parse_campaign("a" * 32, shipped), Wanted("nl", 123456), [])
    assert "--campaign" in caught.value.todo

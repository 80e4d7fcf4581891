"""`lakehouse why`: one customer, on a lake that nobody may start a JVM for."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse.cli import main
from lakehouse.gold import interactions
from lakehouse.inspect.customer import why as module
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.ledger import PUBLICATIONS
from lakehouse.ops.packs import MADE, PACK_PRODUCTS, SUPPRESSIONS, PackLedger, PackRecord
from lakehouse.recommend import customer_products
from lakehouse.recommend.rules.rule_set import parse_rule_file, rules_of
from lakehouse.silver import categories, customers, products
from lakehouse.table import Table

ANNA, BOB = "a" * 64, "b" * 64
AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
# 1 … 3 are for sale, 4 is sold out, 5 is restricted, 6 a rule hides in Norway.
CATALOGUE = {1: "Bread", 2: "Cheese", 3: "Jam", 4: "Tea", 5: "Wine", 6: "Fish"}
BOUGHT = {1: 3.0, 4: 2.0, 5: 1.0, 6: 0.5, 9: 0.25}
TAKEN = [
    {"list_name": name, "rule": rule, "product_id": product}
    for name, rule, product in (("mixed", "mine.two_of_a_kind", 2), ("discover", "mine.in_stock", 9), ("discover", "mine.in_stock", 1))
]


def place(name: str, rank: int, product: int, code: str, because: Sequence[int] = ()) -> dict[str, Any]:
    row = {"shop_code": "nl", "customer_key": ANNA, "list_name": name, "rank": rank, "product_id": product, "score": -1.5}
    return {**row, "candidate_source": code, "reason_code": code, "reason_product_ids": list(because), "run_date": AT.date()}


def pack(campaign: str, run: str, hour: int) -> PackRecord:
    at = AT.replace(hour=hour)
    about: dict[str, Any] = {"place": "x", "profile": "generic_wide", "customers": 9, "recipients": 7, "rows": 7, "suppressed": "{}"}
    return PackRecord(campaign, AT.date(), run, MADE, at, at, **about)


# Campaign, run, product, to how many it was shown and to how many not.
SHOWN = (
    *(("autumn", "old", 3, 1, 6), ("autumn", "new", 2, 4, 3), ("autumn", "new", 3, 7, 0)),
    *(("push", "new", 3, 5, 2), ("push", "new", 4, 1, 1), ("push", "died", 1, 1, 1)),
)


def shown(campaign: str, run: str, product: int, to: int, clipped: int) -> dict[str, Any]:
    row = {"campaign": campaign, "run_id": run, "run_date": AT.date(), "shop_code": "nl", "product_id": product, "shown_at": AT}
    return row | {"customer_limit": to, "shown_count": to, "clipped_count": clipped, "promised_quantity": 1, "sample_keys": []}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeltaStore:
    def no_jvm(*_: Any, **__: Any) -> Any:
        raise AssertionError("a JVM is started")

    monkeypatch.setattr("lakehouse.lake.spark_session", no_jvm)
    for name in ("lake", "vault", "export"):
        monkeypatch.setenv(f"LAKEHOUSE_{name.upper()}_ROOT", str(tmp_path / name))
    store = DeltaStore(no_jvm, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")))
    person = {"customer_key": ANNA, "country_code": "NO", "email_pseudonym": "e" * 64, "consent": "yes", "email_status": "valid"}
    of_rows: Mapping[Table, Sequence[dict[str, Any]]] = {
        customers.TABLE: [
            *({"shop_code": shop, **person} for shop in ("nl", "app")),
            *({"shop_code": shop, "customer_key": BOB} for shop in ("nl", "de")),
        ],
        products.TABLE: [
            {"shop_code": "nl", "product_id": i, "product_name": name, "is_sellable": i != 4, "is_restricted": i == 5}
            | {"category_ids": [17] if i == 6 else []}
            for i, name in CATALOGUE.items()
        ],
        categories.TABLE: [{"shop_code": "nl", "category_id": 17, "category_name": "Fish", "slug": "fish"}],
        interactions.TABLE: [
            {"shop_code": "nl", "customer_key": ANNA, "product_id": i, "order_count": 2, "weight": w, "recency_days": 4.0}
            for i, w in BOUGHT.items()
        ],
        customer_products.TABLE: [
            place("mixed", 2, 2, "als", (1, 9)),
            {**place("mixed", 1, 1, "own_frequency"), "placed_by_rule": "mine.our_bread"},
            {**place("discover", 1, 3, "new_product"), "removed_by_rules": TAKEN},
            {**place("mixed", 1, 3, "als"), "customer_key": BOB},
        ],
        SUPPRESSIONS: [
            {"campaign": "autumn", "shop_code": "nl", "customer_key": ANNA, "reason": "frequency_cap"},
            {"campaign": "autumn", "shop_code": "nl", "customer_key": BOB, "reason": "bounced"},
        ],
    }
    for table, rows in of_rows.items():
        store.append_rows(table, rows)
        head = store.head(table.name)
        assert head is not None
        row = {"run_id": "a", "table_name": table.name, "table_id": head.table_id, "table_version": 0, "published_at": AT}
        store.append_rows(PUBLICATIONS, [row])
    packs = PackLedger(store)
    packs.record(pack(campaign, run, hour) for campaign, run, hour in (("autumn", "old", 1), ("autumn", "new", 2), ("push", "new", 2)))
    store.append_rows(PACK_PRODUCTS, [shown(*row) for row in SHOWN])
    rule = {"name": "no_fish", "kind": "hide", "categories": ["fish"], "countries": ["NO"]}
    by_mail = {"name": "by_mail", "kind": "hide", "products": [2, 5, 6], "channels": ["email"]}
    abroad = {"name": "abroad", "kind": "hide", "products": [3], "channels": ["email", "push"], "countries": ["SE"]}
    monkeypatch.setattr(module, "read_rules", lambda: rules_of({"mine": parse_rule_file("mine", {"rules": [rule, by_mail, abroad]})}))
    return store


def named(product: int, name: str | None) -> dict[str, Any]:
    return {"product_id": product, "product_name": name}


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["why", *arguments])
    return capsys.readouterr().out


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(["why", *arguments])
    return int(stop.value.code or 0), capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_a_customer_is_told_with_history_reasons_what_rules_took_and_campaigns(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(asked(capsys, ANNA, "--format", "json"))
    assert (found["customer"]["shop_code"], found["customer"]["consent"], found["customer"]["country_code"]) == ("nl", "yes", "NO")
    assert [(row["product_id"], row["product_name"], row["on_no_list"]) for row in found["history"]] == [
        (1, "Bread", ""),
        (4, "Tea", "can't be bought"),
        (5, "Wine", "is restricted"),
        (6, "Fish", "hidden by the rule mine.no_fish"),
        (9, None, "is in the catalogue no more"),
    ]
    assert [(place["rank"], place["product_name"], place["reason_code"], place["reasons"]) for place in found["lists"]["mixed"]] == [
        (1, "Bread", "own_frequency", []),
        (2, "Cheese", "als", [named(1, "Bread"), named(9, None)]),
    ]
    assert [place["product_name"] for place in found["lists"]["discover"]] == ["Jam"]
    assert found["taken_out"] == {"can't be bought": 1, "hidden by the rule mine.no_fish": 1, "is restricted": 1}
    assert [place["placed_by_rule"] for place in found["lists"]["mixed"]] == ["mine.our_bread", None]
    assert found["removed"] == [
        {"list_name": "discover", "rule": "mine.in_stock", "places": 2, "products": [named(9, None), named(1, "Bread")]},
        {"list_name": "mixed", "rule": "mine.two_of_a_kind", "places": 1, "products": [named(2, "Cheese")]},
    ]
    # 5 and 6 are on no list anyway; the customer is not in Sweden.
    assert found["by_channel"] == {"email": {"hidden by the rule mine.by_mail": 1}, "push": {}}
    assert found["campaigns"] == [{"campaign": "autumn", "shop_code": "nl", "reason": "frequency_cap"}]
    # 3 was scarce in an older pack, 4 is on no list, and the pack that showed 1 never appeared.
    assert found["scarce"] == [
        {"campaign": "autumn", **named(2, "Cheese"), "shown_count": 4, "clipped_count": 3},
        {"campaign": "push", **named(3, "Jam"), "shown_count": 5, "clipped_count": 2},
    ]
    assert "e" * 64 not in json.dumps(found)


@pytest.mark.usefixtures("store")
def test_the_table_has_the_same_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    lines = asked(capsys, ANNA, "--shop", "nl").splitlines()
    assert "2     2           Cheese   -1.500  als            Bread; 9" in [line.rstrip() for line in lines]
    assert "  autumn (nl): frequency_cap" in lines
    assert "       2 of discover: mine.in_stock (9; Bread)" in lines and "left out of campaigns by email beside that" in lines
    assert "  autumn: Cheese is shown to 4 customers and not to 3" in lines
    assert not any("by push" in line for line in lines)
    assert not any("e" * 64 in line for line in lines)


@pytest.mark.usefixtures("store")
def test_what_is_no_customer_key_is_refused_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = failed(capsys, "anna@shop.example")
    assert code == 2 and "anna" not in said and "customer_key" in said
    assert failed(capsys, "c" * 64)[0] == 65
    code, said = failed(capsys, BOB)
    assert code == 2 and "de, nl" in said and "--shop" in said
    assert failed(capsys, ANNA, "--format", "xml")[0] == 2

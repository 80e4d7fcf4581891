"""A campaign is a file: its pack, its rows in the ledgers, who is left out, and what the plan says follow."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import settings_in

from lakehouse.bronze.campaign_members import TABLE as MEMBERS
from lakehouse.export.campaign import parse_campaign
from lakehouse.export.declared_campaigns import Declared, read_campaigns
from lakehouse.export.frequency import TABLE as RECIPIENTS
from lakehouse.export.verify import problems
from lakehouse.gold import interactions
from lakehouse.io.config.hold_out import HoldOut
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import RUNS, Ledger
from lakehouse.ops.lists.rule_effects import RULE_EFFECTS, record_effects
from lakehouse.ops.packs import PACK_PRODUCTS as SHOWN
from lakehouse.ops.packs import PACKS, REASONS, SUPPRESSIONS
from lakehouse.recommend import customer_products
from lakehouse.recommend.params import parse_params
from lakehouse.recommend.rules.rule_set import Rules, parse_rule_file, rules_of
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import categories, customer_identities, customers, order_lines, orders, product_codes, products, refund_lines
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.stages import export as module
from lakehouse.stages.export_packs.lists import published_lists
from lakehouse.stages.rules.count_effects import effect_rows
from lakehouse.table import Table

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 18)
SALT = "by which some are held out"
AT = datetime(2026, 11, 18, 3, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    return settings_in(tmp_path)


def customer(number: int, country: str, **said: Any) -> dict[str, Any]:
    key = {"shop_code": "nl", "customer_key": f"{number:064}", "email_pseudonym": f"e{number}", "user_id": number}
    good = {"email_status": "valid", "is_opted_out": False, "is_customer": True, "legal_ground": "consent", "has_complained": False}
    return {**good_row(customers.TABLE), **key, **good, "country_code": country, "locale": None, **said}


def place(number: int, rank: int) -> dict[str, Any]:
    who = {"shop_code": "nl", "customer_key": f"{number:064}", "list_name": "mixed", "rank": rank, "product_id": rank}
    return {**good_row(customer_products.TABLE), **who, "candidate_source": "als", "model_version": "7"}


def rows_of_lake() -> dict[Table, Sequence[dict[str, Any]]]:
    """Three customers in the Netherlands, Germany and Belgium with two products each, and one who said no."""
    assert USERS.vault and USER_META.vault and ORDERS.vault and ORDER_ADDRESSES.vault
    product = {**good_row(products.TABLE), "shop_code": "nl", "is_sellable": True, "is_restricted": False, "price_amount": "2.5"}
    product |= {"stock_status": "instock", "stock_quantity": None, "variations_stock_quantity": None}
    return {
        customers.TABLE: [customer(1, "NL"), customer(2, "DE"), customer(3, "BE"), customer(4, "NL", is_opted_out=True)],
        customer_products.TABLE: [place(number, rank) for number in (1, 2, 3, 4) for rank in (1, 2)],
        products.TABLE: [
            {**product, "product_id": i, "product_name": f"Product {i}", "product_url": f"https://shop.example/?p={i}"} for i in (1, 2)
        ],
        interactions.TABLE: [],
        USERS.vault: [
            {"shop_code": "nl", "id": i, "user_email": f"mail{i}@shop.example", "email_pseudonym": f"e{i}"} for i in (1, 2, 3, 4)
        ],
        USER_META.vault: [],
        ORDERS.vault: [],
        ORDER_ADDRESSES.vault: [],
    }


@pytest.fixture
def run(settings: Settings, spark: SparkSession) -> RunContext:
    store = DeltaStore(spark, TableResolver.of(settings))
    for table, rows in rows_of_lake().items():
        store.replace(table.name, frame_of(spark, table, rows))
    heads = {table.name: head for table in rows_of_lake() if (head := store.head(table.name))}
    params = parse_params(read_conf("als.yaml"))
    return RunContext("run1", DAY, AT, settings, store, Ledger(store, "run1", "export", DAY, "test"), params, "k" * 32, heads, heads)


def exported(run: RunContext, run_id: str, day: date = DAY, at: datetime = AT) -> StageResult:
    """The stage in a run of its own, and what comes after the publication."""
    its = replace(run, run_id=run_id, run_date=day, started_at=at, ledger=Ledger(run.store, run_id, "export", day, "test"))
    result = module.export(its)
    for action in result.after:
        action.do(its)
    its.ledger.flush()
    return result


def root(run: RunContext) -> Path:
    return Path(run.settings.export_root) / "email"


def latest(run: RunContext) -> str:
    return str(json.loads((root(run) / "latest.json").read_text())["pack"])


def statuses(run: RunContext) -> list[str]:
    return sorted(row["status"] for row in run.store.rows(RUNS, where="step = 'export.email'"))


def test_the_shipped_campaign_makes_a_pack_that_appears_whole_and_everybody_is_counted(run: RunContext) -> None:
    result = module.export(run)
    assert not list(root(run).glob("[!.]*/[!.]*"))  # not before everything is published
    for action in result.after:
        action.do(run)
    run.ledger.flush()
    folder = root(run) / "2026-11-18" / "run1"
    assert sorted(path.name for path in folder.iterdir()) == ["_SUCCESS", "customers.csv", "manifest.json"]
    with (folder / "customers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["email"], row["product_name_2"], row["price_1"], row["language"]) for row in rows] == [
        ("mail1@shop.example", "Product 2", "2.50", "nl"),
        ("mail2@shop.example", "Product 2", "2.50", "de"),
        ("mail3@shop.example", "Product 2", "2.50", "nl"),
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["customers"], manifest["recipients"], manifest["rows"], manifest["model_version"]) == (4, 3, 3, "7")
    assert manifest["suppressed"] == {**dict.fromkeys(REASONS, 0), "opted_out": 1}
    assert set(result.outputs) == {SUPPRESSIONS.name}
    (left_out,) = run.store.rows(SUPPRESSIONS)
    assert (left_out["campaign"], left_out["customer_key"], left_out["reason"]) == ("email", f"{4:064}", "opted_out")
    (record,) = run.store.rows(PACKS)
    assert (record["event"], record["recipients"], record["customers"], record["run_id"]) == ("made", 3, 4, "run1")
    assert latest(run) == "2026-11-18/run1"
    assert statuses(run) == ["succeeded"]
    lake = Lake(run.settings)
    assert module.outlook(lake, History(lake.store), DAY).startswith(f"{root(run)}/2026-11-18, unless its pack stands; usually 4 customers")


def test_equal_inputs_make_no_new_pack_and_one_that_is_made_anew_differs_in_what_is_of_the_run(run: RunContext) -> None:
    exported(run, "run1")
    assert exported(run, "run2").after == ()
    assert [path.name for path in (root(run) / "2026-11-18").iterdir()] == ["run1"]
    assert statuses(run) == ["skipped", "succeeded"]
    (root(run) / "2026-11-18" / "run1" / "customers.csv").write_text("somebody opened and saved it")
    exported(run, "run3", at=AT + timedelta(hours=1))
    exported(run, "run4", DAY + timedelta(days=1))
    assert latest(run) == "2026-11-19/run4"
    exported(run, "run5")
    assert latest(run) == "2026-11-19/run4"  # never back to an earlier date
    (root(run) / "2026-11-18" / "run3" / "_SUCCESS").unlink()
    exported(run, "run6", at=AT + timedelta(hours=2))
    one, other = (root(run) / "2026-11-18" / name for name in ("run3", "run6"))
    assert (one / "customers.csv").read_bytes() == (other / "customers.csv").read_bytes()
    ours, theirs = (json.loads((folder / "manifest.json").read_text()) for folder in (one, other))
    assert {name for name in ours if ours[name] != theirs[name]} == {"run_id", "created", "expires"}


def with_stock(
    run: RunContext,
    pieces: dict[int, int],
    others: Mapping[Table, Sequence[dict[str, Any]]] | None = None,
    column: str = "stock_quantity",
) -> RunContext:
    """The lake when the shop counts the stock of its products, and has `others` besides. `column`: who counts it."""
    rows = [{**row, column: pieces[row["product_id"]]} for row in rows_of_lake()[products.TABLE]]
    changed: dict[Table, Sequence[dict[str, Any]]] = {products.TABLE: rows, product_codes.TABLE: [], **(others or {})}
    for table, content in changed.items():
        run.store.replace(table.name, frame_of(run.spark, table, content))
    heads = {**run.heads, **{table.name: head for table in changed if (head := run.store.head(table.name))}}
    return replace(run, heads=heads, published=heads)


def declare(monkeypatch: pytest.MonkeyPatch, **campaigns: dict[str, Any]) -> Declared:
    """Campaigns that are the shipped one but for what is given."""
    shipped = read_campaigns()
    email = shipped.campaigns["email"].model_dump(mode="json", exclude={"name"})
    declared = Declared(
        {name: parse_campaign(name, {**email, **said}) for name, said in campaigns.items()}, shipped.profiles, shipped.texts
    )
    monkeypatch.setattr(module, "read_campaigns", lambda: declared)
    return declared


def test_the_campaigns_of_a_night_share_what_is_in_stock_and_who_is_held_out_takes_part(
    run: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One piece of product 1, of which half a piece is expected to be bought by who sees it; none of product 2. Their variations count."""
    run, half = with_stock(run, {1: 1, 2: 0}, column="variations_stock_quantity"), {"stock": {"take_rate": "0.5"}}
    declare(monkeypatch, a_held={**half, "hold_out": {"share": "0.5", "salt": SALT}}, b_later=half)
    assert SHOWN.name in exported(run, "run1").outputs
    reasons: dict[str, Counter[str]] = {"a_held": Counter(), "b_later": Counter()}
    for row in run.store.rows(SUPPRESSIONS):
        reasons[row["campaign"]][row["reason"]] += 1
    held = reasons["a_held"]["hold_out"]
    assert reasons["a_held"] == Counter({"opted_out": 1, "stock": 1, "hold_out": held})
    # Of the two who may see it in the first campaign those who are held out leave it to the second.
    assert reasons["b_later"] == Counter({"opted_out": 1, "stock": 3 - held})
    told = {}
    for name in ("a_held", "b_later"):
        folder = root(run).parent / name / "2026-11-18" / "run1"
        manifest = json.loads((folder / "manifest.json").read_text())
        with (folder / "customers.csv").open(newline="") as file:
            shown = [(row["product_id_1"], row["product_id_2"]) for row in csv.DictReader(file)]
        assert set(shown) <= {("1", "")} and len(shown) == manifest["recipients"]
        told[name] = (manifest["recipients"], manifest["clipped"])
    # Three have each product among their first eight places.
    assert told == {
        "a_held": (2 - held, {"products": 2, "places": 1 + 3}),
        "b_later": (held, {"products": 2, "places": 3 - held + 3}),
    }
    kept = {(row["campaign"], row["product_id"]): row for row in run.store.rows(SHOWN)}
    limits = {key: (row["customer_limit"], row["shown_count"], row["clipped_count"]) for key, row in kept.items()}
    assert limits == {
        ("a_held", 1): (2, 2 - held, 1),
        ("a_held", 2): (0, 0, 3),
        ("b_later", 1): (held, held, 3 - held),
        ("b_later", 2): (0, 0, 3),
    }
    assert {(record["campaign"], record["clipped_products"]) for record in run.store.rows(PACKS)} == {("a_held", 2), ("b_later", 2)}
    assert exported(run, "run2").after == ()


@pytest.mark.slow
def test_what_a_killed_run_did_not_come_to_is_done_by_the_next_one(run: RunContext) -> None:
    module.export(run)  # killed before the pack appeared
    assert (root(run) / "2026-11-18" / ".run1.unfinished").exists()
    exported(run, "run2")
    assert [path.name for path in (root(run) / "2026-11-18").iterdir()] == ["run2"]
    (root(run) / "latest.json").unlink()
    run.store.drop(PACKS.name)  # killed before the pack was named and recorded
    exported(run, "run3")
    assert latest(run) == "2026-11-18/run2"
    assert [row["run_id"] for row in run.store.rows(PACKS)] == ["run2"]


@pytest.mark.slow
def test_an_expired_pack_goes_and_the_ledger_keeps_that_it_was(run: RunContext) -> None:
    exported(run, "run1")
    later = DAY + timedelta(days=31)
    exported(run, "run2", later, AT + timedelta(days=31))
    assert not (root(run) / "2026-11-18").exists()
    assert (root(run) / str(later) / "run2" / "_SUCCESS").exists()
    assert sorted((row["run_id"], row["event"]) for row in run.store.rows(PACKS)) == [
        ("run1", "deleted"),
        ("run1", "made"),
        ("run2", "made"),
    ]
    exported(run, "run3", later + timedelta(days=60), AT + timedelta(days=91))
    assert latest(run).endswith("run3")
    # A run of the same date, after its pack expired, makes it anew: none is named that is deleted at once.
    exported(run, "run4", later + timedelta(days=60), AT + timedelta(days=122))
    assert [path.name for path in (root(run) / latest(run)).parent.iterdir()] == ["run4"] and latest(run).endswith("run4")


def test_the_manifest_names_the_rules_that_made_its_lists_whatever_holds_now(run: RunContext) -> None:
    def rules(*names: str, **said: Any) -> Rules:
        return rules_of({"mine": parse_rule_file("mine", {"rules": [{"name": n, "kind": "hide", "products": [9], **said} for n in names]})})

    before, now, by_mail = rules("a"), rules("a", "b"), rules("c", channels=["email"])
    lists = run.head(customer_products.TABLE)
    # No rule of lists made them.
    assert published_lists(replace(run, rules=now)).rule_set() == rules().hash
    assert published_lists(replace(run, rules=Rules((*now.rules, *by_mail.rules)))).rule_set() == by_mail.hash
    scored = replace(run, rules=Rules((*before.rules, *by_mail.rules)))
    record_effects(run.store, effect_rows(scored, before, lists, []))
    assert published_lists(replace(run, rules=now)).rule_set() == scored.rules.hash
    assert published_lists(run).rule_set() == scored.rules.hash


@pytest.mark.slow
def test_a_campaign_that_is_not_due_is_left_and_others_keep_their_rows(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = read_campaigns()
    email = shipped.campaigns["email"].model_dump(mode="json", exclude={"name"})
    weekly = parse_campaign("weekly", {**email, "every_days": 7, "audience": {"countries": ["NL", "BE"], "where": "user_id <> 3"}})
    declared = Declared({"email": shipped.campaigns["email"], "weekly": weekly}, shipped.profiles, shipped.texts)
    monkeypatch.setattr(module, "read_campaigns", lambda: declared)
    exported(run, "run1")
    exported(run, "run2", DAY + timedelta(days=1))
    assert [path.name for path in (root(run).parent / "weekly").iterdir() if path.is_dir()] == ["2026-11-18"]
    assert sorted((row["campaign"], row["reason"]) for row in run.store.rows(SUPPRESSIONS)) == [
        ("email", "opted_out"),
        ("weekly", "opted_out"),
    ]
    manifest = json.loads((root(run).parent / "weekly" / "2026-11-18" / "run1" / "manifest.json").read_text())
    assert (manifest["customers"], manifest["recipients"]) == (2, 1)


@pytest.mark.slow
def test_a_share_is_held_out_and_nobody_gets_more_than_the_campaign_may_send(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two campaigns of one night the second knows the first; who was given an arm keeps it."""
    shipped = read_campaigns()
    email = shipped.campaigns["email"].model_dump(mode="json", exclude={"name"})
    held = parse_campaign("a_held", {**email, "hold_out": {"share": "0.5", "salt": SALT}})
    capped = parse_campaign("b_capped", {**email, "frequency_cap": {"packs": 1, "days": 3}})
    declared = Declared({"a_held": held, "b_capped": capped}, shipped.profiles, shipped.texts)
    monkeypatch.setattr(module, "read_campaigns", lambda: declared)

    def reasons() -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {"a_held": {}, "b_capped": {}}
        for row in run.store.rows(SUPPRESSIONS):
            found[row["campaign"]][int(row["customer_key"])] = row["reason"]
        return found

    result = exported(run, "run1")
    controls = {number for number, reason in reasons()["a_held"].items() if reason == "hold_out"}
    treated = {1, 2, 3} - controls
    assert controls and treated
    assert reasons() == {
        "a_held": {**dict.fromkeys(controls, "hold_out"), 4: "opted_out"},
        "b_capped": {**dict.fromkeys(treated, "frequency_cap"), 4: "opted_out"},
    }
    assert set(result.outputs) == {SUPPRESSIONS.name, MEMBERS.name, RECIPIENTS.name}
    arms = {int(row["customer_key"]): row["arm"] for row in run.store.rows(MEMBERS)}
    assert arms == {**dict.fromkeys(controls, "control"), **dict.fromkeys(treated, "treatment")}
    folder = Path(run.settings.export_root) / "a_held" / "2026-11-18" / "run1"
    with (folder / "control.csv").open(newline="") as file:
        assert {int(row["customer_key"]) for row in csv.DictReader(file)} == controls
    assert "@" not in (folder / "control.csv").read_text()
    assert list(problems(folder, shipped.profiles["generic_wide"], AT)) == []
    # The same night again: both packs stand. The next one: the caps of both days count, arms stay, nobody is assigned twice.
    assert exported(run, "run2").after == ()
    exported(run, "run3", DAY + timedelta(days=1))
    assert set(reasons()["b_capped"]) == {1, 2, 3, 4}
    assert reasons()["a_held"] == {**dict.fromkeys(controls, "hold_out"), 4: "opted_out"}
    assert run.store.count(MEMBERS.name) == 3


@pytest.mark.slow
def test_who_is_held_out_of_all_campaigns_gets_nothing_and_is_compared_in_none(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = read_campaigns()
    email = shipped.campaigns["email"].model_dump(mode="json", exclude={"name"})
    held = parse_campaign("a_held", {**email, "hold_out": {"share": "0.5", "salt": "some others"}})
    declared = Declared({"a_held": held, "b_free": parse_campaign("b_free", email)}, shipped.profiles, shipped.texts)
    monkeypatch.setattr(module, "read_campaigns", lambda: declared)
    settings = run.settings.model_copy(update={"hold_out": HoldOut(share=Decimal("0.5"), salt=SALT)})
    exported(replace(run, settings=settings), "run1")
    arms: dict[str, dict[int, str]] = {"*": {}, "a_held": {}}
    for row in run.store.rows(MEMBERS):
        arms[row["campaign"]][int(row["customer_key"])] = row["arm"]
    of_nobody = {number for number, arm in arms["*"].items() if arm == "control"}
    assert set(arms["*"]) == {1, 2, 3} and of_nobody and of_nobody < {1, 2, 3}
    assert set(arms["a_held"]) == {1, 2, 3} - of_nobody
    controls = {number for number, arm in arms["a_held"].items() if arm == "control"}
    out = {(row["campaign"], int(row["customer_key"])) for row in run.store.rows(SUPPRESSIONS) if row["reason"] == "hold_out"}
    assert out == {("a_held", number) for number in of_nobody | controls} | {("b_free", number) for number in of_nobody}
    with (Path(run.settings.export_root) / "b_free" / "2026-11-18" / "run1" / "control.csv").open(newline="") as file:
        assert {int(row["customer_key"]) for row in csv.DictReader(file)} == of_nobody


@pytest.mark.slow
def test_what_is_too_large_for_the_driver_gives_the_same_pack_and_the_same_rows(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = read_campaigns()
    email = shipped.campaigns["email"].model_dump(mode="json", exclude={"name"})
    said = {"hold_out": {"share": "0.5", "salt": SALT}, "frequency_cap": {"packs": 9, "days": 3}}
    declared = Declared({"email": parse_campaign("email", {**email, **said})}, shipped.profiles, shipped.texts)
    monkeypatch.setattr(module, "read_campaigns", lambda: declared)
    exported(run, "run1")
    folder, tables = root(run) / "2026-11-18", (SUPPRESSIONS, MEMBERS, RECIPIENTS)
    small = {table.name: sorted(map(str, run.store.rows(table))) for table in tables}
    for table in tables:
        run.store.drop(table.name)
    (folder / "run1" / "_SUCCESS").unlink()
    large = replace(run, store=DeltaStore(run.spark, run.store.tables, small_rows=0))
    exported(large, "run2")
    one, other = ((folder / name / "customers.csv").read_bytes() for name in ("run1", "run2"))
    assert one == other and len(one.splitlines()) == 2
    found = {table.name: sorted(map(str, run.store.rows(table))) for table in tables}
    assert {name: [row.replace("run2", "run1") for row in rows] for name, rows in found.items()} == small


@pytest.mark.slow
def test_what_a_rule_hides_in_a_channel_gives_its_place_to_the_next_and_is_counted(run: RunContext) -> None:
    run.store.replace(categories.TABLE.name, run.store.empty(categories.TABLE.columns))
    head = run.store.head(categories.TABLE.name)
    assert head is not None
    heads = {**run.heads, categories.TABLE.name: head}
    hide = {"name": "not_by_mail", "kind": "hide", "products": [1], "channels": ["email"], "countries": ["NL", "DE"]}
    push = {"name": "not_by_push", "kind": "hide", "products": [2], "channels": ["push"]}
    rules = rules_of({"mine": parse_rule_file("mine", {"rules": [hide, push]})})
    # The reason of product 2 is product 1, which may be named where no rule hides it.
    of_places = [{**row, "reason_product_ids": [3 - row["product_id"]]} for row in rows_of_lake()[customer_products.TABLE]]
    run.store.replace(customer_products.TABLE.name, frame_of(run.spark, customer_products.TABLE, of_places))
    lists = run.store.head(customer_products.TABLE.name)
    assert lists is not None
    heads[customer_products.TABLE.name] = lists
    exported(run, "run1")
    exported(replace(run, heads=heads, published=heads, rules=rules), "run2")
    with (root(run) / latest(run) / "customers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["email"], row["product_id_1"], row["product_id_2"]) for row in rows] == [
        ("mail1@shop.example", "2", ""),
        ("mail2@shop.example", "2", ""),
        ("mail3@shop.example", "1", "2"),
    ]
    reasons = [row[f"reason_{slot}"] for row, slot in zip(rows, (1, 1, 2), strict=True)]
    assert ["Product 1" in reason for reason in reasons] == [False, False, True]
    counted = run.store.rows(RULE_EFFECTS)
    # Customer 4 has a list too, and no mail.
    assert sorted((row["rule"], row["campaign"], row["country_code"], row["effect"], row["places"]) for row in counted) == [
        ("mine.not_by_mail", "email", "DE", "removed", 1),
        ("mine.not_by_mail", "email", "NL", "removed", 2),
    ]
    exported(replace(run, heads=heads, published=heads, rules=rules), "run3")
    assert len(run.store.rows(RULE_EFFECTS)) == 2 and latest(run) == f"{DAY}/run2"


@pytest.mark.slow
def test_what_was_bought_of_what_a_pack_showed_decides_how_many_later_ones_show_it_to(
    run: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three customers are shown product 1, and one of them buys two pieces within the week."""
    sale = {**good_row(orders.TABLE), "shop_code": "nl", "is_sale": True, "user_pseudonym": None, "email_pseudonym": "e1"}
    line = {**good_row(order_lines.TABLE), "shop_code": "nl", "product_id": 1}
    times = {1: AT + timedelta(days=2), 2: AT + timedelta(days=7, hours=1), 3: AT - timedelta(hours=1)}
    known = {
        orders.TABLE: [
            {**sale, "order_id": i, "created_at": at, "order_date": at.date(), "order_pseudonym": f"o{i}"} for i, at in times.items()
        ],
        order_lines.TABLE: [{**line, "order_id": i, "order_line_id": i, "quantity": 2} for i in times],
        refund_lines.TABLE: [],
        customer_identities.TABLE: [
            {**good_row(customer_identities.TABLE), "shop_code": "nl", "identity_type": "email"}
            | {"identity_pseudonym": "e1", "customer_key": f"{1:064}"}
        ],
    }
    run = with_stock(run, {1: 3, 2: 999}, known)
    declare(monkeypatch, email={"stock": {"take_rate": "0.5", "weight": 1}})
    exported(run, "run1")
    later = DAY + timedelta(days=8)
    exported(run, "run2", later, AT + timedelta(days=8))
    limits = {(row["run_id"], row["product_id"]): row["customer_limit"] for row in run.store.rows(SHOWN)}
    # All products of the campaign: (0.5 + 2) / (1 + 6) = 0.357…; product 1: (0.357… + 2) / (1 + 3) = 0.589…, product 2: 0.089….
    assert limits == {("run1", 1): 6, ("run1", 2): 1998, ("run2", 1): 5, ("run2", 2): 11188}
    exported(run, "run3", DAY + timedelta(days=40), AT + timedelta(days=40))
    assert {row["run_id"] for row in run.store.rows(SHOWN)} == {"run2", "run3"}

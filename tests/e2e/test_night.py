"""One night over a small demo shop, looked at as its users would."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from tests.e2e.test_kills import start_night
from tests.faults.trial import killed_when
from tests.support.demo_lake import DemoLake, assert_equal_tables, copy_of, lake_for, table_names
from tests.support.demo_shop import make_shop

import lakehouse
from lakehouse.demo.store.server import Server
from lakehouse.flow import STEPS
from lakehouse.lake import Lake

RUN_DATE = "2026-11-16"


@pytest.fixture
def lake(demo_lake: DemoLake, spark: SparkSession) -> Iterator[Lake]:
    with demo_lake.entered({}):
        yield lakehouse.open("local")


@pytest.fixture
def pack(demo_lake: DemoLake) -> Path:
    return demo_lake.pack()


def customers_of(pack: Path) -> list[dict[str, str]]:
    with (pack / "customers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_order_of_the_shop_that_is_no_draft_is_in_silver(demo_lake: DemoLake, lake: Lake) -> None:
    drafts = "('auto-draft', 'wc-checkout-draft')"
    ids = demo_lake.shop.rows(f"select id from wp_wc_orders where type = 'shop_order' and status not in {drafts} order by id")
    assert [(row.order_id,) for row in lake.sql("select order_id from silver.orders order by order_id").collect()] == ids


def test_every_known_person_of_the_planted_truth_is_one_customer(demo_lake: DemoLake, lake: Lake) -> None:
    accounts = demo_lake.shop.number("select count(*) from wp_users")
    found = lake.sql("select count(distinct user_id) n, count(*) rows from silver.customers where user_id is not null").first()
    assert (found.n, found.rows) == (accounts, accounts)


def test_lists_hold_twenty_sellable_products_for_everybody_but_anonymous_buyers(lake: Lake) -> None:
    lists = "recommendations.customer_products"
    unsellable = lake.sql(
        f"select 1 from {lists} l left join silver.products p using (shop_code, product_id) where not coalesce(p.is_sellable, false)"
    )
    assert unsellable.count() == 0
    lengths = lake.sql(
        "select list_name, min(n) least, max(n) most, count(*) people from"
        f" (select list_name, customer_key, count(*) n from {lists} group by all) group by list_name"
    )
    by_list = {row["list_name"]: row for row in lengths.collect()}
    people = lake.sql("select count(*) from silver.customers where is_customer and not is_anonymous").first()[0]
    for name in ("discover", "mixed"):
        assert (by_list[name].least, by_list[name].most, by_list[name].people) == (20, 20, people)
    assert by_list["buy_again"].most <= 20
    assert lake.sql(f"select 1 from {lists} l join silver.customers c using (shop_code, customer_key) where c.is_anonymous").count() == 0


def test_discover_shows_nothing_that_was_bought(lake: Lake) -> None:
    shown = "select shop_code, customer_key, product_id from recommendations.customer_products where list_name = 'discover'"
    assert lake.sql(f"{shown} intersect select shop_code, customer_key, product_id from gold.interactions").count() == 0


def test_reasons_name_other_products_that_the_customer_bought_and_that_may_be_shown(lake: Lake) -> None:
    named = "select *, explode(reason_product_ids) reason from recommendations.customer_products"
    found = lake.sql(
        f"select count(*) n, count_if(reason = n.product_id or n.reason_code <> 'als') wrong, count_if(i.weight is null) not_bought,"
        f" count_if(not coalesce(p.is_sellable and not p.is_restricted, false)) not_to_be_shown from ({named}) n"
        " left join gold.interactions i on i.shop_code = n.shop_code and i.customer_key = n.customer_key and i.product_id = reason"
        " left join silver.products p on p.shop_code = n.shop_code and p.product_id = reason"
    ).first()
    assert (found.wrong, found.not_bought, found.not_to_be_shown) == (0, 0, 0)
    by_als = lake.sql(
        "select avg(least(size(reason_product_ids), 1)) share from recommendations.customer_products where reason_code = 'als'"
    )
    assert found.n > 1000 and by_als.first().share > 0.8


def test_the_campaign_file_and_the_suppressed_add_up_to_all_customers(pack: Path, lake: Lake) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    everybody = lake.sql("select count(*) from silver.customers").first()[0]
    assert manifest["rows"] + sum(manifest["suppressed"].values()) == everybody == manifest["customers"]
    left_out = lake.sql("select reason, count(*) n from ops.suppressions where campaign = 'email' group by reason").collect()
    assert {row.reason: row.n for row in left_out} == {reason: n for reason, n in manifest["suppressed"].items() if n}
    assert manifest["rows"] == len(customers_of(pack)) > 50
    assert (pack / "_SUCCESS").exists()
    assert manifest["files"]["customers.csv"]["sha256"] == hashlib.sha256((pack / "customers.csv").read_bytes()).hexdigest()


def test_each_mail_goes_to_a_reachable_person_once_with_eight_products(demo_lake: DemoLake, pack: Path) -> None:
    people = pd.read_parquet(demo_lake.shop.truth / "people.parquet")
    unreachable = set(people[people["is_disposable"]]["email"].dropna().str.strip().str.lower())
    rows = customers_of(pack)
    addresses = [row["email"] for row in rows]
    assert len(set(addresses)) == len(addresses)
    assert not unreachable & set(addresses)
    assert all("@" in a and not a.endswith(".invalid") for a in addresses)
    assert all(row[f"product_id_{k}"] and row[f"url_{k}"] and float(row[f"price_{k}"]) > 0 for row in rows for k in range(1, 9))
    assert {row[f"list_{k}"] for row in rows for k in range(1, 9)} == {"buy_again", "discover"}


def test_an_opted_out_person_gets_no_mail(demo_lake: DemoLake, pack: Path) -> None:
    choices = demo_lake.shop.rows("select email_hash, email_kind, action from wp_wc_email_unsubscribes order by id")
    latest = {(email_hash, kind): action for email_hash, kind, action in choices}
    out = {email_hash for (email_hash, _), action in latest.items() if action == "unsubscribed"}
    assert out
    assert not out & {hashlib.sha256(row["email"].encode()).hexdigest() for row in customers_of(pack)}


def test_no_address_of_the_shop_stands_outside_vault_and_campaign_file(demo_lake: DemoLake) -> None:
    """Parquet is compressed per column: its text is read through pandas; everything else is searched as bytes."""
    found = demo_lake.shop.rows(
        "select lower(trim(billing_email)) from wp_wc_orders where instr(billing_email, '@') > 0"
        " union select lower(trim(user_email)) from wp_users"
    )
    addresses = {address for (address,) in found if not address.endswith(".invalid")}
    assert len(addresses) > 50
    places = [demo_lake.folder / name for name in ("lake", "mlartifacts", "mlflow.db", "export")]
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file()]
    assert len(files) > 100
    for path in files:
        if path.name == "customers.csv":
            continue
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            text = " ".join(str(value) for value in frame.select_dtypes("object").to_numpy().ravel()).lower()
        else:
            text = path.read_bytes().decode("utf-8", "ignore").lower()
        assert not any(address in text for address in addresses), path


def test_the_champion_opens_in_a_notebook_and_says_what_it_was_trained_from(demo_lake: DemoLake, lake: Lake) -> None:
    mlflow.set_tracking_uri(lake.settings.tracking_uri)
    model = mlflow.spark.load_model("models:/lakehouse-recommender@champion")
    assert isinstance(model, PipelineModel)
    version = mlflow.MlflowClient().get_model_version_by_alias("lakehouse-recommender", "champion")
    run = mlflow.get_run(str(version.run_id))
    inputs = {entry.dataset.name: entry.dataset for entry in run.inputs.dataset_inputs}
    trained_on = inputs["gold.interactions"]
    assert trained_on.digest == f"v{lake.published['gold.interactions'].version}"
    assert json.loads(trained_on.source)["path"] == str(demo_lake.folder / "lake" / "gold" / "interactions")
    popularity = run.data.metrics["popularity.ndcg"]
    assert min(run.data.metrics["mixed.ndcg"], run.data.metrics["als.ndcg"]) > popularity > 0
    assert run.data.params["als.rank"] == "32"
    assert lake.sql("select distinct model_version from recommendations.customer_products").first()[0] == str(version.version)


LAYERS = ("bronze", "vault", "silver", "gold", "recommendations")


# One for each of the shop's tables that is read, and one each for the keys of orders and of refunds. Who raises it says what for.
# The 18th reads which products are behind a password.
JOBS_OF_A_NIGHT_WITHOUT_CHANGE = 18


def job_number(spark: SparkSession) -> int:
    """Of the job that this question starts: Spark counts all jobs of a session."""
    spark.sparkContext.setJobGroup("counted", "how many jobs there were")
    spark.range(1).collect()
    number = max(spark.sparkContext.statusTracker().getJobIdsForGroup("counted"))
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    return number


def test_a_second_night_on_the_same_data_touches_nothing_and_writes_equal_bytes(
    demo_lake: DemoLake, spark: SparkSession, pack: Path
) -> None:
    store = demo_lake.store(spark)
    heads = {name: store.head(name) for name in table_names(store, *LAYERS)}
    first = (pack / "customers.csv").read_bytes()

    before = job_number(spark)
    code, log = demo_lake.command("night", "--run-date", RUN_DATE)

    assert code == 0
    assert job_number(spark) - before - 1 <= JOBS_OF_A_NIGHT_WITHOUT_CHANGE
    assert {name: store.head(name) for name in heads} == heads
    assert demo_lake.pack() == pack and (pack / "customers.csv").read_bytes() == first
    assert log.count("nothing changed") + log.count("nothing ever came") == len(STEPS)


def test_after_a_day_of_trade_the_lake_is_what_an_empty_one_would_get_also_where_the_night_was_killed(
    demo_lake: DemoLake, server: Server, spark: SparkSession, tmp_path: Path
) -> None:
    lived = make_shop(server, "lived_on", tmp_path / "truth")  # the same seed: row by row the shop of demo_lake
    grown, killed, anew = (lake_for(lived, tmp_path / name) for name in ("grown", "killed", "anew"))
    for lake in (grown, killed):
        copy_of(demo_lake, lake)
    anew.folder.mkdir()
    shutil.copy(demo_lake.folder / "vault.key", anew.folder)
    lived.live_day(date(2026, 11, 16))
    night = killed_when(start_night(killed), lambda line: "silver.order_lines" in line)
    assert night.code == -9, night.log

    for lake in (grown, killed, anew):
        for command in ("ingest", "refresh"):
            code, log = lake.command(command, "--run-date", "2026-11-17")
            assert code == 0
        assert ("by scope" in log) is (lake is not anew)
    for lake in (grown, killed):
        assert_equal_tables(lake.store(spark), anew.store(spark), "bronze", "vault", "silver", "gold")
    ends = killed.output("sql", "select count(*) as n from ops.runs where step = '' and status = 'abandoned'", "--format", "json")
    assert json.loads(ends) == {"n": 1}


def test_questions_on_the_command_line_are_answered(demo_lake: DemoLake) -> None:
    assert "gold.interactions" in demo_lake.output("tables")
    assert "succeeded" in demo_lake.output("status")
    rows = demo_lake.output(
        "sql", "select order_id, created_at, order_date from silver.orders order by order_id limit 2", "--format", "json"
    ).splitlines()
    first = demo_lake.shop.rows("select id, date_created_gmt from wp_wc_orders where type = 'shop_order' order by id limit 1")[0]
    assert json.loads(rows[0])["order_id"] == first[0]
    assert json.loads(rows[0])["created_at"] == f"{first[1]:%Y-%m-%dT%H:%M:%SZ}"
    assert demo_lake.output("sql", "select 1 as one", "--format", "csv").splitlines() == ["one", "1"]
    manifest = json.loads((demo_lake.pack() / "manifest.json").read_text())
    steps = [json.loads(line) for line in demo_lake.output("campaigns", "show", "email", "--format", "json").splitlines()]
    assert (steps[0]["remaining"], steps[-1]["remaining"]) == (manifest["customers"], manifest["recipients"])
    assert "everybody" in demo_lake.output("campaigns", "show", "email")
    (listed,) = map(json.loads, demo_lake.output("campaigns", "list", "--run-date", RUN_DATE, "--format", "json").splitlines())
    assert (listed["campaign"], listed["due"], listed["recipients"]) == ("email", "yes", manifest["recipients"])
    assert demo_lake.output("export", "verify", str(demo_lake.folder / "export" / "email"), "--profile", "generic_wide").startswith("ok")


def test_why_tells_the_reasons_that_stand_in_the_pack(demo_lake: DemoLake, pack: Path) -> None:
    slots = [(row, k) for row in customers_of(pack) for k in range(1, 9) if row["language"] == "nl"]
    mail, slot = next((row, k) for row, k in slots if row[f"reason_{k}"].startswith("Omdat je"))
    found = json.loads(demo_lake.output("why", mail["customer_key"], "--format", "json"))
    place = next(place for place in found["lists"]["mixed"] if str(place["product_id"]) == mail[f"product_id_{slot}"])
    assert mail[f"reason_{slot}"] == f"Omdat je {place['reasons'][0]['product_name']} hebt gekocht"
    assert found["customer"]["country_code"] == mail["country_code"] and "@" not in json.dumps(found)


def test_what_a_version_would_change_is_shown_before_it_is_promoted(demo_lake: DemoLake) -> None:
    shown = demo_lake.output("models", "diff", "1")
    # It is the one whose lists are published, and they are made again to the place.
    assert "Places that stay: buy_again 100%, discover 100%, mixed 100%." in shown
    assert shown.count("Customer ") == 10

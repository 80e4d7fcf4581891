"""The demo shop's vendors send files: they are landed, linked to the shop's customers, orders and products, and answered."""

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.demo_lake import DemoLake, make_lake

from lakehouse.demo.store.server import Server
from lakehouse.demo.vendor_files import write_files
from lakehouse.demo.world.truth import read_state
from lakehouse.io.delta.delta_store import DeltaStore


@pytest.fixture(scope="module")
def lake(server: Server, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    """After one ingest and one refresh with files."""
    folder = tmp_path_factory.mktemp("vendors")
    lake = make_lake(server, "vendors", folder)
    write_files(folder / "drop", folder / "truth", read_state(folder / "truth"))
    lake.environment.update({f"LAKEHOUSE_{name.upper()}_ROOT": str(folder / name) for name in ("drop", "outbox")})
    for command in ("ingest", "refresh"):
        code, log = lake.command(command, "--run-date", "2026-11-16")
        assert code == 0, log
    return lake


@pytest.fixture(scope="module")
def store(lake: DemoLake, spark: SparkSession) -> DeltaStore:
    return lake.store(spark)


def rows(frame: DataFrame) -> pd.DataFrame:
    return frame.toPandas()


def test_each_row_of_each_file_is_accounted_for_and_the_wrong_list_waits(lake: DemoLake, store: DeltaStore) -> None:
    files = rows(store.read("ops.files"))
    counts = files["rows_loaded"] + files["rows_duplicate"] + files["rows_expired"] + files["rows_quarantined"]
    assert (files["rows_read"] == counts).all()
    status = dict(zip(files["feed"], files["status"], strict=True))
    assert status.pop("wholesaler_b_offers") == "quarantined"
    assert set(status.values()) == {"loaded"} and len(status) == 8
    reply = next((lake.folder / "outbox/wholesaler_b").glob("*.reply.md")).read_text()
    assert "| case_price | it is not a number written as expected | 99,99" in reply


def test_an_app_user_is_the_customer_with_the_same_address(lake: DemoLake, store: DeltaStore) -> None:
    truth = pd.read_parquet(lake.folder / "truth/app_users.parquet")
    people = pd.read_parquet(lake.folder / "truth/people.parquet").set_index("person")
    users = rows(store.read("bronze.app_users").select("app_user_id", "user_pseudonym"))
    identities = rows(store.read("silver.customer_identities").where("identity_type = 'app_user'"))
    found = truth.merge(users, on="app_user_id").merge(identities, left_on="user_pseudonym", right_on="identity_pseudonym")
    assert len(found) == len(truth)
    strangers = found[found["person"] < 0]
    assert len(strangers) >= 5 and set(strangers["match_class"]) == {"none"}
    accounts = found[(found["person"] >= 0) & (found["match_class"] == "email_of_account")]
    assert len(accounts) > 10
    assert accounts["user_id"].astype(int).tolist() == people.loc[accounts["person"], "user_id"].tolist()


def test_an_order_that_both_have_is_one_order_of_the_shop(store: DeltaStore) -> None:
    sent = rows(store.read("bronze.app_orders"))
    orders = rows(store.read("silver.orders").select("shop_code", "order_id", "channel_code", "is_sale"))
    own = sent[sent["woo_order_id"].isna()]
    of_shop = sent[sent["woo_order_id"].notna()]
    assert len(own) > 5 and len(of_shop) > 5
    app = orders[orders["shop_code"] == "app"].set_index("order_id")
    assert sorted(app.index) == sorted(own["app_order_id"])
    cancelled = own[own["status"] == "cancelled"]["app_order_id"]
    assert len(cancelled) > 0 and not app.loc[cancelled, "is_sale"].any()
    shop = orders[orders["shop_code"] == "nl"].set_index("order_id")
    assert set(shop.index[shop["channel_code"] == "app"]) == set(of_shop["woo_order_id"].astype(int))


def test_lines_are_matched_to_the_shops_products(store: DeltaStore) -> None:
    lines = rows(store.read("silver.order_lines").where("shop_code = 'app'").select("product_id", "product_name"))
    names = rows(store.read("silver.products").select("product_id", "product_name"))
    matched = lines.merge(names, on="product_id", suffixes=("_sent", ""))
    assert len(matched) > 0.6 * len(lines)
    assert matched["product_name_sent"].tolist() == matched["product_name"].tolist()
    unmatched = rows(store.read("ops.unmatched_products").where("source = 'app_order_lines'"))
    assert unmatched["row_count"].sum() >= (lines["product_id"] == 0).sum() > 0


def test_what_arrived_can_be_looked_at_and_nothing_happens_twice(lake: DemoLake, store: DeltaStore) -> None:
    (line,) = [line for line in lake.output("feeds").splitlines() if line.startswith("wholesaler_b_offers")]
    assert "not used" in line
    assert "not_a_number" in lake.output("quarantine", "show", "wholesaler_b_offers")
    before = store.read("ops.files").count()
    code, log = lake.command("ingest", "--run-date", "2026-11-16")
    assert code == 0, log
    assert store.read("ops.files").count() == before


def test_no_address_leaves_the_vault(lake: DemoLake) -> None:
    address = pd.read_parquet(lake.folder / "truth/people.parquet")["email"].dropna().iloc[0].encode()
    outside = [path for name in ("lake", "outbox") for path in Path(lake.folder / name).rglob("*") if path.is_file()]
    assert outside and not [path for path in outside if address in path.read_bytes()]

"""From a version of a table or a pack down to positions of shops and files, by ledgers written by hand."""

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import SparkSession
from tests.ops.test_shop_reads import READ
from tests.support.frames import frame_of
from tests.support.past import Past, night_of, step

from lakehouse.errors import DataError
from lakehouse.flow import MODEL
from lakehouse.inspect.lineage import Lineage
from lakehouse.inspect.lineage_text import as_text
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.file_ledger import FileEntry, FileLedger
from lakehouse.ops.ledger import FAILED, SKIPPED, SUCCEEDED, Entry, inputs_json
from lakehouse.ops.model_changes import ModelChange, record_model_change
from lakehouse.ops.shop_reads import record_read
from lakehouse.recommend import customer_products

ORDERS, ITEMS, USERS, APP = "bronze.woo__orders", "bronze.woo__order_items", "bronze.woo__users", "bronze.app_orders"


def file(day: int, run_id: str, status: str = "loaded") -> FileEntry:
    arrived = datetime(2026, 11, day, 4, tzinfo=UTC)
    where = ("mobile_app", f"app_orders_202611{day}.csv", f"{day}" * 32, 10, arrived, status, "", run_id, "state")
    return FileEntry(*where, "app_orders", date(2026, 11, day), rows_read=7, rows_loaded=7)


@pytest.fixture(scope="module")
def lived(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DeltaStore:
    """Three nights: all orders of the shop and four files; changes and a file; nothing new for silver.orders. The pack is of the last."""
    folder = tmp_path_factory.mktemp("lived")
    store = DeltaStore(spark, TableResolver(str(folder / "lake"), str(folder / "vault")))
    read = replace(READ, read_at=night_of(16), position="0-1-70", run_id="a")
    in_part = replace(read, mode="incremental", window_from=1)
    for record in (read, *(replace(in_part, run_id=r, read_at=night_of(d), position=f"0-1-{d}") for r, d in (("b", 17), ("c", 18)))):
        record_read(store, record)
    FileLedger(store).record([*(file(day, "a") for day in (11, 12, 13, 14)), file(15, "a", "quarantined"), file(16, "b"), file(17, "c")])
    heads = {ORDERS: 1, APP: 1}
    (
        Past()
        .run(
            "a",
            night_of(16),
            step(f"{ORDERS}[nl]", 0),
            step(f"{USERS}[nl]", 0),
            step(APP, 0),
            step("silver.orders", 0, {ORDERS: 0, APP: 0}),
        )
        .run(
            "b",
            night_of(17),
            step(f"{ORDERS}[nl]", 1),
            step(f"{USERS}[nl]", 0),
            step(APP, 1),
            step("silver.orders", 1, heads, "by scope, 5 orders"),
            step("silver.customers", 0, {USERS: 0, "silver.orders": 1, "bronze.app_users": -1}),
        )
        .run(
            "c",
            night_of(18),
            step(f"{ORDERS}[nl]", 1),
            step(f"{USERS}[nl]", 0),
            step(APP, 2),
            Entry("silver.orders", SKIPPED, "nothing changed"),
            Entry(
                "export.email",
                SUCCEEDED,
                "/export/email/2026-11-18",
                inputs=inputs_json(
                    {name: TableVersion(name, v) for name, v in {"silver.orders": 1, "silver.customers": 0, "vault.x": 4}.items()}
                ),
            ),
        )
        .published("c", night_of(18) + timedelta(minutes=9), {"silver.orders": TableVersion("silver.orders", 1), APP: TableVersion(APP, 2)})
        .write(store)
    )
    return store


def test_a_table_tells_who_made_it_from_which_position_and_which_files(lived: DeltaStore) -> None:
    assert as_text(Lineage(lived).of("silver.orders")).splitlines() == [
        "silver.orders v1",
        "made by     night b of 2026-11-17, at 2026-11-17 02:39 UTC, code 0.1.0: by scope, 5 orders",
        "unchanged   since then; looked at again by c",
        "from shop   nl as of 2026-11-17 02:30:00 UTC, read by b (watermark, position 0-1-17): "
        "all orders were read 2026-11-16 02:30:00 UTC, in part once since",
        "from files  5, the newest of 2026-11-16: mobile_app/app_orders_20261116.csv",
        "",
        "silver.orders v1: by scope, 5 orders",
        "  bronze.app_orders v1",
        "    <- mobile_app/app_orders_20261116.csv, 7 rows, sha256 161616161616, landed by b",
        "    <- mobile_app/app_orders_20261114.csv, 7 rows, sha256 141414141414, landed by a",
        "    <- mobile_app/app_orders_20261113.csv, 7 rows, sha256 131313131313, landed by a",
        "    <- and 2 older files",
        "  bronze.woo__orders v1 <- shop nl, as of 2026-11-17 02:30:00 UTC",
    ]


def test_an_older_version_is_told_as_it_was(lived: DeltaStore) -> None:
    node = Lineage(lived).of("silver.orders", 0)
    assert node.made is not None and (node.made.run_id, node.version) == ("a", 0)
    app, orders = node.inputs
    assert len(app.files) == 4
    (reading,) = orders.readings
    assert (reading.as_of, reading.position, reading.since, reading.added_up) == (night_of(16), "0-1-70", night_of(16), 0)
    with pytest.raises(DataError, match=r"version 2 of silver\.orders is not known"):
        Lineage(lived).of("silver.orders", 2)


def test_a_pack_shows_each_version_once_and_what_no_run_made(lived: DeltaStore) -> None:
    text = as_text(Lineage(lived).of("email"))
    assert text.startswith("export.email\nmade by     night c of 2026-11-18")
    tree = text.split("\n\n")[1].splitlines()
    assert tree[0] == "export.email: /export/email/2026-11-18"
    assert tree[1] == "  silver.customers v0: full, by night b of 2026-11-17"
    assert tree[2] == "    bronze.app_users: never written, read as empty"
    assert tree[3] == "    bronze.woo__users v0 <- shop nl, as of 2026-11-17 02:30:00 UTC"
    assert tree[4] == "    silver.orders v1: by scope, 5 orders"
    assert tree[-2:] == ["  silver.orders v1 (see above)", "  vault.x v4: no run that the ledger knows made it"]
    assert sum(line.strip().startswith("silver.orders v1") for line in tree) == 2


def test_what_readers_see_of_a_feed_has_the_files_up_to_the_run_that_published_it(lived: DeltaStore) -> None:
    assert [file.day for file in Lineage(lived).of(APP).files] == [date(2026, 11, day) for day in (17, 16, 14, 13, 12, 11)]
    assert [file.day for file in Lineage(lived).of(APP, 1).files] == [date(2026, 11, day) for day in (16, 14, 13, 12, 11)]


def test_a_table_that_is_read_whole_adds_nothing_up(lived: DeltaStore) -> None:
    (reading,) = Lineage(lived).of(USERS).readings
    assert (reading.run_id, reading.as_of, reading.since) == ("c", night_of(18), None)


def test_tools_get_the_whole_tree(lived: DeltaStore) -> None:
    found = json.loads(json.dumps(asdict(Lineage(lived).of("silver.orders")), default=str))
    assert [table["name"] for table in found["inputs"]] == [APP, ORDERS]
    assert len(found["inputs"][0]["files"]) == 5


def test_what_nobody_made_is_an_error_that_says_where_to_look(lived: DeltaStore) -> None:
    with pytest.raises(DataError, match="no run made silver") as error:
        Lineage(lived).of("silver.order")
    assert "lakehouse tables" in error.value.todo


def test_files_of_a_run_that_failed_are_not_in_what_a_later_run_used(store: DeltaStore) -> None:
    FileLedger(store).record([file(16, "a"), file(17, "b")])
    failed, refresh = Entry("", FAILED, "silver.orders", message="65: wrong"), step("silver.app_orders", 0, {APP: 0})
    past = Past().run("a", night_of(16), step(APP, 0)).run("b", night_of(17), step(APP, 1), end=failed)
    past.run("c", night_of(18), refresh, command="refresh").write(store)
    (app,) = Lineage(store).of("silver.app_orders").inputs
    assert [used.run_id for used in app.files] == ["a"]


@pytest.mark.parametrize(
    ("run_id", "told"), [("a", ": becomes the champion, by night a of 2026-11-16"), ("x", ": no run that the ledger knows made it")]
)
def test_lists_name_the_model_that_scored_them_and_what_it_was_trained_on(store: DeltaStore, run_id: str, told: str) -> None:
    lists = customer_products.TABLE
    store.replace(lists.name, frame_of(store.spark, lists, []))
    record_model_change(store, ModelChange(night_of(16), run_id, None, "7", "gate", "better", "root"))
    train = replace(step("train", -1, {"gold.interactions": 3}, "becomes the champion"), table_id="")
    past = Past().run("a", night_of(16), step("gold.interactions", 3), train)
    past.run("b", night_of(17), step("gold.interactions", 4), step(lists.name, 0, {"gold.interactions": 4, MODEL: 7})).write(store)
    tree = as_text(Lineage(store).of(lists.name)).split("\n\n")[1].splitlines()
    assert tree[1:3] == ["  gold.interactions v4: full", f"  model v7{told}"]
    assert tree[3:] == (["    gold.interactions v3: full"] if run_id == "a" else [])

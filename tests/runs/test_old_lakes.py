"""A lake that the code before made is taken on: old names go, rows stay, readers see the old table until the new one is there."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.pipeline.pinned_tables import PinnedTables
from lakehouse.runs.old_lakes import drop_replaced, replaced, take_on
from lakehouse.sources.woocommerce.orders import ORDERS

OLD_FLAGS, NEW_FLAGS = "silver.email_flags", "silver.email_deliverability"


def put(store: DeltaStore, name: str, schema: str, *rows: tuple[object, ...]) -> None:
    store.append(name, frame_from(store.spark, rows, schema).coalesce(1))


def rows(store: DeltaStore, name: str) -> list[dict[str, object]]:
    return [row.asDict() for row in store.read(name).collect()]


@pytest.fixture(scope="module")
def template(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an old lake, which tests take copies of."""
    folder = tmp_path_factory.mktemp("old")
    store = store_in(spark, folder)
    put(store, "ops.reads", "run_id string, shop_code string, picture string, recipe string", ("a", "nl", "watermark", "r"))
    put(store, "bronze.woo__orders", "shop_code string, id bigint, _order_id bigint", ("nl", 7, 3))
    put(store, "vault.woo__orders", "shop_code string, id bigint, _order_id bigint", ("nl", 7, 3))
    put(store, "bronze.mail_feedback", "email_pseudonym string, event string", ("p", "unsubscribed"))
    put(store, OLD_FLAGS, "email_pseudonym string", ("p",))
    rejects = "order_id bigint, _broken_rules array<string>, _run_id string"
    put(store, "quarantine.silver__orders", rejects, (7, ["total_is_known", "status_is_known"], "a"))
    put(store, "quarantine.silver__email_flags", rejects, (8, ["key_is_known"], "b"))
    put(store, "quarantine.gold__interactions", f"recency double, {rejects}", (-1.0, 9, ["recency_is_not_negative"], "c"))
    return folder


@pytest.fixture
def old(spark: SparkSession, template: Path, tmp_path: Path) -> DeltaStore:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return store_in(spark, tmp_path)


def store_in(spark: SparkSession, folder: Path) -> DeltaStore:
    return DeltaStore(spark, TableResolver(str(folder / "lake"), str(folder / "vault")))


def test_old_names_go_and_every_row_stays(old: DeltaStore) -> None:
    take_on(old)
    assert rows(old, "ops.shop_reads") == [{"run_id": "a", "shop_code": "nl", "consistency_mode": "watermark", "fingerprint": "r"}]
    assert old.head("ops.reads") is None
    for name in ("bronze.woo__orders", "vault.woo__orders"):
        assert rows(old, name) == [{"shop_code": "nl", "id": 7, "_root_order_id": 3}]
    assert rows(old, "quarantine.silver__orders") == [{"order_id": 7, "reason": "total_is_known, status_is_known", "run_id": "a"}]
    assert rows(old, "quarantine.silver__email_deliverability") == [{"order_id": 8, "reason": "key_is_known", "run_id": "b"}]
    assert old.head("quarantine.silver__email_flags") is None
    judged = {"recency_days": -1.0, "order_id": 9, "reason": "recency_is_not_negative", "run_id": "c"}
    assert rows(old, "quarantine.gold__interactions") == [judged]
    # What has the names of now is left as it is, whatever it holds.
    assert rows(old, "bronze.mail_feedback") == [{"email_pseudonym": "p", "event": "unsubscribed"}]
    assert old.head("bronze.mail_feedback").version == 0  # type: ignore[union-attr]


def test_a_lake_whose_first_reading_failed_is_taken_on_too(old: DeltaStore) -> None:
    old.drop("ops.reads")
    old.drop(OLD_FLAGS)
    take_on(old)
    assert rows(old, "bronze.woo__orders") == [{"shop_code": "nl", "id": 7, "_root_order_id": 3}]
    assert rows(old, "quarantine.silver__orders") == [{"order_id": 7, "reason": "total_is_known, status_is_known", "run_id": "a"}]


def test_versions_that_readers_see_are_read_by_the_names_of_now(old: DeltaStore) -> None:
    head = old.head("bronze.woo__orders")
    take_on(old)
    mirror = replace(ORDERS.bronze, columns=tuple(c for c in ORDERS.bronze.columns if c.name in ("shop_code", "id", "_root_order_id")))
    assert head is not None and old.head("bronze.woo__orders") != head
    found = PinnedTables(old, {mirror.name: head}).read(mirror).collect()
    assert [row.asDict() for row in found] == [{"shop_code": "nl", "_root_order_id": 3, "id": 7}]


def test_a_table_that_is_dropped_is_gone_at_once_and_what_is_left_of_it_goes_at_the_next_start(
    old: DeltaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: str) -> None:
        raise KeyboardInterrupt

    folder = Path(old.tables.folder("ops.reads"))
    with monkeypatch.context() as killing:
        killing.setattr(old, "delete_folder", lambda path: killed(path) if Path(path).exists() else None)
        with pytest.raises(KeyboardInterrupt):
            old.drop("ops.reads")
    assert old.head("ops.reads") is None
    assert [path.name for path in folder.parent.iterdir()] == ["reads.gone"]
    take_on(old)
    assert not list(folder.parent.iterdir())


def test_a_lake_that_was_taken_on_is_not_touched_again(old: DeltaStore) -> None:
    take_on(old)
    names = ("ops.shop_reads", "bronze.woo__orders", "quarantine.silver__orders")
    before = [old.head(name) for name in names]
    take_on(old)
    assert [old.head(name) for name in names] == before


@pytest.mark.parametrize(
    "left",
    [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3)), 4, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 6)), 7],
)
def test_killed_anywhere_it_goes_on(old: DeltaStore, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done = [0]

    def counted(name: str) -> object:
        act = getattr(old, name)

        def maybe(*args: object) -> object:
            if done[0] == left:
                raise KeyboardInterrupt
            done[0] += 1
            return act(*args)

        return maybe

    with monkeypatch.context() as killing:
        for name in ("replace", "drop"):
            killing.setattr(old, name, counted(name))
        with pytest.raises(KeyboardInterrupt):
            take_on(old)
    test_old_names_go_and_every_row_stays(old)


def test_a_table_under_its_old_name_goes_when_readers_see_the_new_one(old: DeltaStore) -> None:
    take_on(old)
    assert replaced([OLD_FLAGS, "silver.orders"], [OLD_FLAGS, "silver.orders"]) == []
    drop_replaced(old, [OLD_FLAGS])
    assert old.read(OLD_FLAGS).count() == 1
    assert replaced([OLD_FLAGS], [OLD_FLAGS, NEW_FLAGS]) == [OLD_FLAGS]
    drop_replaced(old, [NEW_FLAGS])
    assert old.head(OLD_FLAGS) is None
    with pytest.raises(AnalysisException):
        old.read(OLD_FLAGS).count()

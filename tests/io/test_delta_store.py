"""Delta tables: identity and versions, the sync that touches only what differs, and versions that stay readable."""

import os
import time
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import DataError
from lakehouse.frames import frame_from
from lakehouse.io import delta_store
from lakehouse.io.delta_store import DeltaStore, Head, Written
from lakehouse.scope import Orders, Scope
from lakehouse.table import LONG, STRING, Column, Table, conform

SCHEMA = "shop_code string, line_id bigint, order_id bigint, name string"
TABLE = Table(
    name="silver.lines",
    grain="one line",
    key=("shop_code", "line_id"),
    columns=(
        Column("shop_code", STRING, "the shop"),
        Column("line_id", LONG, "the line"),
        Column("order_id", LONG, "the order"),
        Column("name", STRING, "what it is"),
    ),
    scope="order_id",
)
Row = tuple[str, int, int, str | None]
FIRST: list[Row] = [("nl", 1, 10, "tea"), ("nl", 2, 10, None), ("nl", 3, 11, "rice"), ("de", 1, 10, "Tee")]


def frame(store: DeltaStore, rows: list[Row]) -> DataFrame:
    return conform(frame_from(store.spark, rows, SCHEMA), TABLE).coalesce(1)


def rows(store: DeltaStore, version: int | None = None) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in store.read(TABLE.name, version).collect()), key=str)


def version(store: DeltaStore) -> int:
    head = store.head(TABLE.name)
    assert head is not None
    return head.version


@pytest.fixture
def filled(store: DeltaStore) -> DeltaStore:
    assert store.sync(TABLE, frame(store, FIRST)) == Written(inserted=4)
    return store


def test_a_table_that_is_not_there_has_no_head_and_one_made_anew_has_another_id(store: DeltaStore, tmp_path: Path) -> None:
    assert store.head(TABLE.name) is None
    store.replace(TABLE.name, frame(store, FIRST[:1]))
    first = store.head(TABLE.name)
    assert first is not None
    assert first.version == 0
    store.append(TABLE.name, frame(store, FIRST[1:2]))
    assert store.head(TABLE.name) == Head(first.table_id, 1)
    (tmp_path / "lake" / "silver" / "lines").rename(tmp_path / "old")
    store.replace(TABLE.name, frame(store, FIRST[:1]))
    again = store.head(TABLE.name)
    assert again is not None
    assert again.version == 0
    assert again.table_id != first.table_id


def test_the_vault_has_a_root_of_its_own(spark: SparkSession) -> None:
    store = DeltaStore(spark, "s3://bucket/lake/", "/secure/vault")
    assert store.path("gold.interactions") == "s3://bucket/lake/gold/interactions"
    assert store.path("vault.woo__users") == "/secure/vault/vault/woo__users"


def test_a_sync_inserts_updates_and_deletes_what_differs_in_one_commit(filled: DeltaStore) -> None:
    # Line 2 gets a name (from null), 3 loses its, nl 1 stays, de 1 goes, 4 is new.
    new: list[Row] = [("nl", 1, 10, "tea"), ("nl", 2, 10, "salt"), ("nl", 3, 11, None), ("nl", 4, 12, "oil")]
    assert filled.sync(TABLE, frame(filled, new)) == Written(inserted=1, updated=2, deleted=1)
    assert version(filled) == 1
    assert rows(filled) == sorted(new, key=str)
    assert rows(filled, 0) == sorted(FIRST, key=str)
    kinds = {(row["shop_code"], row["line_id"]): row["_change_type"] for row in filled.changes(TABLE.name, 1, 1).collect()}
    assert ("nl", 1) not in kinds
    assert kinds[("nl", 4)] == "insert"
    assert kinds[("de", 1)] == "delete"


def test_a_sync_of_an_equal_frame_commits_nothing(filled: DeltaStore) -> None:
    # Null equals null; the order of rows does not matter.
    assert filled.sync(TABLE, frame(filled, FIRST[::-1])) == Written()
    assert version(filled) == 0


def test_only_new_rows_are_appended(filled: DeltaStore) -> None:
    more: list[Row] = [*FIRST, ("nl", 5, 12, "oil")]
    assert filled.sync(TABLE, frame(filled, more)) == Written(inserted=1)
    assert rows(filled) == sorted(more, key=str)
    kinds = [row["_change_type"] for row in filled.changes(TABLE.name, 1, 1).collect()]
    assert kinds == ["insert"]


def test_a_table_can_become_empty(filled: DeltaStore) -> None:
    assert filled.sync(TABLE, frame(filled, [])) == Written(deleted=4)
    assert rows(filled) == []


def test_within_a_scope_other_orders_and_shops_stay_as_they_are(filled: DeltaStore) -> None:
    # Order 10 of nl has one line left, which is changed; the same order number of de is another order.
    scope = Scope.of_orders([("nl", 10), ("nl", 12)])
    assert filled.sync(TABLE, frame(filled, [("nl", 2, 10, "salt")]), scope) == Written(updated=1, deleted=1)
    assert rows(filled) == [("de", 1, 10, "Tee"), ("nl", 2, 10, "salt"), ("nl", 3, 11, "rice")]
    # Nothing is left of an order of the scope, nothing was there of another.
    assert filled.sync(TABLE, frame(filled, []), scope) == Written(deleted=1)
    assert rows(filled) == [("de", 1, 10, "Tee"), ("nl", 3, 11, "rice")]
    assert filled.sync(TABLE, frame(filled, [("nl", 9, 20, "oil")]), Scope.of_shop("nl")) == Written(inserted=1, deleted=1)
    assert rows(filled) == [("de", 1, 10, "Tee"), ("nl", 9, 20, "oil")]


def test_above_the_bound_changes_are_merged_from_the_frame_with_the_same_result(
    filled: DeltaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_store, "COLLECT_AT_MOST", 1)
    new: list[Row] = [("nl", 1, 10, "green tea"), ("nl", 2, 10, None), ("nl", 3, 11, "rice"), ("nl", 4, 12, "oil")]
    assert filled.sync(TABLE, frame(filled, new)) == Written(inserted=1, updated=1, deleted=1)
    assert (version(filled), rows(filled)) == (1, sorted(new, key=str))
    more: list[Row] = [*new, ("nl", 5, 12, "salt"), ("nl", 6, 12, None)]
    assert filled.sync(TABLE, frame(filled, more)) == Written(inserted=2)
    assert (version(filled), rows(filled)) == (2, sorted(more, key=str))


def test_a_column_added_to_the_declaration_is_written_and_null_outside_the_scope(filled: DeltaStore) -> None:
    wider = Table(TABLE.name, TABLE.grain, TABLE.key, (*TABLE.columns, Column("unit", STRING, "new")), scope=TABLE.scope)
    new = conform(frame_from(filled.spark, [("nl", 1, 10, "tea", "box")], SCHEMA + ", unit string"), wider)
    filled.sync(wider, new, Scope.of_orders([("nl", 10)]))
    assert rows(filled) == [("de", 1, 10, "Tee", None), ("nl", 1, 10, "tea", "box"), ("nl", 3, 11, "rice", None)]
    filled.sync(wider, new)
    assert rows(filled) == [("nl", 1, 10, "tea", "box")]


def test_a_column_taken_from_the_declaration_is_gone(filled: DeltaStore) -> None:
    narrower = Table(TABLE.name, TABLE.grain, TABLE.key, TABLE.columns[:3], scope=TABLE.scope)
    filled.sync(narrower, conform(frame_from(filled.spark, FIRST, SCHEMA), narrower))
    assert filled.read(TABLE.name).columns == ["shop_code", "line_id", "order_id"]


def test_maintenance_is_told_from_writing(filled: DeltaStore) -> None:
    with filled.noted(""):
        filled.append(TABLE.name, frame(filled, [("nl", 7, 13, "oil")]))
    filled.spark.sql(f"OPTIMIZE delta.`{filled.path(TABLE.name)}`")
    assert version(filled) == 2, "OPTIMIZE had nothing to do, so that the test says nothing"
    assert filled.notes_since(TABLE.name, 1) == []
    assert filled.notes_since(TABLE.name, 2) == []
    assert filled.notes_since(TABLE.name, 0) == [""]
    with filled.noted("by hand"):
        filled.append(TABLE.name, frame(filled, [("nl", 8, 13, "salt")]))
    assert filled.notes_since(TABLE.name, 1) == ["by hand"]


@pytest.mark.parametrize("write", ["sync", "replace", "append"])
def test_a_version_of_30_days_ago_that_was_superseded_stays_readable(store: DeltaStore, write: str) -> None:
    first = frame(store, FIRST)
    if write == "sync":
        store.sync(TABLE, first)
    else:
        getattr(store, write)(TABLE.name, first)
    store.append(TABLE.name, frame(store, [("nl", 7, 13, "oil")]))
    log = Path(store.path(TABLE.name)) / "_delta_log"
    for path in sorted(log.glob("*.json")):
        os.utime(path, (time.time() - 30 * 86400,) * 2)
    store.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]
    store.append(TABLE.name, frame(store, [("nl", 8, 13, "salt")]))
    assert rows(store, 0) == sorted(FIRST, key=str)
    feed = store.changes(TABLE.name, 1, 2).where(F.col("_change_type") == "insert")
    assert sorted(row["line_id"] for row in feed.collect()) == [7, 8]


@pytest.mark.parametrize(
    ("kept", "share", "stops"),
    [
        # 100 rows of nl are there.
        (80, 0.2, False),
        (79, 0.2, True),
        (0, 0.2, True),
        (95, 0.01, False),  # five rows may always go
        (79, 1, False),
        (0, 1, False),
    ],
)
def test_a_sync_that_would_take_more_than_its_share_writes_nothing(store: DeltaStore, kept: int, share: float, stops: bool) -> None:
    there: list[Row] = [("nl", number, number, "tea") for number in range(100)]
    store.sync(TABLE, frame(store, [*there, ("de", 1, 1, "Tee"), ("de", 2, 2, "Reis")]))
    before = version(store)
    # A row that is new must not hide how much is gone.
    left = frame(store, [*there[:kept], ("nl", 500, 500, "new")])
    if stops:
        with pytest.raises(DataError, match=r"silver\.lines: \d+ of 100 rows are gone") as stopped:
            store.sync(TABLE, left, Scope.of_shop("nl"), share)
        assert "--accept-deletes silver.lines" in stopped.value.todo
        assert version(store) == before
    else:
        assert store.sync(TABLE, left, Scope.of_shop("nl"), share) == Written(inserted=1, deleted=100 - kept)


def test_the_share_is_of_the_whole_shop_also_where_only_some_orders_are_synced(store: DeltaStore) -> None:
    store.sync(TABLE, frame(store, [("nl", number, number, "tea") for number in range(100)]))
    some = Scope({"nl": Orders(ranges=((0, 14),))})
    assert store.sync(TABLE, frame(store, []), some, 0.2) == Written(deleted=15)


def test_the_last_rows_of_a_small_shop_do_not_go_unasked(filled: DeltaStore) -> None:
    with pytest.raises(DataError, match="1 of 1 rows"):
        filled.sync(TABLE, frame(filled, []), Scope.of_shop("de"), 0.2)

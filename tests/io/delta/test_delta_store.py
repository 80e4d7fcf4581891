"""Delta tables: identity and versions, the sync that touches only what differs, and versions that stay readable."""

import os
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from math import nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from lakehouse.arrow_frames import arrow_rows, declared_schema, frame_from
from lakehouse.errors import DataError
from lakehouse.io.delta import delta_store
from lakehouse.io.delta.delta_files import ask
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion, Written
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.scope import Orders, Scope
from lakehouse.table import BOOLEAN, DATE, DOUBLE, LONG, MONEY, QUANTITY, STRING, TIMESTAMP, Column, Table, conform, schema_of

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
    assert store.head(TABLE.name) == TableVersion(first.table_id, 1)
    (tmp_path / "lake" / "silver" / "lines").rename(tmp_path / "old")
    store.replace(TABLE.name, frame(store, FIRST[:1]))
    again = store.head(TABLE.name)
    assert again is not None
    assert again.version == 0
    assert again.table_id != first.table_id


def test_the_vault_has_a_root_of_its_own(spark: SparkSession) -> None:
    store = DeltaStore(spark, TableResolver("s3://bucket/lake/", "/secure/vault"))
    assert store.tables.path("gold.interactions") == "s3://bucket/lake/gold/interactions"
    assert store.tables.path("vault.woo__users") == "/secure/vault/vault/woo__users"
    assert store.tables.path("quarantine.vault__woo__users") == "/secure/vault/quarantine/vault__woo__users"


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
    with filled.commits_marked(""):
        filled.append(TABLE.name, frame(filled, [("nl", 7, 13, "oil")]))
    filled.spark.sql(f"OPTIMIZE delta.`{filled.tables.folder(TABLE.name)}`")
    assert filled.stored_version(TABLE.name, 1) == 2, "OPTIMIZE had nothing to do, so that the test says nothing"
    assert version(filled) == 1
    assert filled.commit_metadata_since(TABLE.name, 1) == []
    assert filled.commit_metadata_since(TABLE.name, 2) == []
    assert filled.commit_metadata_since(TABLE.name, 0) == [""]
    with filled.commits_marked("by hand"):
        filled.append(TABLE.name, frame(filled, [("nl", 8, 13, "salt")]))
    assert filled.commit_metadata_since(TABLE.name, 1) == ["by hand"]


@pytest.mark.parametrize("write", ["sync", "replace", "append"])
def test_a_version_of_30_days_ago_that_was_superseded_stays_readable(store: DeltaStore, write: str) -> None:
    first = frame(store, FIRST)
    if write == "sync":
        store.sync(TABLE, first)
    else:
        getattr(store, write)(TABLE.name, first)
    store.append(TABLE.name, frame(store, [("nl", 7, 13, "oil")]))
    log = Path(store.tables.folder(TABLE.name)) / "_delta_log"
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


WIDE = Table(
    name="silver.wide",
    grain="one row",
    key=("shop_code", "line_id"),
    columns=(
        Column("shop_code", STRING, "the shop"),
        Column("line_id", LONG, "the line"),
        Column("order_id", LONG, "the order"),
        Column("name", STRING, "text"),
        Column("amount", MONEY, "money"),
        Column("sold_at", TIMESTAMP, "UTC"),
        Column("day", DATE, "day"),
        Column("weight", DOUBLE, "number"),
        Column("is_new", BOOLEAN, "flag"),
        Column("ids", ArrayType(LONG), "list"),
        Column("tiers", ArrayType(StructType([StructField("units", QUANTITY), StructField("share", DOUBLE)])), "list of structs"),
    ),
    scope="order_id",
)


def wide_rows(rng: random.Random, orders: range) -> pa.Table:
    """Some lines of the orders, every value null now and then, doubles that are no numbers among them."""

    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.2 else value

    found = []
    for shop in ("nl", "de"):
        for order in orders:
            for line in range(2):
                if rng.random() < 0.7:
                    at = datetime(2026, 11, rng.randrange(1, 4), 12, 0, 0, rng.choice((0, 1, 999_999)), tzinfo=UTC)
                    tiers = [{"units": Decimal(rng.randrange(3)), "share": maybe(0.5)} for _ in range(rng.randrange(3))]
                    found.append(
                        (
                            *(shop, 10 * order + line, order, maybe(rng.choice(("", "tea", "Zoë", "a\u0000b")))),
                            *(maybe(Decimal(rng.randrange(3)) / 8), maybe(at), maybe(at.date()), maybe(rng.choice((0.0, -0.0, 1.5, nan)))),
                            *(maybe(rng.random() < 0.5), maybe([rng.randrange(2)] * rng.randrange(3)), maybe(tiers)),
                        )
                    )
    return arrow_rows(found, schema_of(WIDE.columns)).cast(declared_schema(WIDE))


def net_feed(store: DeltaStore, version: int) -> dict[str, int]:
    """Rows that the commit added (1) and took away (-1), by their text, those left out that it did both with."""
    net: Counter[str] = Counter()
    for row in store.changes(WIDE.name, version, version).collect():
        net[str(row[: len(WIDE.columns)])] += 1 if row["_change_type"] in ("insert", "update_postimage") else -1
    return {row: count for row, count in net.items() if count}


@pytest.mark.parametrize("seed", range(3))
def test_the_driver_syncs_as_spark_does(spark: SparkSession, tmp_path: Path, seed: int) -> None:
    """The same rows, counts and feeds, over a chain of random syncs of the whole, of a shop and of some orders."""
    here = DeltaStore(spark, TableResolver(str(tmp_path / "here"), str(tmp_path / "vault")))
    there = DeltaStore(spark, TableResolver(str(tmp_path / "there"), str(tmp_path / "vault")), small_rows=0)
    rng = random.Random(seed)
    scopes = [None, None, Scope.of_shop("nl"), Scope.of_orders([("nl", 1), ("de", 2), ("nl", 7)]), None]
    for number, scope in enumerate(scopes):
        rows_now = wide_rows(rng, range(5))
        if scope is not None:
            condition = scope.condition(WIDE.scope)
            rows_now = ask(f"SELECT * FROM rows WHERE {condition}", rows=rows_now).cast(declared_schema(WIDE))
        one = here.sync(WIDE, rows_now, scope)
        other = there.sync(WIDE, conform(spark.createDataFrame(rows_now, schema_of(WIDE.columns)), WIDE), scope)
        assert one == other, number
        found = [sorted(map(str, store.read(WIDE.name).collect())) for store in (here, there)]
        assert found[0] == found[1]
        assert here.arrow(WIDE.name).num_rows == here.count(WIDE.name) == len(found[0])
        heads = [store.head(WIDE.name) for store in (here, there)]
        assert {head.version for head in heads if head} == {number}
        assert net_feed(here, number) == net_feed(there, number)


def test_a_sync_by_the_driver_that_would_take_more_than_its_share_writes_nothing(store: DeltaStore) -> None:
    there = wide_rows(random.Random(1), range(40))
    store.sync(WIDE, there)
    with pytest.raises(DataError, match="rows are gone"):
        store.sync(WIDE, there.slice(0, 20), None, 0.2)
    assert store.sync(WIDE, there.slice(0, there.num_rows - 5), None, 0.2) == Written(deleted=5)


def test_a_declaration_that_changed_is_written_anew_also_from_the_driver(store: DeltaStore) -> None:
    store.sync(WIDE, wide_rows(random.Random(1), range(3)))
    narrower = Table(WIDE.name, WIDE.grain, WIDE.key, WIDE.columns[:4], scope=WIDE.scope)
    few = arrow_rows([("nl", 1, 1, "tea")], schema_of(narrower.columns))
    store.sync(narrower, few)
    assert [tuple(row) for row in store.read(WIDE.name).collect()] == [("nl", 1, 1, "tea")]


def test_small_is_what_the_log_says_has_few_rows_and_is_on_this_machine(spark: SparkSession, tmp_path: Path) -> None:
    store = DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")), small_rows=10)
    store.sync(WIDE, wide_rows(random.Random(1), range(1)))
    head = store.head(WIDE.name)
    assert head is not None
    assert store.is_small({WIDE.name: head, "silver.never_written": TableVersion("", -1)})
    assert not store.is_small({WIDE.name: head}, fan_out=20)
    assert not DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")), small_rows=0).is_small({WIDE.name: head})
    assert not DeltaStore(spark, TableResolver("s3a://bucket/lake", "s3a://bucket/vault")).holds(1)
    assert not DeltaStore(spark, TableResolver(str(tmp_path / "lake"), "s3a://bucket/vault")).holds(1)


def test_a_question_has_the_same_answer_from_the_driver_and_from_spark(spark: SparkSession, tmp_path: Path) -> None:
    roots = (str(tmp_path / "lake"), str(tmp_path / "vault"))
    DeltaStore(spark, TableResolver(*roots)).sync(WIDE, wide_rows(random.Random(1), range(9)))
    day = "CAST(CAST(sold_at AS DATE) AS STRING)"
    sql = f"SELECT count(*) AS n, sum(amount) AS total, {day} AS day FROM {{rows}} GROUP BY {day}"
    answers = [DeltaStore(spark, TableResolver(*roots), small_rows=size).question(sql, rows=WIDE.name) for size in (1000, 0)]
    assert sorted(map(str, answers[0])) == sorted(map(str, answers[1]))
    assert len(answers[0]) == 4


def test_a_table_that_remembers_itself_takes_on_a_column_that_an_older_version_did_not_have(filled: DeltaStore) -> None:
    """As bronze.consent_statements did: what is known is read with the column empty, and written back whole."""
    newer = replace(TABLE, columns=(*TABLE.columns, Column("note", STRING, "later")))
    known = filled.latest(newer)
    assert known.columns == [*TABLE.column_names, "note"]
    filled.sync(newer, known.withColumn("note", F.coalesce("note", F.lit("new"))))
    assert sorted((row["line_id"], row["note"]) for row in filled.latest(newer).where("shop_code = 'nl'").collect()) == [
        (1, "new"),
        (2, "new"),
        (3, "new"),
    ]

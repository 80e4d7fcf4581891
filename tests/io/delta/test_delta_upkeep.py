"""Maintenance of a table: rows and needed versions stay as they were, what nobody needs goes. On aged commits, by delta-rs and by Spark."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from tests.support.aging import age

from lakehouse.arrow_frames import arrow_rows, declared_schema
from lakehouse.io.delta import delta_upkeep
from lakehouse.io.delta.delta_store import RETENTION, DeltaStore
from lakehouse.io.delta.delta_upkeep import DeltaUpkeep, Needed, Tidied
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.table import LONG, STRING, Column, Table, schema_of

TABLE = Table("silver.lines", "one line", ("line_id",), (Column("line_id", LONG, "the line"), Column("name", STRING, "what it is")))
NAME = TABLE.name
Rows = dict[int, str]
# One a commit: the table is made, two lines come one by one, one changes, one goes, one comes, and so on.
HISTORY: list[Rows] = [
    {1: "tea"},
    {1: "tea", 2: "rice"},
    {1: "tea", 2: "rice", 3: "oil"},
    {1: "tea", 2: "rye", 3: "oil"},
    {1: "tea", 2: "rye"},
    {1: "tea", 2: "rye", 4: "salt"},
    {1: "tea", 2: "oats", 4: "salt"},
    {1: "tea", 2: "oats", 4: "salt", 5: "jam"},
]


def arrow(rows: Rows) -> pa.Table:
    return arrow_rows(list(rows.items()), schema_of(TABLE.columns)).cast(declared_schema(TABLE))


def by_driver(store: DeltaStore, version: int | None = None) -> Rows:
    """As delta-rs reads the version itself, in its own files."""
    return dict(map(tuple, (row.values() for row in DeltaTable(store.tables.folder(NAME), version=version).to_pyarrow_table().to_pylist())))


def by_spark(store: DeltaStore, version: int) -> Rows:
    """As Delta's reader in Spark reads it. What it remembers of the table is forgotten first."""
    store.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]
    frame = store.spark.read.format("delta").option("versionAsOf", version).load(store.tables.folder(NAME))
    return {row["line_id"]: row["name"] for row in frame.collect()}


def changed(store: DeltaStore, first: int, last: int) -> list[tuple[object, ...]]:
    """The feed as Spark reads it; as the driver does must be the same."""
    store.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]
    columns = ("line_id", "name", "_change_type", "_commit_version")
    found = sorted(tuple(row) for row in store.changes(NAME, first, last).select(*columns).collect())
    feed = store.feed(NAME, first, last)
    if feed is not None:
        assert sorted(tuple(row[name] for name in columns) for row in pa.table(feed).to_pylist()) == found
    return found


def files(store: DeltaStore) -> set[str]:
    folder = Path(store.tables.folder(NAME))
    return {str(file.relative_to(folder)) for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts}


def property_of(store: DeltaStore, name: str) -> str:
    return DeltaTable(store.tables.folder(NAME)).metadata().configuration[name]


@pytest.fixture(params=["driver", pytest.param("spark", marks=pytest.mark.slow)])
def aged(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> DeltaStore:
    """Versions 0 to 5 are of 100 days ago, 6 of 30 days ago, 7 is new. `spark`: a store that leaves all to Spark."""
    roots = (str(tmp_path / "lake"), str(tmp_path / "vault"))
    store = DeltaStore(spark, TableResolver(*roots))
    for number, rows in enumerate(HISTORY):
        if number in (6, 7):
            age(Path(store.tables.folder(NAME)), {6: 70, 7: 30}[number])
        store.sync(TABLE, arrow(rows))
    assert len(DeltaTable(store.tables.folder(NAME)).history()) == 8
    return store if request.param == "driver" else DeltaStore(spark, TableResolver(*roots), small_rows=0)


def test_needed_versions_and_unread_changes_stay_readable_and_what_nobody_needs_is_gone(aged: DeltaStore) -> None:
    before, there = changed(aged, 6, 7), files(aged)
    DeltaUpkeep(aged).tidy(NAME, Needed(frozenset({5}), changes_from=6))
    for read in (by_driver, by_spark):
        assert [read(aged, version) for version in (5, 6, 7)] == HISTORY[5:8]
    assert changed(aged, 6, 7) == before
    gone = there - files(aged)
    assert gone, "nothing went, so that the test says nothing"
    with pytest.raises(OSError):
        by_driver(aged, 2)


def test_an_old_version_that_a_champion_was_trained_on_stays_readable(aged: DeltaStore) -> None:
    DeltaUpkeep(aged).tidy(NAME, Needed(frozenset({3, 7})))
    assert [by_driver(aged, 3), by_driver(aged, 7)] == [HISTORY[3], HISTORY[7]]
    assert [by_spark(aged, 3), by_spark(aged, 7)] == [HISTORY[3], HISTORY[7]]
    assert property_of(aged, "delta.deletedFileRetentionDuration") == RETENTION["delta.deletedFileRetentionDuration"]


def test_maintenance_done_again_finds_nothing_to_do(aged: DeltaStore) -> None:
    upkeep = DeltaUpkeep(aged)
    upkeep.tidy(NAME, Needed(frozenset({7})))
    before = files(aged)
    assert upkeep.tidy(NAME, Needed(frozenset({7}))) == Tidied(0, 0)
    assert files(aged) == before


@pytest.mark.parametrize("at", ["compact", "vacuum", "checkpoint"])
def test_a_kill_in_the_middle_leaves_a_table_that_reads_the_same_and_is_mended_by_the_next_run(
    spark: SparkSession, store: DeltaStore, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    for number in range(12):
        store.append(NAME, arrow({number: "tea"}))
    age(Path(store.tables.folder(NAME)), 20)
    needed, rows = Needed(frozenset({5, 11}), changes_from=None), dict.fromkeys(range(12), "tea")
    with monkeypatch.context() as patched:
        patched.setattr(delta_upkeep.delta_tidy, at, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            DeltaUpkeep(store).tidy(NAME, needed)
    assert by_driver(store, 11) == by_spark(store, 11) == rows
    DeltaUpkeep(store).tidy(NAME, needed)
    assert by_driver(store) == by_spark(store, 11) == rows
    assert by_driver(store, 5) == by_spark(store, 5) == dict.fromkeys(range(6), "tea")


@pytest.mark.slow
def test_a_kill_while_spark_vacuums_leaves_needed_versions_readable_and_the_property_is_put_back_by_the_next_run(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")), small_rows=0)
    for rows in HISTORY[:3]:
        store.replace(NAME, arrow(rows))
    age(Path(store.tables.folder(NAME)), 40)
    store.replace(NAME, arrow(HISTORY[3]))
    done: list[object] = []
    upkeep, needed = DeltaUpkeep(store), Needed(frozenset({1}))
    put = DeltaUpkeep._set

    def dies_after_the_first(self: DeltaUpkeep, *given: object) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(given)
        put(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(DeltaUpkeep, "_set", dies_after_the_first)
        with pytest.raises(KeyboardInterrupt):
            upkeep.tidy(NAME, needed)
    assert property_of(store, "delta.deletedFileRetentionDuration") != RETENTION["delta.deletedFileRetentionDuration"]
    assert by_spark(store, 1) == HISTORY[1]
    upkeep.tidy(NAME, needed)
    assert property_of(store, "delta.deletedFileRetentionDuration") == RETENTION["delta.deletedFileRetentionDuration"]
    assert by_spark(store, 1) == HISTORY[1]


def test_a_compaction_is_the_same_version_in_fewer_files(store: DeltaStore) -> None:
    for number in range(10):
        store.append(NAME, arrow({number: "tea"}))
    before = store.head(NAME)
    assert before is not None
    assert DeltaUpkeep(store).tidy(NAME, Needed(frozenset({9}))).compacted == 9
    assert store.head(NAME) == before
    assert len(store.read(NAME, 9).inputFiles()) == 1
    assert store.read(NAME, 9).count() == 10
    assert len(DeltaTable(store.tables.folder(NAME), version=9).file_uris()) == 10
    assert store.commit_metadata_since(NAME, 9) == []
    store.append(NAME, arrow({10: "rice"}))
    after = store.head(NAME)
    assert after is not None
    assert [row[0] for row in changed(store, 10, after.version)] == [10]


def test_a_table_that_is_only_read_as_it_is_keeps_its_rows_and_a_month_of_its_log(store: DeltaStore) -> None:
    for number in range(12):
        store.append(NAME, arrow({number: "tea"}))
    age(Path(store.tables.folder(NAME)), 60)
    store.append(NAME, arrow({12: "tea"}))
    DeltaUpkeep(store).tidy(NAME, None)
    assert by_driver(store) == dict.fromkeys(range(13), "tea")
    assert {row[0] for row in store.read(NAME).collect()} == set(range(13))
    commits = sorted(int(file.stem) for file in (Path(store.tables.folder(NAME)) / "_delta_log").glob("*.json"))
    assert commits[0] >= 12
    store.append(NAME, arrow({13: "tea"}))
    assert len(by_driver(store)) == 14


def test_files_that_were_never_in_the_table_go_when_they_are_old(store: DeltaStore) -> None:
    store.append(NAME, arrow(HISTORY[0]))
    folder = Path(store.tables.folder(NAME))
    (folder / "left-by-a-kill.parquet").write_bytes(b"x")
    age(folder, 8)
    (folder / "being-written.parquet").write_bytes(b"x")
    DeltaUpkeep(store).tidy(NAME, Needed())
    assert not (folder / "left-by-a-kill.parquet").exists()
    assert (folder / "being-written.parquet").exists()

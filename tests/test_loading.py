"""From a built frame to its table: unique keys, bad rows set apart, and the count of every row."""

import pytest
from pyspark.sql import DataFrame

from lakehouse.errors import DataError
from lakehouse.frames import frame_from
from lakehouse.io.delta_store import DeltaStore, Written
from lakehouse.loading import Loaded, load
from lakehouse.scope import Scope
from lakehouse.table import INTEGER, LONG, STRING, Column, Rule, Table

TABLE = Table(
    name="silver.shelves",
    grain="one shelf",
    key=("shop_code", "shelf_id"),
    columns=(Column("shop_code", STRING, "the shop"), Column("shelf_id", LONG, "the shelf"), Column("height", INTEGER, "in cm")),
    rules=(Rule("height_is_positive", "height > 0"), Rule("height_is_below_the_ceiling", "height < 400")),
    max_reject_share=0.4,
)
QUARANTINE = "quarantine.silver__shelves"
Row = tuple[str, int | None, int | None]


def frame(store: DeltaStore, rows: list[Row]) -> DataFrame:
    return frame_from(store.spark, rows, "shop_code string, shelf_id bigint, height int").coalesce(1)


def rows(store: DeltaStore) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in store.read(TABLE.name).collect())


def test_bad_rows_go_to_quarantine_with_their_reasons_and_every_row_is_counted(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100), ("nl", 2, 100), ("nl", 9, 100)]))
    # Of five rows one is new, one changed, one as it was, two are bad; 9 is gone.
    built = frame(store, [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 90), ("nl", 4, 0), ("nl", None, None)])
    loaded = load(store, TABLE, built, "sync", "run-1")
    assert loaded == Loaded(read=5, rejected=2, written=Written(inserted=1, updated=1, deleted=1))
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 90)]
    assert store.read(TABLE.name).columns == TABLE.column_names
    bad = {row["shelf_id"]: (row["_broken_rules"], row["_run_id"]) for row in store.read(QUARANTINE).collect()}
    assert bad == {
        4: (["height_is_positive"], "run-1"),
        None: (["shelf_id_is_known", "height_is_positive", "height_is_below_the_ceiling"], "run-1"),
    }
    # Good rows = inserted + updated + as they were.
    unchanged = loaded.read - loaded.rejected - loaded.written.inserted - loaded.written.updated
    assert unchanged == 1


def test_a_replaced_table_counts_its_good_rows(store: DeltaStore) -> None:
    loaded = load(store, TABLE, frame(store, [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 500)]), "replace", "run-1")
    assert loaded == Loaded(read=3, rejected=1, written=Written(inserted=2))
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 120)]


def test_a_key_that_stands_twice_is_an_error_and_nothing_is_written(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100)]))
    built = frame(store, [("nl", 1, 100), ("nl", 2, 110), ("nl", 2, 120), ("de", 2, 90), ("nl", 3, 0)])
    with pytest.raises(DataError) as caught:
        load(store, TABLE, built, "sync", "run-1")
    assert caught.value.exit_code == 65
    # The key by its columns: messages hold no values of rows.
    assert str(caught.value) == "silver.shelves: 1 keys (shop_code, shelf_id) stand more than once"
    assert rows(store) == [("nl", 1, 100)]
    assert store.head(QUARANTINE) is None


def test_a_bad_row_may_have_the_key_of_a_good_one(store: DeltaStore) -> None:
    built = frame(store, [("nl", 1, 100), ("nl", 1, -1), ("nl", 2, 100)])
    assert load(store, TABLE, built, "replace", "run-1").rejected == 1
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 100)]


def test_too_many_bad_rows_are_an_error_that_names_the_rules_and_only_quarantine_is_written(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100)]))
    # 3 of 5 is more than 40 %; 2 of 5, above, is not.
    built = frame(store, [("nl", 1, 0), ("nl", 2, 0), ("nl", 3, 500), ("nl", 4, 100), ("nl", 5, 100)])
    with pytest.raises(DataError) as caught:
        load(store, TABLE, built, "sync", "run-1")
    assert caught.value.exit_code == 65
    message = str(caught.value)
    assert "3 of 5" in message
    assert "height_is_positive 2" in message
    assert "height_is_below_the_ceiling 1" in message
    assert rows(store) == [("nl", 1, 100)]
    # They are kept to be looked at.
    assert sorted((row["shelf_id"], row["_run_id"]) for row in store.read(QUARANTINE).collect()) == [(i, "run-1") for i in (1, 2, 3)]


def test_bad_rows_of_a_part_are_measured_by_the_whole_table(store: DeltaStore) -> None:
    """One bad row of one is 100 % of the part, but a third of the table's three; two of two are more than 40 %."""
    store.replace(TABLE.name, frame(store, [("nl", 1, 100), ("nl", 2, 100), ("nl", 3, 100)]))
    part = Scope({"nl": None})
    assert load(store, TABLE, frame(store, [("nl", 1, 0)]), "sync", "run-1", part).rejected == 1
    store.replace(TABLE.name, frame(store, [("nl", 1, 100), ("nl", 2, 100), ("nl", 3, 100)]))
    with pytest.raises(DataError, match="2 of 3 rows break a rule"):
        load(store, TABLE, frame(store, [("nl", 1, 0), ("nl", 2, 0)]), "sync", "run-2", part)


def test_an_empty_frame_is_no_error(store: DeltaStore) -> None:
    assert load(store, TABLE, frame(store, []), "replace", "run-1") == Loaded(0, 0, Written())
    assert rows(store) == []

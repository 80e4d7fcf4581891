"""From a built frame to its table: unique keys, bad rows set apart, and the count of every row."""

import sys
from dataclasses import replace
from functools import partial

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore, Written
from lakehouse.pipeline.loader import Loaded, load
from lakehouse.pipeline.rejects import Rejects, rejects_json, rejects_of
from lakehouse.scope import Scope
from lakehouse.table import INTEGER, LONG, STRING, Column, Reference, Rule, Table

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


@pytest.fixture(autouse=True, params=["driver", "spark"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the rows: each test is of both."""
    monkeypatch.setattr(sys.modules[__name__], "load", partial(load, is_small=request.param == "driver"))


def frame(store: DeltaStore, rows: list[Row]) -> DataFrame:
    return frame_from(store.spark, rows, "shop_code string, shelf_id bigint, height int").coalesce(1)


def rows(store: DeltaStore) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in store.read(TABLE.name).collect())


def test_bad_rows_go_to_quarantine_with_their_reasons_and_every_row_is_counted(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100), ("nl", 2, 100), ("nl", 9, 100)]))
    # Of five rows one is new, one changed, one as it was, two are bad; 9 is gone.
    built = frame(store, [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 90), ("nl", 4, 0), ("nl", None, None)])
    loaded = load(store, TABLE, built, "sync", "run-1")
    nameless = ("nl None",)
    rejects = {
        "height_is_below_the_ceiling": Rejects(1, nameless),
        "height_is_positive": Rejects(2, (*nameless, "nl 4")),
        "shelf_id_is_known": Rejects(1, nameless),
    }
    assert loaded == Loaded(5, 2, Written(inserted=1, updated=1, deleted=1), rejects)
    assert rejects_of(rejects_json(rejects)) == rejects
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 90)]
    assert store.read(TABLE.name).columns == TABLE.column_names
    bad = {row["shelf_id"]: (row["reason"], row["run_id"]) for row in store.read(QUARANTINE).collect()}
    assert bad == {
        4: ("height_is_positive", "run-1"),
        None: ("shelf_id_is_known, height_is_positive, height_is_below_the_ceiling", "run-1"),
    }
    # Good rows = inserted + updated + as they were.
    unchanged = loaded.read - loaded.rejected - loaded.written.inserted - loaded.written.updated
    assert unchanged == 1


def test_a_replaced_table_counts_its_good_rows(store: DeltaStore) -> None:
    loaded = load(store, TABLE, frame(store, [("nl", 1, 100), ("nl", 2, 120), ("nl", 3, 500)]), "replace", "run-1")
    assert loaded == Loaded(3, 1, Written(inserted=2), {"height_is_below_the_ceiling": Rejects(1, ("nl 3",))})
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 120)]


def test_a_key_that_stands_twice_is_an_error_and_nothing_is_written(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100)]))
    built = frame(store, [("nl", 1, 100), ("nl", 2, 110), ("nl", 2, 120), ("de", 2, 90), ("nl", 3, 0)])
    with pytest.raises(DataError) as caught:
        load(store, TABLE, built, "sync", "run-1")
    assert caught.value.exit_code == 65
    assert str(caught.value) == "silver.shelves: 1 keys (shop_code, shelf_id) stand more than once (as nl 2)"
    assert rows(store) == [("nl", 1, 100)]
    assert store.head(QUARANTINE) is None


def test_a_bad_row_may_have_the_key_of_a_good_one(store: DeltaStore) -> None:
    built = frame(store, [("nl", 1, 100), ("nl", 1, -1), ("nl", 2, 100)])
    assert load(store, TABLE, built, "replace", "run-1").rejected == 1
    assert rows(store) == [("nl", 1, 100), ("nl", 2, 100)]


def test_too_many_bad_rows_are_an_error_that_names_the_rules_and_only_quarantine_is_written(store: DeltaStore) -> None:
    store.replace(TABLE.name, frame(store, [("nl", 1, 100)]))
    # 12 of 20 are more than 40 %, and ten or more.
    bad: list[Row] = [("nl", 1, 0), ("nl", 2, 0), *(("nl", i, 500) for i in range(3, 13))]
    with pytest.raises(DataError) as caught:
        load(store, TABLE, frame(store, [*bad, *(("nl", i, 100) for i in range(13, 21))]), "sync", "run-1")
    assert caught.value.exit_code == 65
    message = str(caught.value)
    assert "12 of 20" in message
    assert "height_is_positive 2 (as nl 1; nl 2)" in message
    assert "height_is_below_the_ceiling 10 (as nl 3; " in message
    assert rows(store) == [("nl", 1, 100)]
    # They are kept to be looked at.
    assert sorted((row["shelf_id"], row["run_id"]) for row in store.read(QUARANTINE).collect()) == [(i, "run-1") for i in range(1, 13)]


@pytest.mark.parametrize("bad", [9, 10])
def test_fewer_than_ten_bad_rows_never_stop_a_small_shop(store: DeltaStore, bad: int) -> None:
    built = frame(store, [("nl", i, 0) for i in range(bad)])
    if bad < 10:
        assert load(store, TABLE, built, "sync", "run-1").rejected == bad
    else:
        with pytest.raises(DataError, match="10 of 10 rows break a rule since the last build"):
            load(store, TABLE, built, "sync", "run-1")


@pytest.mark.parametrize(("bad", "is_refused"), [(15, False), (16, True)])
def test_of_a_shop_that_is_read_the_first_time_half_of_the_rows_may_be_wrong(store: DeltaStore, bad: int, is_refused: bool) -> None:
    """What has been there for fifteen years is set apart and told; it stops no night, and none after it."""
    table = replace(TABLE, max_reject_share=0)
    stock: list[Row] = [("nl", i, 0 if i < bad else 100) for i in range(30)]
    if is_refused:
        with pytest.raises(DataError, match=r"16 of 30 rows break a rule since the last build, more than 50\.0%"):
            load(store, table, frame(store, stock), "sync", "run-1")
        return
    for run in ("run-1", "run-2"):
        assert load(store, table, frame(store, stock), "sync", run).rejected == 15
    # A shop that comes later is as old as the first one.
    both = [*stock, *(("de", i, 0 if i < 12 else 100) for i in range(30))]
    assert load(store, table, frame(store, both), "sync", "run-3").rejected == 27
    worse = [*both, *(("de", i, 0) for i in range(30, 40))]
    with pytest.raises(DataError, match="10 of 70 rows break a rule since the last build"):
        load(store, table, frame(store, worse), "sync", "run-4")


def test_rows_that_were_bad_yesterday_count_no_more(store: DeltaStore) -> None:
    """100 good rows; night by night nine more are bad, as at most ten may be: 9, 18, 27 ... and never a reason to stop."""
    for night in range(1, 4):
        built: list[Row] = [("nl", i, 0 if i < 9 * night else 100) for i in range(100)]
        assert load(store, replace(TABLE, max_reject_share=0), frame(store, built), "sync", f"run-{night}").rejected == 9 * night
    with pytest.raises(DataError, match="10 of 100 rows break a rule since the last build"):
        load(
            store, replace(TABLE, max_reject_share=0), frame(store, [("nl", i, 0 if i < 37 else 100) for i in range(100)]), "sync", "run-4"
        )


def test_rows_that_were_mended_and_break_again_are_new(store: DeltaStore) -> None:
    table = replace(TABLE, max_reject_share=0)

    def night(run_id: str, bad: range) -> Loaded:
        return load(store, table, frame(store, [("nl", i, 0 if i in bad else 100) for i in range(100)]), "sync", run_id)

    night("run-1", range(9))
    night("run-2", range(9, 18))
    with pytest.raises(DataError, match="10 of 100 rows break a rule since the last build"):
        night("run-3", range(8, 27))


def test_bad_rows_without_a_key_are_known_too(store: DeltaStore) -> None:
    table = replace(TABLE, max_reject_share=0)
    for run in ("run-1", "run-2"):
        built = frame(store, [("nl", None, 0), *(("nl", i, 0) for i in range(8)), *(("nl", i, 100) for i in range(8, 50))])
        assert load(store, table, built, "sync", run).rejected == 9
    built = frame(store, [("nl", None, 0), *(("nl", i, 0) for i in range(17)), *(("nl", i, 100) for i in range(17, 50))])
    assert load(store, table, built, "sync", "run-3").rejected == 18


def test_bad_rows_of_a_part_are_measured_by_the_whole_table(store: DeltaStore) -> None:
    """Ten bad rows of ten are 100 % of the part, but a third of the table's thirty; 13 of 13 are more than 40 %."""
    stock: list[Row] = [("nl", i, 100) for i in range(30)]
    part = Scope({"nl": None})
    store.replace(TABLE.name, frame(store, stock))
    assert load(store, TABLE, frame(store, [("nl", i, 0) for i in range(10)]), "sync", "run-1", part).rejected == 10
    store.replace(TABLE.name, frame(store, stock))
    with pytest.raises(DataError, match="13 of 30 rows break a rule"):
        load(store, TABLE, frame(store, [("nl", i, 0) for i in range(50, 63)]), "sync", "run-2", part)


def test_a_row_that_refers_to_nothing_goes_to_quarantine_and_one_without_a_reference_does_not(store: DeltaStore) -> None:
    shops = Table("silver.shops", "one shop", ("shop_code",), TABLE.columns[:1])
    table = replace(TABLE, references=(Reference(("shop_code",), shops),))
    others = {"silver.shops": frame_from(store.spark, [("nl",), ("nl",)], "shop_code string")}
    built = frame_from(store.spark, [("nl", 1, 100), ("xx", 2, 100), ("nl", 3, 100)], "shop_code string, shelf_id bigint, height int")
    loaded = load(store, table, built, "sync", "run-1", others=others)
    assert loaded == Loaded(3, 1, Written(inserted=2), {"shop_code_is_one_of_shops": Rejects(1, ("xx 2",))})
    assert [row["reason"] for row in store.read(QUARANTINE).collect()] == ["shop_code_is_one_of_shops"]
    assert rows(store) == [("nl", 1, 100), ("nl", 3, 100)]


@pytest.mark.parametrize(("orphans", "of", "is_refused"), [(9, 9, False), (10, 100, False), (11, 100, True)])
def test_rows_that_only_refer_to_what_was_left_out_elsewhere_may_be_a_tenth(
    store: DeltaStore, orphans: int, of: int, is_refused: bool
) -> None:
    shops = Table("silver.shops", "one shop", ("shop_code",), TABLE.columns[:1])
    table = replace(TABLE, references=(Reference(("shop_code",), shops),), max_reject_share=0)
    others = {"silver.shops": frame_from(store.spark, [("nl",)], "shop_code string")}
    store.replace(table.name, frame(store, [("nl", 1, 100), ("xx", 1, 100)]))
    built = frame(store, [("xx" if i < orphans else "nl", i, 100) for i in range(of)])
    if is_refused:
        with pytest.raises(
            DataError, match=r"11 of 100 rows break a rule since the last build, more than 10\.0%: shop_code_is_one_of_shops 11"
        ):
            load(store, table, built, "sync", "run-1", others=others)
    else:
        assert load(store, table, built, "sync", "run-1", others=others).rejected == orphans


@pytest.mark.parametrize("condition", ["no_such_column > 0", "int(shop_code) > 0"])
def test_a_rule_that_cannot_be_told_is_an_error_that_names_it_and_no_value(store: DeltaStore, condition: str) -> None:
    """One is unknown to Spark from the start, one fails at a row: with ANSI SQL a text that is no number."""
    table = replace(TABLE, rules=(*TABLE.rules, Rule("odd", condition)))
    with pytest.raises(DataError, match=r"silver.shelves: odd could not be told \(") as caught:
        load(store, table, frame(store, [("a secret", 1, 100)]), "sync", "run-1")
    assert "a secret" not in str(caught.value)
    assert store.head(TABLE.name) is None


def test_rows_that_cannot_be_computed_are_no_fault_of_a_rule(store: DeltaStore) -> None:
    built = frame(store, [("nl", 1, 100)]).withColumn("height", F.expr("int(shop_code)"))
    with pytest.raises(PySparkException):
        load(store, TABLE, built, "sync", "run-1")


def test_an_empty_frame_is_no_error(store: DeltaStore) -> None:
    assert load(store, TABLE, frame(store, []), "replace", "run-1") == Loaded(0, 0, Written())
    assert rows(store) == []

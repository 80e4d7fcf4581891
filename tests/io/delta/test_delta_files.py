"""Tables read and written without Spark; Delta's own reader sees the same."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lakehouse.io.delta import delta_files
from lakehouse.io.delta.delta_files import TableVersion

PROPERTIES = {"delta.enableChangeDataFeed": "true"}
SCHEMA = pa.schema([pa.field("id", pa.int64(), metadata={"comment": "the row"}), pa.field("name", pa.string())])


def rows(*values: tuple[int, str | None]) -> pa.Table:
    ids, names = zip(*values, strict=True) if values else ((), ())
    return pa.table([pa.array(ids, pa.int64()), pa.array(names, pa.string())], schema=SCHEMA)


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "table")
    delta_files.append(found, rows((1, "tea"), (2, None)), "first", PROPERTIES)
    return found


def listed(path: str, version: int | None = None) -> list[tuple[object, ...]]:
    table = delta_files.opened(path, version)
    assert table is not None
    return sorted(tuple(row.values()) for row in delta_files.rows_of(table).to_pylist())


def test_a_folder_without_a_table_has_no_head(tmp_path: Path) -> None:
    assert delta_files.head(str(tmp_path)) is None
    assert delta_files.opened(str(tmp_path / "nowhere")) is None


def test_versions_count_up_and_old_ones_stay_readable(path: str) -> None:
    first = delta_files.head(path)
    delta_files.append(path, rows((3, "rice")), "second", PROPERTIES)
    assert first is not None
    assert delta_files.head(path) == TableVersion(first.table_id, 1)
    assert listed(path) == [(1, "tea"), (2, None), (3, "rice")]
    assert listed(path, 0) == [(1, "tea"), (2, None)]


def test_a_table_that_was_made_anew_has_another_identity(path: str, tmp_path: Path) -> None:
    before = delta_files.head(path)
    Path(path).rename(tmp_path / "old")
    delta_files.append(path, rows((9, "salt")), "", PROPERTIES)
    after = delta_files.head(path)
    assert before is not None
    assert after is not None
    assert (before.table_id == after.table_id, after.version) == (False, 0)
    assert listed(path) == [(9, "salt")]


def test_a_column_that_is_new_is_added_and_null_in_old_rows(path: str) -> None:
    wider = rows((3, "rice")).append_column(pa.field("unit", pa.string(), metadata={"comment": "new"}), pa.array(["box"]))
    delta_files.append(path, wider, "", PROPERTIES)
    assert listed(path)[0] == (1, "tea", None)
    assert listed(path)[2] == (3, "rice", "box")


def test_a_comment_that_changed_keeps_no_row_from_being_written(path: str) -> None:
    said_anew = rows((3, "rice")).cast(pa.schema([pa.field("id", pa.int64(), metadata={"comment": "other words"}), SCHEMA.field("name")]))
    delta_files.append(path, said_anew, "", PROPERTIES)
    assert len(listed(path)) == 3
    assert DeltaTable(path).schema().fields[0].metadata == {"comment": "the row"}


def test_changes_are_merged_in_one_commit_with_their_feed_and_note(path: str) -> None:
    changes = pa.table({"kind": ["update", "delete", "insert"], "id": [1, 2, 3], "name": ["green tea", None, "rice"]})
    delta_files.merge(path, changes, ["id"], "kind", "(old.id BETWEEN 1 AND 3)", "a note")
    assert listed(path) == [(1, "green tea"), (3, "rice")]
    table = delta_files.opened(path)
    assert table is not None
    feed = delta_files.change_feed(table, 1, 1).read_all().to_pylist()
    assert sorted((row["_change_type"], row["id"], row["name"]) for row in feed) == [
        ("delete", 2, None),
        ("insert", 3, "rice"),
        ("update_postimage", 1, "green tea"),
        ("update_preimage", 1, "tea"),
    ]
    assert delta_files.commits_since(table, 0) == [("MERGE", "a note")]


def test_spark_sees_what_was_written_and_its_feed(path: str, spark: SparkSession) -> None:
    changes = pa.table({"kind": ["update", "insert"], "id": [1, 3], "name": ["green tea", "rice"]})
    delta_files.merge(path, changes, ["id"], "kind", "", "a note")
    delta_files.replace(path, rows((3, "rice"), (4, "oil")), "replaced", PROPERTIES)
    read = spark.read.format("delta")
    assert sorted(tuple(row) for row in read.load(path).collect()) == [(3, "rice"), (4, "oil")]
    assert sorted(row["id"] for row in read.option("versionAsOf", 1).load(path).collect()) == [1, 2, 3]
    feed = spark.read.format("delta").options(readChangeFeed="true", startingVersion="1", endingVersion="2").load(path).collect()
    of_merge = sorted((row["_change_type"], row["id"]) for row in feed if row["_commit_version"] == 1)
    assert of_merge == [("insert", 3), ("update_postimage", 1), ("update_preimage", 1)]
    of_replacement = {(row["_change_type"], row["id"]) for row in feed if row["_commit_version"] == 2}
    assert {("delete", 1), ("delete", 2), ("insert", 4)} <= of_replacement


def test_rows_are_counted_from_the_log_alone(path: str) -> None:
    delta_files.append(path, rows((3, "rice")), "", PROPERTIES)
    table = delta_files.opened(path)
    assert table is not None
    for file in delta_files.files_of(table):
        Path(file).unlink()
    assert delta_files.row_count(table) == 3


def test_a_condition_and_columns_choose_what_is_read(path: str) -> None:
    table = delta_files.opened(path)
    assert table is not None
    assert delta_files.rows_of(table, ["id"], "name IS NULL").to_pylist() == [{"id": 2}]


def test_a_folder_may_have_spaces_and_any_letters_in_its_name(tmp_path: Path) -> None:
    path = str(tmp_path / "Käse & wine #1" / "table")
    delta_files.append(path, rows((1, "tea")), "", PROPERTIES)
    table = delta_files.opened(path)
    assert table is not None
    assert delta_files.rows_of(table, ["id"], "name = 'tea'").to_pylist() == [{"id": 1}]
    assert delta_files.ask_tables("SELECT id FROM t", {"t": (table, {"id": "BIGINT"})}).to_pylist() == [{"id": 1}]


def test_threads_of_arrow_never_ask_python_for_a_file(path: str) -> None:
    # They may have what a thread that holds Python's lock waits for.
    table = delta_files.opened(path)
    assert table is not None
    assert not delta_files.dataset_of(table).filesystem.type_name.startswith("py::")


def test_a_table_with_deletion_vectors_is_left_to_spark(path: str, spark: SparkSession) -> None:
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    assert delta_files.opened(path) is None
    head = delta_files.head(path)
    assert head is not None
    assert head.version == 0, "a change of properties leaves the rows as they were"

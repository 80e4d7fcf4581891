"""`quarantine.<feed>`: one row per record that was not loaded because it, or its whole file, is not what the contract says."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.feed_file import NOT_JSON, WHOLE_FILE, WRONG_FIELD_COUNT
from lakehouse.ops.quarantine import REASON, RUN_ID, quarantine_of
from lakehouse.sources.feed import Feed
from lakehouse.table import LONG, STRING, TIMESTAMP, Column, Table

# What is wrong, for people. The rest of the sentence says what is expected.
FOUND = {
    "empty": "nothing stands there",
    "not_a_number": "it is not a number written as expected",
    "not_a_date": "it is not a date written as expected, or there is no such day",
    "not_in_list": "it is none of the values that are expected",
    "too_long": "the text is too long",
    "out_of_range": "the number is far too large or too small",
    "bad_encoding": "it holds characters that cannot be read: text was saved in another encoding, as a spreadsheet does",
    "rounded_by_spreadsheet": ("a spreadsheet has rounded it, as to 8.71E+12: import the original with this column as text, and save that"),
    "failed_in_spreadsheet": "a spreadsheet shows #N/A, ##### or the like in place of it: save the list again with the value",
    WRONG_FIELD_COUNT: "the row has more or fewer columns than the header line",
    NOT_JSON: "the line is not one JSON object",
    WHOLE_FILE: "nothing of this file was used",
}


def quarantine_table(name: str) -> Table:
    """That of the feed of this name."""
    return Table(
        name=quarantine_of(name),
        grain="one record of a file that was not loaded; the record itself is in the file, which is kept under the vault's root",
        key=("sender", "file_name", "arrived_at", "line_number"),
        columns=(
            Column("sender", STRING, "folder that the file came in"),
            Column("file_name", STRING, "its name"),
            Column("arrived_at", TIMESTAMP, "when it arrived, UTC"),
            Column("line_number", LONG, "line where the record begins; the header line is 1"),
            Column("column_name", STRING, "first bad column, as the header line calls it; empty: the record as a whole"),
            Column("value_class", STRING, f"what was found: {', '.join(FOUND)}; never the value"),
            REASON,
            RUN_ID,
        ),
    )


def quarantined(rejects: DataFrame, whole: DataFrame | None, feed: Feed, reasons: Mapping[str, str], run_id: str) -> DataFrame:
    """The rows of the table. `rejects` are records that could not be read, `whole` the good records of files that are not used.

    `reasons`: file name → why the whole file is not used.
    """
    origin = ["_file_name", "_arrived_at", "_line_number"]
    rows = rejects.select(*origin, "column_name", "value_class")
    if whole is not None:
        rows = rows.union(whole.select(*origin, F.lit(""), F.lit(WHOLE_FILE)))
    spark = rejects.sparkSession
    whole_files = _texts(spark, ["_file_name", "_why"], [(name, why) for name, why in reasons.items()])
    known = rows.join(F.broadcast(_reasons(spark, feed)), ["column_name", "value_class"], "left").join(
        F.broadcast(whole_files), "_file_name", "left"
    )
    why = F.when(F.col("value_class") == WHOLE_FILE, F.col("_why"))
    return known.select(
        F.lit(feed.sender).alias("sender"),
        F.col("_file_name").alias("file_name"),
        F.col("_arrived_at").alias("arrived_at"),
        F.col("_line_number").alias("line_number"),
        "column_name",
        "value_class",
        F.coalesce(why, "_reason", F.lit("")).alias("reason"),
        F.lit(run_id).alias("run_id"),
    )


def expected(feed: Feed, column: str, value_class: str) -> str:
    """What should stand there, for people."""
    for field in feed.fields:
        if field.headers[0] == column:
            return field.parser.expects
    return "as many columns as the header line has" if value_class == WRONG_FIELD_COUNT else "one JSON object per line"


def _reasons(spark: SparkSession, feed: Feed) -> DataFrame:
    columns = ["", *(field.headers[0] for field in feed.fields)]
    rows = [
        (column, found, f"{text}; expected: {expected(feed, column, found)}")
        for column in columns
        for found, text in FOUND.items()
        if found != WHOLE_FILE
    ]
    return _texts(spark, ["column_name", "value_class", "_reason"], rows)


def _texts(spark: SparkSession, names: list[str], rows: Sequence[tuple[str, ...]]) -> DataFrame:
    return frame_from(spark, rows, ", ".join(f"{name} string" for name in names))

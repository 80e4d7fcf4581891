"""A checksum tells whether two copies of a table hold the same rows, whatever their order, and nothing less."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.checksum import Checksum, checksum_columns
from lakehouse.table import LONG, MONEY, STRING, TIMESTAMP, Column, schema_of

pytestmark = pytest.mark.spark
COLUMNS = (
    Column("id", LONG, "the row"),
    Column("first", STRING, "text"),
    Column("second", STRING, "text"),
    Column("amount", MONEY, "money"),
    Column("at", TIMESTAMP, "UTC"),
)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [(1, "a", "b", Decimal("1.5"), NOON), (2, "", None, Decimal(0), None), (3, None, "", None, NOON)]


def checksum(spark: SparkSession, rows: Sequence[tuple[Any, ...]]) -> Checksum:
    row = frame_from(spark, rows, schema_of(COLUMNS)).repartition(2).agg(*checksum_columns(COLUMNS)).first()
    assert row is not None
    return Checksum.of(row.asDict())


def test_the_order_of_rows_does_not_matter(spark: SparkSession) -> None:
    assert checksum(spark, ROWS) == checksum(spark, ROWS[::-1])
    assert checksum(spark, ROWS).rows == 3


@pytest.mark.parametrize(
    "other",
    [
        [*ROWS[:2], (3, "", None, None, NOON)],  # null and empty text changed places within the row
        [(1, "b", "a", Decimal("1.5"), NOON), *ROWS[1:]],  # two values of a row changed places
        [(1, "", "b", Decimal("1.5"), NOON), (2, "a", None, Decimal(0), None), ROWS[2]],  # two rows changed a value
        [(1, "ab", "", Decimal("1.5"), NOON), *ROWS[1:]],  # the border between two texts moved
        [*ROWS[:1], (2, "", None, None, None), ROWS[2]],  # 0 became null
        [*ROWS, ROWS[2]],  # a row stands twice
        ROWS[:2],
        [],
        [(1, "a", "b", Decimal("1.5"), NOON.replace(microsecond=1)), *ROWS[1:]],
    ],
)
def test_every_other_table_has_another_one(spark: SparkSession, other: list[tuple[Any, ...]]) -> None:
    assert checksum(spark, other) != checksum(spark, ROWS)


def test_those_of_parts_add_up_to_that_of_the_whole(spark: SparkSession) -> None:
    assert checksum(spark, ROWS[:1]) + checksum(spark, ROWS[1:]) == checksum(spark, ROWS)
    assert checksum(spark, []) == Checksum()


def test_its_text_tells_all_of_it() -> None:
    assert str(Checksum(3, 1, 255, 16, 0)) == "3:1:ff:10:0"

"""Small frames from values of Python."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from

pytestmark = pytest.mark.spark
SCHEMA = "id bigint, price decimal(8,2), at timestamp, day date, tags array<struct<name:string,size:int>>, is_new boolean"


def test_values_come_out_as_they_went_in_and_times_are_utc(spark: SparkSession) -> None:
    rows = [
        (1, Decimal("1.5"), datetime(2026, 1, 1, 12), date(2026, 1, 1), [("a", 1), (None, None)], True),
        (None, None, datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), None, [], None),
    ]
    frame = frame_from(spark, rows, SCHEMA)
    assert frame.selectExpr("id", "price", "string(at)", "day", "tags", "is_new").collect() == [
        (1, Decimal("1.50"), "2026-01-01 12:00:00", date(2026, 1, 1), [("a", 1), (None, None)], True),
        (None, None, "2026-01-01 10:00:00", None, [], None),
    ]


def test_without_rows_the_columns_are_there(spark: SparkSession) -> None:
    frame = frame_from(spark, [], SCHEMA)
    assert (frame.columns, frame.count()) == (["id", "price", "at", "day", "tags", "is_new"], 0)


@pytest.mark.parametrize("wrong", ["one", 1.5, datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_value_of_another_type_is_an_error(spark: SparkSession, wrong: object) -> None:
    with pytest.raises(pa.ArrowException):
        frame_from(spark, [(wrong,)], "id bigint")

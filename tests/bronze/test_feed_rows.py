"""Which rows of files are the truth: Spark's answer beside a plain one that takes file by file and row by row."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.feed_rows import FATE, IS_TRUTH, judged, landed
from lakehouse.sources.feed import Feed
from lakehouse.sources.mobile_app import EVENTS, ORDER_LINES, ORDERS
from lakehouse.sources.other_feeds import AD_SPEND, STOCK_LEVELS

TODAY = date(2026, 11, 18)
SCHEMA = (
    "key long, line_no long, newer timestamp, dated timestamp, _file_day date, _file_name string, _arrived_at timestamp, _line_number long"
)
CHANGES = replace(ORDERS, key=("key",), version_column="newer")
BY_DAY = replace(AD_SPEND, key=("key",))
LINES = replace(ORDER_LINES, key=("key", "line_no"), replace_unit=("key",))
APPEND = replace(EVENTS, key=("key",), event_time_column="dated")
Row = dict[str, Any]


def files(seed: int) -> list[list[Row]]:
    """Six files of random days with keys that repeat within and across them, in the order of their days."""
    rng = random.Random(seed)
    found = []
    for number in range(6):
        day = TODAY - timedelta(days=rng.randrange(4))
        origin = {"_file_day": day, "_file_name": f"f{number}", "_arrived_at": datetime(2026, 11, 18, 4, number, tzinfo=UTC)}
        rows = [
            {
                "key": rng.randrange(150),
                "line_no": rng.randrange(3),
                "newer": datetime(2026, 11, rng.randrange(1, 9), tzinfo=UTC),
                "dated": datetime(2024, 11, rng.randrange(15, 25), tzinfo=UTC),
                **origin,
                "_line_number": line,
            }
            for line in range(2, 152)
        ]
        found.append(rows)
    return sorted(found, key=lambda rows: delivery(rows[0]))


def delivery(row: Row) -> tuple[Any, ...]:
    return row["_file_day"], row["_arrived_at"], row["_file_name"]


def key_of(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def one_by_one(feed: Feed, table: dict[Any, Row], delivered: list[list[Row]]) -> list[str]:
    """The rules in words: loads files into `table` in their order, gives each row's fate."""
    fates = []
    for rows in delivered:
        here: dict[Any, Row] = {}
        for row in rows:
            key = key_of(row, feed.key)
            if feed.kind == "append":
                if row["dated"] >= datetime(2024, 11, 18, tzinfo=UTC) and key not in table:
                    here.setdefault(key, row)
            elif key not in here or not feed.version_column or row["newer"] >= here[key]["newer"]:
                here[key] = row
        unit = feed.replace_unit or feed.key
        known = {
            key_of(row, unit): max(delivery(r) for r in table.values() if key_of(r, unit) == key_of(row, unit)) for row in table.values()
        }
        loaded = []
        for key, row in here.items():
            old = known.get(key_of(row, unit))
            if feed.version_column and key in table and (row["newer"], delivery(row)) < (table[key]["newer"], delivery(table[key])):
                continue
            if not feed.version_column and feed.kind != "append" and old is not None and delivery(row) < old:
                continue
            loaded.append(row)
        if feed.replace_unit:
            named = {key_of(row, unit) for row in loaded}
            for key in [key for key, row in table.items() if key_of(row, unit) in named]:
                del table[key]
        table.update({key_of(row, feed.key): row for row in loaded})
        for row in rows:
            is_old = feed.kind == "append" and row["dated"] < datetime(2024, 11, 18, tzinfo=UTC)
            fates.append("expired" if is_old else "loaded" if any(row is other for other in loaded) else "duplicate")
    return fates


def frame(spark: SparkSession, rows: Iterable[Row]) -> DataFrame:
    return frame_from(spark, [tuple(row.values()) for row in rows], SCHEMA)


@pytest.mark.parametrize("feed", [CHANGES, BY_DAY, LINES, APPEND], ids=["newer", "by_day", "replace_unit", "append"])
def test_files_loaded_together_or_one_after_the_other_end_the_same(spark: SparkSession, feed: Feed) -> None:
    delivered = files(7)
    random.Random(1).shuffle(delivered)
    first, second = (sorted(part, key=lambda rows: delivery(rows[0])) for part in (delivered[:3], delivered[3:]))
    table: dict[Any, Row] = {}
    for batch in (first, second):
        rows = [row for file in batch for row in file]
        there = frame(spark, list(table.values()))
        found = judged(frame(spark, rows), there, feed, TODAY).orderBy("_file_day", "_arrived_at", "_line_number").collect()
        expected = one_by_one(feed, table, batch)
        assert [row[FATE] for row in found] == expected
        names = {row["_file_name"] for row in rows}
        truth = {(row["_file_name"], row["_line_number"]) for row in table.values() if row["_file_name"] in names}
        assert {(row["_file_name"], row["_line_number"]) for row in found if row[IS_TRUTH]} == truth
    assert len(table) > 100


def test_rows_of_a_feed_without_anything_personal_get_the_shop_s_code_alone(spark: SparkSession) -> None:
    feed = STOCK_LEVELS
    assert not feed.personal_fields
    rows = frame_from(spark, [(None,) * len(feed.fields)], ", ".join(f"{field.name} string" for field in feed.fields))
    found = landed(rows, feed, "0" * 64)
    assert found.columns == [*rows.columns, "shop_code"]
    assert [row["shop_code"] for row in found.collect()] == [feed.shop_code]

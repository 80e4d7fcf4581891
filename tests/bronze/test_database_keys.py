"""bronze.database_keys: a text key's integer stays, comes again without the table, and is no other key's."""

from collections.abc import Iterable

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.databases.database_keys import TABLE, new_keys, shared_ids
from lakehouse.bronze.databases.database_rows import text_keys, with_ids

pytestmark = pytest.mark.spark
# sha256("0:ab-1") begins with these 15 digits: computed with `printf '0:ab-1' | sha256sum`.
FIRST_OF_AB_1 = 0x70B783CF302CA12


def found(spark: SparkSession, keys: Iterable[str]) -> DataFrame:
    return frame_from(spark, [("erp", "product", key) for key in keys], "shop_code string, entity string, source_key string")


def ids(rows: DataFrame) -> dict[str, int]:
    return {row["source_key"]: row["id"] for row in rows.collect()}


def by_length(key: Column, turn: Column) -> Column:
    """A hash that has one value for all keys of a length."""
    return (F.length(key) + 100 * turn).cast("bigint")


def test_keys_that_share_an_integer_get_different_ones_and_those_that_are_known_keep_theirs(spark: SparkSession) -> None:
    nothing = frame_of(spark, TABLE, [])
    first = ids(new_keys(found(spark, ["bb", "aa", "ccc"]), nothing, by_length))
    assert first == {"aa": 2, "bb": 102, "ccc": 3}
    known = frame_of(spark, TABLE, [{"shop_code": "erp", "entity": "product", "source_key": key, "id": i} for key, i in first.items()])
    # Whatever comes before them by the alphabet.
    later = new_keys(found(spark, ["a0", "a1", "bb", "ccc", "dddd"]), known, by_length)
    assert ids(later) == {"a0": 202, "a1": 302, "dddd": 4}
    assert shared_ids(known.unionByName(later)).count() == 0


def test_an_integer_that_two_keys_have_for_all_that_is_seen(spark: SparkSession) -> None:
    """Turns of other keys may meet: 100 more than the length of a short key is the length of a long one."""
    keys = new_keys(found(spark, ["a", "b", "c" * 101]), frame_of(spark, TABLE, []), by_length)
    assert [tuple(row) for row in shared_ids(keys).collect()] == [("erp", "product", 101)]


def test_an_integer_follows_from_the_key_alone(spark: SparkSession) -> None:
    assert ids(new_keys(found(spark, ["ab-1"]), frame_of(spark, TABLE, []))) == {"ab-1": FIRST_OF_AB_1}


def test_lines_whose_ids_are_uuids_get_integers_too(spark: SparkSession) -> None:
    lines = frame_from(spark, [(1, "aa-1"), (1, "aa-2"), (2, None)], "order_id bigint, line_id string")
    keys = text_keys({"order_lines": lines}, "erp")
    assert keys is not None
    assert sorted(map(tuple, keys.collect())) == [("erp", "order_line", "aa-1"), ("erp", "order_line", "aa-2")]
    rows = with_ids(lines, new_keys(keys, frame_of(spark, TABLE, []), lambda key, turn: F.substring(key, 4, 1).cast("bigint")))
    assert sorted(map(tuple, rows.select("order_id", "line_id").collect()), key=str) == [(1, 1), (1, 2), (2, None)]

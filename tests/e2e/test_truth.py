"""A shop that WooCommerce wrote itself, compared row by row with what its own objects say; skipped where the data is not given.

The shop keeps its orders in WooCommerce's own tables; it is also made into the other kinds of shop, which must give the same rows.
"""

import gzip
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pymysql.cursors import Cursor
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, lake_for
from tests.support.demo_shop import Shop
from tests.support.older_shops import to_latin1, to_legacy
from tests.support.truth import differences, revenue_differences

from lakehouse.demo.store.legacy import to_migrated
from lakehouse.demo.store.server import Server

DATABASE = "real_shop"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# So little that most orders are read only when a sign of change or their turn brings them.
INCREMENTAL = {
    "LAKEHOUSE_SHOPS__NL__WINDOW_DAYS": "10",
    "LAKEHOUSE_SHOPS__NL__REREAD_NIGHTS": "2",
    "LAKEHOUSE_SHOPS__NL__REREAD_AT_LEAST_ORDERS": "0",
}


def old_legacy(cursor: Cursor) -> None:
    to_legacy(cursor, "wp_", AMSTERDAM)
    to_latin1(cursor)


def migrated(cursor: Cursor) -> None:
    to_migrated(cursor, "wp_", AMSTERDAM, datetime(2026, 5, 1))


def load_dump(server: Server, folder: Path, convert: Callable[[Cursor], None] | None) -> None:
    """The state of a day, in place of what the database held."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {DATABASE}")
        cursor.execute(f"create database {DATABASE} character set utf8mb4 collate utf8mb4_unicode_520_ci")
    client = ["mariadb", f"--socket={server.socket}", "--user=root", "--default-character-set=utf8mb4", DATABASE]
    with gzip.open(folder / "dump.sql.gz") as dump:
        subprocess.run(client, input=dump.read(), check=True)
    if convert is not None:
        with server.connect(DATABASE) as connection, connection.cursor() as cursor:
            convert(cursor)
            connection.commit()


def night(lake: DemoLake, **changes: str) -> None:
    # The days are made into posts one by one, so that ids of keys are others on the second: no shop does that.
    for command in (["ingest", "--accept-deletes", "order_meta"], ["refresh"]):
        code, errors = lake.command(*command, "--run-date", "2026-11-18", **changes)
        assert code == 0, errors


@pytest.mark.parametrize(
    ("convert", "nights"),
    # What moves no date is seen in its turn only where orders are posts, and then within the nights that are set.
    [(None, 1), pytest.param(migrated, 1, marks=pytest.mark.slow), pytest.param(old_legacy, 2, marks=pytest.mark.slow)],
    ids=["own tables", "migrated, with stale posts beside", "legacy posts in latin1"],
)
def test_a_real_shop_is_mirrored_to_the_row_also_two_days_later(
    server: Server, spark: SparkSession, test_data: Path, tmp_path: Path, convert: Callable[[Cursor], None] | None, nights: int
) -> None:
    shop = test_data / "woocommerce-hpos"
    if not shop.is_dir():
        pytest.skip(f"{shop} is not there")
    load_dump(server, shop / "day1", convert)
    lake = lake_for(Shop(server, DATABASE, tmp_path), tmp_path)
    night(lake)
    with lake.entered({}):
        assert differences(shop / "day1") == []
        assert revenue_differences(shop / "day1", "Europe/Amsterdam") == []
    load_dump(server, shop / "day2", convert)
    lake_for(Shop(server, DATABASE, tmp_path), tmp_path)  # rights went with the tables
    for _ in range(nights):
        night(lake, **INCREMENTAL)
    with lake.entered({}):
        assert differences(shop / "day2") == []
    reads = lake.store(spark).read("ops.shop_reads").orderBy("read_at").collect()
    assert [read["mode"] for read in reads] == ["full", *["incremental"] * nights]
    assert all(read["orders_read"] < 0.7 * read["orders_there"] for read in reads[1:])
    assert {read["held_orders"] for read in reads} == {"[]"}

"""A shop that WooCommerce wrote itself, compared row by row with what its own objects say; skipped where the data is not given."""

import gzip
import subprocess
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, lake_for
from tests.support.demo_shop import Shop
from tests.support.truth import differences

from lakehouse.demo.server import Server

DATABASE = "real_shop"


def load_dump(server: Server, folder: Path) -> None:
    """The state of a day, in place of what the database held."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {DATABASE}")
        cursor.execute(f"create database {DATABASE} character set utf8mb4 collate utf8mb4_unicode_520_ci")
    client = ["mariadb", f"--socket={server.socket}", "--user=root", "--default-character-set=utf8mb4", DATABASE]
    with gzip.open(folder / "dump.sql.gz") as dump:
        subprocess.run(client, input=dump.read(), check=True)


def night_over(server: Server, data: Path, folder: Path) -> DemoLake:
    load_dump(server, data)
    lake = lake_for(Shop(server, DATABASE, folder), folder)
    for command in ("ingest", "refresh"):
        assert lake.command(command, "--run-date", "2026-11-18")[0] == 0
    return lake


def test_a_real_shop_is_mirrored_to_the_row_also_two_days_later(
    server: Server, spark: SparkSession, test_data: Path, tmp_path: Path
) -> None:
    shop = test_data / "woocommerce-hpos"
    if not shop.is_dir():
        pytest.skip(f"{shop} is not there")
    for day in ("day1", "day2"):
        lake = night_over(server, shop / day, tmp_path)
        with lake.entered({}):
            assert differences(shop / day) == []

"""Days once more: read again by the contracts of now, and the same whatever is repeated, overlaps or comes in another order."""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.stages.ingest_files.test_land_files import EVENTS, LINES, ORDERS, SPEND, STOCK, House, event, line, order, spend, stock

from lakehouse.errors import ConfigError
from lakehouse.flow import STEPS
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.sources import feeds
from lakehouse.stages import backfill as module
from lakehouse.stages.backfill import backfill, is_dated, land_again

TABLES = ("stock_levels", "app_orders", "app_order_lines", "app_events")
RUNS = itertools.count()


def day(number: int) -> date:
    return date(2026, 11, number)


def drop_days(house: House) -> None:
    """Four feeds of two days: a snapshot, changes with a date and without, events; the second day takes back, repeats and adds."""
    for number, (quantity, status) in enumerate(((1, "placed"), (2, "shipped")), start=10):
        counted = f"2026-11-{number}T00:00:00Z"
        house.drop(f"stock/stock_levels_202611{number}.csv", STOCK + stock("A", quantity, counted) + stock("B", 7))
        house.drop(f"mobile_app/app_orders_202611{number}.csv", ORDERS + order(1, status, f"{number}") + order(number, "paid", f"{number}"))
        house.drop(f"mobile_app/app_order_lines_202611{number}.csv", LINES + line(1, 1, quantity) + line(number, 1))
        house.drop(f"mobile_app/app_events_202611{number}.csv", EVENTS + event("e1") + event(f"e{number}") + event(f"e{number}"))


def again(house: House, first: int, last: int) -> list[str]:
    """A run of its own."""
    return run(house, lambda run: land_again(run, day(first), day(last)))


def run(house: House, task: Callable[[RunContext], StageResult]) -> list[str]:
    """The lines that the task says."""
    name = f"run {next(RUNS):04}"
    return house.run(lambda run: task(replace(run, run_id=name))).text.splitlines()


def tables(house: House) -> dict[str, list[Any]]:
    assert house.files()  # read = loaded + duplicate + expired + quarantined, of every row
    return {table: sorted(map(str, house.store.read(f"bronze.{table}").collect())) for table in TABLES}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> House:
    """A lake that has loaded both days; not to be changed."""
    house = House(tmp_path_factory.mktemp("landed"), spark)
    drop_days(house)
    house.run()
    return house


def test_days_again_change_nothing_whether_out_of_order_overlapping_or_twice(landed: House, tmp_path: Path, spark: SparkSession) -> None:
    house = House(tmp_path, spark)
    for name in ("lake", "vault"):
        shutil.copytree(landed.folder / name, tmp_path / name)
    house.settings = house.settings.model_copy(update={"drop_root": str(landed.folder / "drop")})
    before, rows = tables(house), house.store.read("ops.files").count()
    heads = {table: house.store.head(f"bronze.{table}") for table in TABLES}
    for first, last in ((11, 11), (10, 10), (10, 11)):
        assert again(house, first, last)
    assert tables(house) == before
    assert {table: house.store.head(f"bronze.{table}") for table in TABLES} == heads
    assert house.store.read("ops.files").count() > rows
    assert house.store.head("quarantine.stock_levels") is None


def test_rows_count_as_they_did_the_first_time(house: House) -> None:
    house.drop("stock/stock_levels_20261110.csv", STOCK + stock("A", 1, "2026-11-10T00:00Z"))
    house.drop("stock/stock_levels_20261111.csv", STOCK + stock("A", 2, "2026-11-11T00:00Z"))
    run(house, lambda run: module.land_files(run))
    assert again(house, 10, 10) == ["  stock_levels           1 read again"]
    # It was the truth then, and is not now.
    assert house.files()["stock_levels_20261110.csv"] == ("loaded", 1, 0, 1, 0, 0)
    assert house.rows("bronze.stock_levels", "quantity_on_hand") == [2]


def test_what_is_gone_repeated_or_without_files_is_told(house: House) -> None:
    for number in (10, 11):
        house.drop(f"stock/stock_levels_202611{number}.csv", STOCK + stock("A", 1))
    gone = house.drop("marketing/ad_spend_20261110.csv", SPEND + spend("10", "1.00"))
    run(house, lambda run: module.land_files(run))
    gone.unlink()
    assert again(house, 10, 11) == [
        "  ad_spend               1 gone from drop_root: ad_spend_20261110.csv",
        "  stock_levels           1 read again, 1 repeated, nothing to do",
    ]
    assert again(house, 12, 30) == ["  no files of these days"]


def test_a_file_is_judged_by_the_contract_of_now(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("stock/stock_levels_20261110.csv", STOCK.replace("sku", "item") + stock("A", 1))
    run(house, lambda run: module.land_files(run))
    assert len(house.rows("quarantine.stock_levels", "line_number")) == 1
    old = next(feed for feed in feeds.FEEDS if feed.name == "stock_levels")
    mended = replace(old, fields=(replace(old.fields[0], aliases=("item",)), *old.fields[1:]), version=old.version + 1)
    for name in ("ingest_files.land_files", "backfill"):
        monkeypatch.setattr(f"lakehouse.stages.{name}.FEEDS", (mended,))
    again(house, 10, 10)
    assert house.rows("bronze.stock_levels", "sku") == ["A"]
    assert house.rows("quarantine.stock_levels", "line_number") == []
    assert not list((house.folder / "outbox/stock").iterdir())
    assert not list((house.folder / "vault/files/stock_levels").iterdir())


def test_new_files_of_other_days_are_landed_too_so_that_the_order_of_ranges_does_not_matter(house: House) -> None:
    for number in (10, 11):
        house.drop(f"stock/stock_levels_202611{number}.csv", STOCK + stock("A", 1) + stock("B", number))

    def backfill_without_gold(run: RunContext) -> StageResult:
        module.land_files(run)
        return land_again(run, day(11), day(11))

    assert run(house, backfill_without_gold) == ["  stock_levels           1 new, landed now"]
    # The row that both days have is the first day's.
    first, second = "stock_levels_20261110.csv", "stock_levels_20261111.csv"
    assert house.rows("bronze.stock_levels", "sku", "_file_name") == [("A", first), ("B", second)]


def test_days_the_wrong_way_round_or_a_folder_that_is_away_change_nothing(house: House) -> None:
    with pytest.raises(ConfigError, match="is after"):
        run(house, lambda run: backfill(run, day(12), day(11)))
    (house.folder / "drop").rmdir()
    with pytest.raises(ConfigError, match="can't be read"):
        run(house, lambda run: backfill(run, day(11), day(12)))


def test_dated_tables_are_the_daily_sales_and_what_is_as_of_the_run_date() -> None:
    dated = {step.name for step in STEPS if is_dated(step)}
    assert dated == {"gold.daily_sales", "gold.interactions", "gold.product_popularity", "gold.install_base", "gold.campaign_results"}


@pytest.fixture
def house(tmp_path: Path, spark: SparkSession) -> House:
    return House(tmp_path, spark)

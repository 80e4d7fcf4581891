"""Write, audit, publish: what is wrong is not shown, what is unusual is told, and the past is the measure."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.conftest import SPARK
from tests.support.frames import frame_of
from tests.support.planted import good_row

from lakehouse.errors import DataError
from lakehouse.io.delta_store import DeltaStore
from lakehouse.io.ledger import published
from lakehouse.io.quality_results import QUALITY_RESULTS
from lakehouse.io.settings import Settings
from lakehouse.silver import categories, orders
from lakehouse.table import Table
from lakehouse.tasks.run import open_run

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 2)
Rows = list[dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    places = {f"{name}_root": str(tmp_path / name) for name in ("lake", "vault", "export")}
    shops = {"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}}
    return Settings.model_validate({"env": "local", "tracking_uri": "sqlite://", "shops": shops, "spark": SPARK, **places})


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> DeltaStore:
    return DeltaStore(spark, settings.lake_root, settings.vault_root)


def night(settings: Settings, table: Table, rows: Rows, run_date: date = DAY, accepted: str = "") -> None:
    """A run that writes a table, whatever is in it."""
    with open_run(settings, "refresh", run_date) as run:
        run.accepted.update({accepted} - {""})
        run.store.replace(table.name, frame_of(run.spark, table, rows).coalesce(1))
        run.runner.written(table)


def order(number: int, **changes: object) -> dict[str, Any]:
    return {**good_row(orders.TABLE), "shop_code": "nl", "order_id": number, **changes}


def category(number: int) -> dict[str, Any]:
    return {**good_row(categories.TABLE), "shop_code": "nl", "category_id": number}


def statuses(lake: DeltaStore, check: str) -> list[str]:
    found = lake.read(QUALITY_RESULTS.name).where(f"`check` = '{check}'").orderBy("checked_at").collect()
    return [row["status"] for row in found]


def test_a_table_that_breaks_a_critical_check_is_not_published_and_the_error_says_where(settings: Settings, lake: DeltaStore) -> None:
    night(settings, orders.TABLE, [order(1)])
    seen = published(lake)["silver.orders"]
    rows = [order(1), *(order(number, total_amount=None) for number in range(10, 17))]
    with pytest.raises(DataError) as failure:
        night(settings, orders.TABLE, rows)
    text = str(failure.value)
    assert text.startswith("silver.orders: total_is_known is not true of 7 of 8 rows, as nl 10; nl 11; nl 12; nl 13; nl 14 ")
    assert "--accept silver.orders:total_is_known" in failure.value.todo
    assert published(lake)["silver.orders"] == seen
    (row,) = lake.read(QUALITY_RESULTS.name).where("status = 'failed'").collect()
    assert (row["check"], row["unexpected"], row["table_rows"], row["table_version"]) == ("total_is_known", 7, 8, 1)
    assert (Path(settings.lake_root) / "_data_docs" / "index.html").is_file()


def test_what_a_failed_run_left_is_judged_again_before_it_is_published(settings: Settings, lake: DeltaStore) -> None:
    with pytest.raises(DataError):
        night(settings, orders.TABLE, [order(1), order(1)])
    with pytest.raises(DataError, match=r"key_stands_once is not true of 1 keys, as nl 1 "), open_run(settings, "refresh", DAY) as run:
        run.runner.written(orders.TABLE)  # as of a step that is skipped: nothing changed since


def test_what_an_operator_accepts_is_published_and_written_down(settings: Settings, lake: DeltaStore) -> None:
    night(settings, orders.TABLE, [order(1), order(2, currency_code="euro")], accepted="silver.orders:currency_is_a_code")
    assert published(lake)["silver.orders"].version == 0
    assert statuses(lake, "currency_is_a_code") == ["accepted"]


def test_an_alarm_publishes_and_is_judged_every_night(
    settings: Settings, lake: DeltaStore, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    night(settings, orders.TABLE, [order(1, created_at=datetime(2026, 11, 1, tzinfo=UTC))])
    with open_run(settings, "refresh", date(2026, 11, 9)) as run:
        run.runner.written(orders.TABLE)
    assert statuses(lake, "created_at_is_fresh") == ["passed", "failed"]
    assert "silver.orders: created_at_is_fresh is not true, found 2026-11-01 00:00:00" in capsys.readouterr().err


def test_a_table_must_have_rows_unless_it_may_be_empty(settings: Settings, lake: DeltaStore) -> None:
    night(settings, categories.TABLE, [])
    assert statuses(lake, "shop_code_is_known") == ["passed"]
    with pytest.raises(DataError, match="has_rows is not true, found 0"):
        night(settings, orders.TABLE, [])
    assert statuses(lake, "total_is_known") == ["empty"]


def test_a_table_that_collapses_or_explodes_against_its_own_past_is_not_published(settings: Settings, lake: DeltaStore) -> None:
    for extra in range(5):
        night(settings, categories.TABLE, [category(number) for number in range(1_200 + extra)])
    with pytest.raises(DataError, match="volume_is_possible is not true, found 600 "):
        night(settings, categories.TABLE, [category(number) for number in range(600)])
    assert statuses(lake, "volume_is_usual") == ["failed"]
    night(settings, categories.TABLE, [category(number) for number in range(601)])  # half is possible, if unusual
    assert statuses(lake, "volume_is_possible") == ["failed", "passed"]
    assert published(lake)["silver.categories"].version == 6

"""Write, audit, publish: what is wrong is not shown, what is unusual is told, and the past is the measure."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of
from tests.support.planted import good_row
from tests.support.runs import run_one, settings_in

from lakehouse.errors import DataError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.incident_records import open_incidents
from lakehouse.ops.ledger import SUCCEEDED, Entry, published
from lakehouse.ops.quality_results import QUALITY_RESULTS
from lakehouse.pipeline.loader import load
from lakehouse.pipeline.recording import counted
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import app_order_lines, categories, orders, wholesale_offers
from lakehouse.table import Table

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 2)
Rows = list[dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path, spark: SparkSession) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> DeltaStore:
    return DeltaStore(spark, TableResolver(settings.lake_root, settings.vault_root))


def night(settings: Settings, table: Table, rows: Rows, run_date: date = DAY, accepted: str = "") -> None:
    """A run that writes a table, whatever is in it."""
    run_one(settings, "refresh", run_date, lambda run: written(run, {table: rows}), {accepted} - {""})


def written(run: RunContext, tables: dict[Table, Rows]) -> StageResult:
    """What a stage gives that has written these rows."""
    for table, rows in tables.items():
        run.store.replace(table.name, frame_of(run.spark, table, rows).coalesce(1))
    return looked_at(run, *tables)


def looked_at(run: RunContext, *tables: Table) -> StageResult:
    """What a stage gives whose steps are done or skipped."""
    outputs = heads_of(run, *tables)
    for name, head in outputs.items():
        run.ledger.record(Entry(name, SUCCEEDED, table_id=head.table_id, table_version=head.version))
    return StageResult(outputs)


def heads_of(run: RunContext, *tables: Table) -> dict[str, TableVersion]:
    return {table.name: head for table in tables if (head := run.store.head(table.name)) is not None}


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
    assert text.startswith("silver.orders: total_is_known is not true of 7 of 8 rows (as nl 10; nl 11; nl 12; nl 13; nl 14): ")
    assert "--accept silver.orders:total_is_known" in failure.value.todo
    assert published(lake)["silver.orders"] == seen
    (row,) = lake.read(QUALITY_RESULTS.name).where("status = 'failed'").collect()
    assert (row["check"], row["unexpected"], row["table_rows"], row["table_version"]) == ("total_is_known", 7, 8, 1)
    assert (Path(settings.lake_root) / "_data_docs" / "index.html").is_file()


def test_what_a_failed_run_left_is_judged_again_before_it_is_published(settings: Settings, lake: DeltaStore) -> None:
    with pytest.raises(DataError):
        night(settings, orders.TABLE, [order(1), order(1)])
    with pytest.raises(DataError, match=r"key_stands_once is not true of 1 keys \(as nl 1\): "):
        # As of a step that is skipped: nothing changed since.
        run_one(settings, "refresh", DAY, lambda run: StageResult(heads_of(run, orders.TABLE)))


def test_what_an_operator_accepts_is_published_and_written_down(settings: Settings, lake: DeltaStore) -> None:
    night(settings, orders.TABLE, [order(1), order(2, currency_code="euro")], accepted="silver.orders:currency_is_a_code")
    assert published(lake)["silver.orders"].version == 0
    assert statuses(lake, "currency_is_a_code") == ["accepted"]


def test_an_alarm_publishes_and_is_judged_every_night(
    settings: Settings, lake: DeltaStore, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    night(settings, orders.TABLE, [order(1, created_at=datetime(2026, 11, 1, tzinfo=UTC))])
    run_one(settings, "refresh", date(2026, 11, 9), lambda run: StageResult(heads_of(run, orders.TABLE)))
    assert statuses(lake, "created_at_is_fresh") == ["passed", "failed"]
    assert "silver.orders: created_at_is_fresh is not true of nl, found newest 2026-11-01 00:00:00: " in capsys.readouterr().err


def test_a_table_must_have_rows_unless_it_may_be_empty(settings: Settings, lake: DeltaStore) -> None:
    night(settings, categories.TABLE, [])
    assert statuses(lake, "shop_code_is_known") == ["passed"]
    with pytest.raises(DataError, match="has_rows is not true, found 0: "):
        night(settings, orders.TABLE, [])
    assert statuses(lake, "total_is_known") == ["empty"]


def test_a_table_that_collapses_or_explodes_against_its_own_past_is_not_published(settings: Settings, lake: DeltaStore) -> None:
    """Five runs, of which two found nothing to do: runs count, not versions."""
    for extra in (0, 0, 2):
        night(settings, categories.TABLE, categories_of(1_200 + extra))
    for _ in range(2):
        run_one(settings, "refresh", DAY, lambda run: looked_at(run, categories.TABLE))
    with pytest.raises(DataError, match="volume_is_possible is not true, found 600: "):
        night(settings, categories.TABLE, categories_of(600))
    assert statuses(lake, "volume_is_usual") == ["failed"]
    night(settings, categories.TABLE, categories_of(601))  # half is possible, if unusual
    assert statuses(lake, "volume_is_possible") == ["failed", "passed"]
    assert published(lake)["silver.categories"].version == 4


def test_what_was_unusual_is_told_until_it_is_accepted_and_the_past_begins_anew_with_what_was_impossible(
    settings: Settings, lake: DeltaStore
) -> None:
    for _ in range(5):
        night(settings, categories.TABLE, categories_of(2_000))
    night(settings, categories.TABLE, categories_of(1_500))
    # The table stays as it is, and so does the alarm.
    for accepted in ("", "silver.categories:volume_is_usual", ""):
        run_one(settings, "refresh", DAY, lambda run: looked_at(run, categories.TABLE), {accepted} - {""})
    assert statuses(lake, "volume_is_usual") == ["failed", "failed", "accepted"]
    assert open_incidents(lake) == []
    possible = "silver.categories:volume_is_possible"
    night(settings, categories.TABLE, categories_of(900), accepted=possible)
    # What was accepted is usual: nothing is left to tell of, and half of that is too little again.
    run_one(settings, "refresh", DAY, lambda run: looked_at(run, categories.TABLE))
    assert statuses(lake, "volume_is_usual")[-1] == "failed"  # of the night that was accepted; 900 rows are no table to measure
    assert open_incidents(lake) == []


def test_an_acceptance_in_a_run_that_failed_lets_nothing_pass_later(settings: Settings, lake: DeltaStore) -> None:
    for _ in range(5):
        night(settings, categories.TABLE, categories_of(3_000))
    fewer = {categories.TABLE: categories_of(1_200), orders.TABLE: [order(1, total_amount=None)]}
    with pytest.raises(DataError, match="total_is_known"):
        run_one(settings, "refresh", DAY, lambda run: written(run, fewer), {"silver.categories:volume_is_possible"})
    with pytest.raises(DataError, match="volume_is_possible is not true, found 1200: "):
        run_one(settings, "refresh", DAY, lambda run: looked_at(run, categories.TABLE))
    night(settings, categories.TABLE, categories_of(1_200), accepted="silver.categories:volume_is_possible")
    with pytest.raises(DataError, match="50% and 300% of 1200, the median of the last 5 runs"):
        night(settings, categories.TABLE, categories_of(599))


def test_a_table_of_files_that_lost_all_its_rows_alarms_and_stops_nothing(settings: Settings, lake: DeltaStore) -> None:
    offer = good_row(wholesale_offers.TABLE)
    night(settings, wholesale_offers.TABLE, [offer])
    night(settings, wholesale_offers.TABLE, [])
    assert statuses(lake, "has_rows") == ["failed"]
    assert statuses(lake, "units_per_case_is_positive") == ["passed", "passed"]
    assert published(lake)["silver.wholesale_offers"].version == 1
    assert [record.title.split(":")[1] for record in open_incidents(lake)] == [" has_rows is not true, found 0"]


def test_what_refers_to_a_table_of_files_that_never_came_refers_to_nothing(settings: Settings, lake: DeltaStore) -> None:
    night(settings, app_order_lines.TABLE, [])
    with pytest.raises(DataError, match="order_id_is_one_of_app_orders is not true of 1 of 1 rows"):
        night(settings, app_order_lines.TABLE, [good_row(app_order_lines.TABLE)])


def test_rows_left_out_are_a_verdict_and_an_incident_until_a_build_leaves_out_none(settings: Settings, lake: DeltaStore) -> None:
    """Ten of twenty offers; silver.wholesale_offers tolerates all."""

    def build(broken: int) -> None:
        rows = [{**good_row(wholesale_offers.TABLE), "article_code": f"a{i:02}", "units_per_case": int(i >= broken)} for i in range(20)]

        def act(run: RunContext) -> StageResult:
            loaded = load(run.store, wholesale_offers.TABLE, frame_of(run.spark, wholesale_offers.TABLE, rows), "sync", run.run_id)
            outputs = heads_of(run, wholesale_offers.TABLE)
            head = outputs["silver.wholesale_offers"]
            entry = Entry("silver.wholesale_offers", SUCCEEDED, fingerprint="x", table_id=head.table_id, table_version=head.version)
            run.ledger.record(counted(entry, loaded))
            return StageResult(outputs)

        run_one(settings, "refresh", DAY, act)

    build(10)
    (row,) = lake.read(QUALITY_RESULTS.name).where("status = 'quarantined'").collect()
    keys = [f"wholesaler_a a0{i}" for i in range(5)]
    assert (row["check"], row["unexpected"], json.loads(row["samples"])) == ("units_per_case_is_positive", 10, keys)
    (record,) = open_incidents(lake)
    found = f"10 of 20 rows are in quarantine: units_per_case_is_positive 10 (as {'; '.join(keys)})"
    assert record.title == f"silver.wholesale_offers: {found}"
    build(9)
    (record,) = open_incidents(lake)
    assert (record.event, record.title.split(" (")[0]) == (
        *("repeated", "silver.wholesale_offers: 9 of 20 rows are in quarantine: units_per_case_is_positive 9"),
    )
    build(0)
    assert open_incidents(lake) == []


def test_rows_that_keep_a_table_from_being_written_are_failures_of_their_rules_on_record(settings: Settings, lake: DeltaStore) -> None:
    rows = [order(1), *(order(i, total_amount=None) for i in range(2, 12))]

    def act(run: RunContext) -> None:
        load(run.store, orders.TABLE, frame_of(run.spark, orders.TABLE, rows), "sync", run.run_id)

    with pytest.raises(DataError, match=r"10 of 11 rows break a rule since the last build, more than 50.0%: total_is_known 10 \(as nl 2; "):
        run_one(settings, "refresh", DAY, act)
    columns = ("check", "status", "unexpected", "table_rows", "table_version")
    assert [tuple(row) for row in lake.read(QUALITY_RESULTS.name).select(*columns).collect()] == [("total_is_known", "failed", 10, 11, -1)]
    assert "silver.orders" in (Path(settings.lake_root) / "_data_docs" / "index.html").read_text()


def categories_of(count: int) -> Rows:
    return [category(number) for number in range(count)]

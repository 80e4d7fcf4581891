"""Every check of rows catches the defect planted for it, alone; whole tables, queries, and checks that can't be told."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of
from tests.support.planted import defects, good_row

from lakehouse.checks import Check, checks
from lakehouse.flow import STEPS
from lakehouse.gold import daily_sales
from lakehouse.io.quality.check_answers import Due
from lakehouse.io.quality.data_docs import has_pages, page_of, renew_site, write_site
from lakehouse.io.quality.expectations import ERROR, FAILED, PASSED, CheckOutcome, Judge
from lakehouse.ops.quality_results import QUARANTINED, QualityResult
from lakehouse.silver import categories, order_lines, orders
from lakehouse.sources.woocommerce.people import USERS
from lakehouse.table import Rule, Table, broken_rules

pytestmark = pytest.mark.spark
DAY = date(2026, 11, 2)
TABLES = [step.writes for step in STEPS]


@pytest.fixture(scope="module")
def judge(spark: SparkSession) -> Judge:
    return Judge(spark)


def references_of(spark: SparkSession, table: Table) -> dict[str, DataFrame]:
    """The tables that it refers to, each with the row that its good row names."""
    good, others = good_row(table), {}
    for reference in table.references:
        key = dict(zip(reference.key or reference.columns, (good[name] for name in reference.columns), strict=True))
        others[reference.to.name] = frame_of(spark, reference.to, [{**good_row(reference.to), **key}])
    return others


def verdicts(
    judge: Judge, table: Table, frame: DataFrame, others: dict[str, DataFrame], found: list[Check] | None = None
) -> list[CheckOutcome]:
    ((_, given),) = judge.judge([Due(table, lambda of: frame if of is table else others[of.name], found or checks(table, DAY))])
    return given


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_check_of_rows_has_a_planted_defect_that_breaks_it_and_no_other(table: Table, judge: Judge, spark: SparkSession) -> None:
    planted = defects(table)
    of_rows = [check for check in checks(table, DAY) if check.kind in ("rule", "reference")]
    assert {check.name for check in of_rows} == set(planted)
    frame = frame_of(spark, table, [good_row(table), *planted.values()])

    # Rules send the row to quarantine, under the rule's name alone ...
    broken = [row[0] for row in frame.select(broken_rules(table)).collect()]
    rules = {check.name for check in of_rows if check.kind == "rule"}
    assert broken == [[], *([check] if check in rules else [] for check in planted)]

    # ... and where such rows got into the table after all, each check finds its one row.
    found = verdicts(judge, table, frame, references_of(spark, table), of_rows)
    assert {(verdict.check.name, verdict.status, verdict.unexpected) for verdict in found} == {(c, FAILED, 1) for c in planted}


def test_a_good_row_passes_every_check(judge: Judge, spark: SparkSession) -> None:
    for table in TABLES:
        found = verdicts(judge, table, frame_of(spark, table, [good_row(table)]), references_of(spark, table))
        assert {verdict.status for verdict in found} == {PASSED}, table.name


def test_a_failure_names_up_to_five_keys_and_no_personal_values(judge: Judge, spark: SparkSession) -> None:
    vault = USERS.vault
    assert vault is not None
    rows = [{**good_row(vault), "shop_code": "nl", "id": number, "email": "ann@example.com"} for number in (1, 1, 2, 3)]
    known = [column for column in vault.column_names if column in rows[0]]
    frame = frame_of(spark, vault, [{name: row[name] for name in known} for row in rows])
    (twice,) = [verdict for verdict in verdicts(judge, vault, frame, {}) if verdict.status == FAILED]
    assert (twice.check.name, twice.unexpected, twice.samples) == ("key_stands_once", 1, ("nl 1",))
    assert "ann@example.com" not in str(twice)


def test_a_column_of_another_type_or_missing_fails_its_check(judge: Judge, spark: SparkSession) -> None:
    frame = frame_of(spark, orders.TABLE, [good_row(orders.TABLE)]).withColumn("payment_method", F.lit(1)).drop("paid_at")
    failed = {verdict.check.name: verdict.status for verdict in verdicts(judge, orders.TABLE, frame, {}) if verdict.status != PASSED}
    assert failed == {"payment_method_is_string": FAILED, "paid_at_is_timestamp": ERROR}


def test_a_reference_of_a_missing_column_is_an_error(judge: Judge, spark: SparkSession) -> None:
    table = order_lines.TABLE
    frame = frame_of(spark, table, [good_row(table)]).drop("order_id")
    failed = {v.check.name: v.status for v in verdicts(judge, table, frame, references_of(spark, table)) if v.status != PASSED}
    assert failed == dict.fromkeys(("order_id_is_long", "order_id_is_known", "order_id_is_one_of_orders", "key_stands_once"), ERROR)


def test_a_check_that_cannot_be_told_is_an_error_and_spoils_no_other(judge: Judge, spark: SparkSession) -> None:
    """One is unknown to Spark from the start, one fails at a row: with ANSI SQL a text that is no number."""
    odd = (Rule("nothing_is_known", "no_such_column > 0"), Rule("payment_is_a_number", "int(payment_method) > 0"))
    table = replace(orders.TABLE, rules=(*odd, Rule("status_is_short", "length(status) < 3")))
    row = {**good_row(table), "payment_method": "a secret text"}
    found = verdicts(judge, table, frame_of(spark, table, [row]), {})
    assert {v.check.name: v.status for v in found if v.status != PASSED} == {"nothing_is_known": ERROR, "payment_is_a_number": ERROR}
    assert "a secret text" not in str(found)


def test_a_table_without_rows_fails_and_an_old_one_alarms(judge: Judge, spark: SparkSession) -> None:
    (empty,) = [v for v in verdicts(judge, orders.TABLE, frame_of(spark, orders.TABLE, []), {}) if v.check.name == "has_rows"]
    assert (empty.status, empty.observed) == (FAILED, "0")
    frame = frame_of(spark, orders.TABLE, [{**good_row(orders.TABLE), "created_at": datetime(2026, 10, 30, 23, tzinfo=UTC)}])
    (old,) = [v for v in verdicts(judge, orders.TABLE, frame, {}) if v.status != PASSED]
    assert (old.check.name, old.check.severity) == ("created_at_is_fresh", "warning")
    assert (old.samples, old.observed) == (("x",), "newest 2026-10-30 23:00:00")


def test_an_old_shop_alarms_whatever_others_have_and_what_is_dated_ahead_does_not_hide_it(judge: Judge, spark: SparkSession) -> None:
    """As of November 2: `be` is three days old, `de` too but for an order of 2099, which alarms by itself; `nl` is of the day before."""
    days = {("nl", 1): datetime(2026, 11, 1, 9), ("be", 2): datetime(2026, 10, 30, 9), ("de", 3): datetime(2026, 10, 30, 10)}
    days |= {("de", 4): datetime(2099, 1, 1), ("nl", 5): datetime(2026, 11, 2, 23)}
    rows = [{"shop_code": shop, "order_id": number, "created_at": at.replace(tzinfo=UTC)} for (shop, number), at in days.items()]
    rows = [{**good_row(orders.TABLE), **row, "is_misdated": row["order_id"] == 4} for row in rows]
    frame = frame_of(spark, orders.TABLE, rows)
    found = {v.check.name: (v.samples, v.observed) for v in verdicts(judge, orders.TABLE, frame, {}) if v.status != PASSED}
    assert found == {
        "created_at_is_fresh": (("be", "de"), "newest 2026-10-30 09:00:00; newest 2026-10-30 10:00:00"),
        "dates_are_possible": (("de 4",), "created_at 2099-01-01 00:00:00"),
    }


def daily(spark: SparkSession, revenues: dict[int, int], sales: int = 100) -> DataFrame:
    """Day of November → revenue of that day, in one shop and currency."""
    base = {**good_row(daily_sales.TABLE), "shop_code": "nl", "currency_code": "EUR", "customer_count": 1, "transaction_count": sales}
    days = [{**base, "sales_date": date(2026, 11, day), "revenue_amount": Decimal(revenue)} for day, revenue in revenues.items()]
    return frame_of(spark, daily_sales.TABLE, days)


@pytest.mark.parametrize(
    ("yesterday", "sales", "alarmed"),
    [(1_490, 100, []), (510, 100, []), (1_510, 100, ["day", "week"]), (490, 100, ["day", "week"]), (490, 29, [])],
)
def test_a_day_whose_revenue_is_half_or_more_off_its_weekday_alarms_where_sales_are_many(
    judge: Judge, spark: SparkSession, yesterday: int, sales: int, alarmed: list[str]
) -> None:
    """The same weekday four times before: 900, 1,000, 1,000, 1,100. Median 1,000; no other day has sales, so the weeks are as the days."""
    frame = daily(spark, {1: 900, 8: 1_000, 15: 1_000, 22: 1_100, 29: yesterday}, sales)
    only = [check for check in checks(daily_sales.TABLE, date(2026, 11, 30)) if check.kind == "unusual"]
    found = [v for v in verdicts(judge, daily_sales.TABLE, frame, {}, only) if v.status == FAILED]
    assert [v.check.name for v in found] == [f"revenue_of_the_{name}_is_usual" for name in alarmed]
    assert [v.unexpected for v in found] == [1] * len(alarmed)


def test_a_week_whose_revenue_is_half_off_the_four_before_alarms(judge: Judge, spark: SparkSession) -> None:
    """Four weeks of one sales day with 1,000 each, then a week of which every day is small: 7 x 60 = 420."""
    weeks = {1: 1_000, 8: 1_000, 15: 1_000, 22: 1_000}
    frame = daily(spark, {**weeks, **dict.fromkeys(range(24, 31), 60)})
    only = [check for check in checks(daily_sales.TABLE, date(2026, 12, 1)) if check.name == "revenue_of_the_week_is_usual"]
    (week,) = verdicts(judge, daily_sales.TABLE, frame, {}, only)
    assert (week.status, week.samples, week.observed) == (FAILED, ("nl EUR",), "revenue 420.00, usual 1000.00")


def test_data_docs_show_every_table_and_what_is_wrong_with_it(tmp_path: Path, judge: Judge, spark: SparkSession) -> None:
    bad = {**good_row(orders.TABLE), "shop_code": "nl", "order_id": 17, "total_amount": None}
    results = []
    for v in verdicts(judge, orders.TABLE, frame_of(spark, orders.TABLE, [good_row(orders.TABLE), bad]), {}):
        results.append(
            QualityResult(
                run_id="20261102T010101-abcdef",
                table_name="silver.orders",
                table_id="id",
                table_version=3,
                check=v.check.name,
                kind=v.check.kind,
                severity=v.check.severity,
                meaning=v.check.meaning,
                status=QUARANTINED if v.check.name == "status_is_known" else v.status,
                table_rows=2,
                unexpected=v.unexpected,
                observed=v.observed,
                samples=json.dumps(v.samples),
                expectation=v.expectation,
                checked_at=datetime(2026, 11, 2, 1, tzinfo=UTC),
            )
        )
    write_site(results, tmp_path / "site")
    assert has_pages(tmp_path / "site", results)
    (page,) = (tmp_path / "site" / "validations").rglob("*.html")
    front = re.sub("<script.*?</script>", "", (tmp_path / "site" / "index.html").read_text(), flags=re.DOTALL)
    assert "silver.orders: total_is_known is not true of 1 of 2 rows (as nl 17): total_amount is not null" in front
    assert f'href="{page.relative_to(tmp_path / "site")}"' in front
    text = page.read_text()
    assert "total_is_known: total_amount is not null" in text
    assert "left out of the table, in quarantine" in text
    assert "nl 17" in text


def test_only_pages_of_tables_that_were_judged_anew_are_drawn_and_their_old_ones_go(
    tmp_path: Path, judge: Judge, spark: SparkSession
) -> None:
    def results(run_id: str, day: int, *tables: Table) -> list[QualityResult]:
        found = []
        for table in tables:
            for v in verdicts(judge, table, frame_of(spark, table, [good_row(table)]), references_of(spark, table)):
                of_check = (v.check.name, v.check.kind, v.check.severity, v.check.meaning, v.status)
                checked_at = datetime(2026, 11, day, 1, tzinfo=UTC)
                found.append(QualityResult(run_id, table.name, "id", day, *of_check, 1, None, "", "[]", v.expectation, checked_at))
        return found

    site, categories_table = tmp_path / "site", categories.TABLE
    before = results("20261102T010101-abcdef", 2, categories_table, orders.TABLE)
    write_site(before, site)
    now = [*before[: len(checks(categories_table, DAY))], *results("20261103T010101-abcdef", 3, orders.TABLE)]
    assert not has_pages(site, now)
    write_site(now, tmp_path / "new", {"silver.orders"})
    renew_site(tmp_path / "new", site, now)
    pages = {page.relative_to(site).as_posix() for page in (site / "validations").rglob("*.html")}
    assert pages == {page_of(result) for result in now}
    front = (site / "index.html").read_text()
    assert all(f'href="{page}"' in front for page in pages)
    assert not list(site.glob(".*"))

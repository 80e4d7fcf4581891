"""The front of Data Docs."""

import re
from datetime import UTC, datetime
from html import unescape

from lakehouse.io.quality.front_page import front_page
from lakehouse.ops.quality_results import EMPTY, FAILED, PASSED, QUARANTINED, QualityResult

ONE = QualityResult(
    run_id="r7",
    table_name="silver.orders",
    table_id="id",
    table_version=3,
    check="status_is_known",
    kind="rule",
    severity="critical",
    meaning="status <> ''",
    status=PASSED,
    table_rows=12,
    unexpected=None,
    observed="",
    samples="[]",
    expectation="{}",
    checked_at=datetime(2026, 11, 2, 1, 5, tzinfo=UTC),
)
PAGES = {"silver.orders": "validations/o.html", "gold.daily_sales": "validations/d.html"}


def result(**values: object) -> QualityResult:
    return QualityResult(**{**vars(ONE), **values})


def lines(page: str) -> list[str]:
    """The text of each heading and row, cells apart by |."""
    found = re.findall(r"<h[12]>(.*?)</h[12]>|<tr>(.*?)</tr>", page)
    return [
        heading or " | ".join(unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<t[hd]>(.*?)</t[hd]>", row))
        for heading, row in found
    ]


def test_what_is_not_true_comes_first_critical_before_alarms_and_says_what_to_do() -> None:
    unusual = result(
        table_name="gold.daily_sales",
        check="revenue_of_the_day_is_usual",
        kind="unusual",
        severity="warning",
        meaning="within 50 %",
        status=FAILED,
        unexpected=1,
        observed="revenue 4.90, usual 10.00",
        samples='["nl EUR"]',
    )
    found = lines(front_page([unusual, ONE, result(check="total_is_known", status=EMPTY)], PAGES))
    assert found == [
        "Not true: 2 of 3 checks",
        "severity | what is not true | what to do | run",
        "critical | silver.orders: total_is_known saw no rows | its run published nothing; mend the source or the rule and run again | r7",
        "warning | gold.daily_sales: revenue_of_the_day_is_usual is not true of nl EUR, found revenue 4.90, usual 10.00: within 50 %"
        " | look whether it is so; if it is right, run again with --accept gold.daily_sales:revenue_of_the_day_is_usual | r7",
        "Tables",
        "table | version | judged | run | checks | not true | rows in quarantine",
        "gold.daily_sales | 3 | 2026-11-02 01:05 UTC | r7 | 1 | 1 | ",
        "silver.orders | 3 | 2026-11-02 01:05 UTC | r7 | 2 | 1 | ",
    ]


def test_rows_in_quarantine_are_good_and_counted_and_a_table_that_was_refused_has_no_version() -> None:
    found = lines(front_page([ONE, result(check="total_is_known", status=QUARANTINED, unexpected=4, table_version=3)], PAGES))
    assert (found[0], found[-1]) == ("Every check is true", "silver.orders | 3 | 2026-11-02 01:05 UTC | r7 | 2 | 0 | total_is_known 4")
    refused = front_page([result(status=FAILED, table_version=-1, unexpected=5)], PAGES)
    assert lines(refused)[-1] == "silver.orders | not written | 2026-11-02 01:05 UTC | r7 | 1 | 1 | "


def test_a_rule_with_signs_of_html_is_shown_as_it_is_written() -> None:
    page = front_page([result(status=FAILED, unexpected=1, samples='["<b>"]')], PAGES)
    assert "status &lt;&gt; " in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_each_table_leads_to_the_page_of_its_verdict() -> None:
    assert '<a href="validations/o.html">silver.orders</a>' in front_page([ONE], PAGES)

"""What senders are told."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lakehouse.bronze.feed_file import FileReadResult, Origin, read_file
from lakehouse.bronze.feed_reply import reply, template, unknown_file
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.mobile_app import USERS

ORIGIN = Origin(date(2026, 11, 17), "app_users_20261117.csv", datetime(2026, 11, 18, 4, tzinfo=UTC))
HEADER = ",".join(field.name for field in USERS.fields) + ",points/level\n"
GOOD = "u{},anna@mail.example,,Anna,,NL,2026-01-01T00:00:00Z,,1,,2026-11-17T00:00:00Z,\n"


@pytest.fixture
def found(tmp_path: Path) -> FileReadResult:
    rows = [GOOD.format(i) for i in range(5)]
    rows[1] = rows[1].replace("2026-11-17T00:00:00Z", "17.11.2026")
    rows[2] = rows[2].replace(",NL,", ",Holland,")
    rows[3] = rows[3].replace("2026-11-17T00:00:00Z", "yesterday")
    return read_file(io.BytesIO((HEADER + "".join(rows)).encode()), USERS, ORIGIN, tmp_path)


def test_it_says_which_rows_are_wrong_how_often_and_what_to_do(found: FileReadResult) -> None:
    text = reply(USERS, "app_users_20261117.csv", found, "", is_used=False)
    assert text.startswith("# app_users_20261117.csv: we did not use this file, 3 of 5 rows could not be read\n")
    assert "more than 0.1% of its rows are wrong" in text
    lines = text.splitlines()
    date = next(i for i, line in enumerate(lines) if line.startswith("| updated_at | it is not a date"))
    assert lines[date].endswith("hour:minute:second, Z (UTC) | 2 | 3, 5 |")
    assert "| 99.99.9999 | date and time written as" in lines[date]
    assert (
        lines[date + 1]
        == "| country | it is none of the values that are expected | aaaaaaa | the two letters of a country (ISO 3166-1) | 1 | 4 |"
    )


def test_it_names_columns_that_came_and_went(found: FileReadResult, tmp_path: Path) -> None:
    assert "did not read: points/level (column 12)" in reply(USERS, "app_users_20261117.csv", found, "", is_used=True)
    without = (HEADER.replace("phone,", "").replace(",points/level", "") + GOOD.replace(",,Anna", ",Anna").replace("Z,\n", "Z\n")).format(1)
    found = read_file(io.BytesIO(without.encode()), USERS, ORIGIN, tmp_path / "without")
    assert found.rows_rejected == 0
    assert "taken as empty: phone" in reply(USERS, "app_users_20261117.csv", found, "", is_used=True)


@pytest.mark.parametrize(
    "header",
    [
        HEADER.replace("\n", " ") + GOOD,  # the line end after it is lost
        HEADER.replace("points/level\n", '"points\n') + GOOD,  # a quote that nobody closes
        HEADER.replace("points/level", "anna@mail.example"),
    ],
)
def test_what_slipped_into_the_header_line_is_not_repeated(header: str, tmp_path: Path) -> None:
    data = (header + GOOD * 3).replace("{}", "1")
    found = read_file(io.BytesIO(data.encode()), USERS, ORIGIN, tmp_path)
    text = reply(USERS, "app_users_20261117.csv", found, found.refused, is_used=not found.refused)
    assert "a column whose name we do not repeat (column 12)" in text
    assert "anna@" not in text and "Anna" not in text


def test_no_value_of_the_file_stands_in_it(found: FileReadResult) -> None:
    text = reply(USERS, "app_users_20261117.csv", found, "", is_used=False)
    assert not [value for value in ("anna@", "Anna", "Holland", "yesterday", "17.11.2026") if value in text]


def test_a_file_that_could_not_be_used_gets_the_reason_and_the_contract(tmp_path: Path) -> None:
    found = read_file(io.BytesIO(HEADER.encode() + b'"'), USERS, ORIGIN, tmp_path)
    text = reply(USERS, "app_users_20261117.csv", found, found.refused, is_used=False)
    assert "because a quote is opened and never closed." in text
    assert "| email | no | text of at most 320 characters | name@mail.example |" in text


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)
def test_a_template_is_a_file_without_an_error(feed: Feed, tmp_path: Path) -> None:
    found = read_file(io.BytesIO(template(feed)), feed, ORIGIN, tmp_path)
    assert not found.refused
    assert (found.rows_read, found.rows_rejected, found.unknown_columns, found.absent_columns) == (1, 0, [], [])


def test_values_of_a_file_without_a_header_line_do_not_stand_in_it(tmp_path: Path) -> None:
    found = read_file(io.BytesIO(GOOD.format(1).encode()), USERS, ORIGIN, tmp_path)
    text = reply(USERS, "app_users_20261117.csv", found, found.refused, is_used=False)
    assert "the first line may be no header line at all" in text
    assert "anna@" not in text and "Anna" not in text


def test_a_file_of_an_unknown_name_gets_the_names_that_are_expected() -> None:
    text = unknown_file("wholesaler_b", "Angebote|neu.xls", "", FEEDS)
    assert text.startswith("# Angebote\\|neu.xls: we do not know what this file is")
    assert "- `offers-2026-11-17.csv`: one article of wholesaler_b" in text
    assert "preisliste" not in text
    assert "because it is a link" in unknown_file("wholesaler_b", "offers-2026-11-17.csv", "it is a link", FEEDS)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)
def test_a_name_has_its_day(feed: Feed) -> None:
    assert feed.day_of(feed.name_on(date(2026, 2, 28))) == date(2026, 2, 28)

"""What makes two incidents the same, and what they say."""

from datetime import UTC, datetime

import pytest

from lakehouse.errors import DataError, LakehouseError, SourceAwayError, WriteError
from lakehouse.incident import TODO, failed, without_end


def key(error: BaseException, command: str = "night", step: str = "ingest") -> str:
    return failed(error, command, step, {}).key


def test_a_failed_run_says_where_why_and_what_to_do() -> None:
    found = failed(
        SourceAwayError("shop nl: db:3306 does not answer", "try again later"), "night", "ingest", {"run again": "lakehouse night"}
    )
    assert found.key.startswith("run:night:ingest:69:")
    assert (found.severity, found.step, found.todo) == ("critical", "ingest", "try again later")
    assert found.title == "night failed at ingest (error 69): shop nl: db:3306 does not answer"
    assert found.details == {"exit code": "69", "run again": "lakehouse night"}


def test_a_failure_without_an_advice_of_its_own_has_that_of_its_exit_code() -> None:
    assert failed(WriteError("cannot write /lake"), "score", "", {}).todo == TODO[73]
    assert failed(WriteError("cannot write /lake"), "score", "", {}).title == "score failed (error 73): cannot write /lake"


def test_the_message_of_an_error_that_is_not_ours_is_not_repeated() -> None:
    found = failed(ValueError("anna@mail.example"), "night", "silver.orders", {})
    assert found.title == "night failed at silver.orders (error 70): unexpected ValueError"
    assert "anna" not in str(found)
    assert failed(KeyboardInterrupt(), "night", "", {}).title == "night failed (error 70): interrupted"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders: 120 of 300 rows are gone", "orders: 7 of 1,299 rows are gone"),
        ("10.0.0.1:3306 does not answer", "10.0.0.2:3307 does not answer"),
        ("cannot write /out/email/2026-11-17", "cannot write /out/email/2026-11-18"),
        ("rule r, keys 7f3a9b20c1d4e5f60718", "rule r, keys 0123456789abcdef0123"),
        ("app_users_20261117.csv is empty", "app_users_20261118.csv is empty"),
    ],
)
def test_numbers_days_and_pseudonyms_make_no_other_incident(one: str, other: str) -> None:
    assert key(DataError(one)) == key(DataError(other))


def test_another_reason_step_command_or_code_is_another_incident() -> None:
    others = [
        key(DataError("a column is gone")),
        key(DataError("a table is gone")),
        key(DataError("shop nl2 differs")),
        key(DataError("shop nl3 differs")),
        key(SourceAwayError("a column is gone")),
        key(DataError("a column is gone"), step="silver.orders"),
        key(DataError("a column is gone"), command="ingest"),
        key(LakehouseError("a column is gone")),
    ]
    assert len(set(others)) == len(others)


def test_a_run_without_an_end_says_when_it_began() -> None:
    found = without_end("night", datetime(2026, 11, 18, 2, 30, tzinfo=UTC), {})
    assert (found.key, found.severity) == ("run:night:no end recorded", "critical")
    assert found.title == "night, started 2026-11-18 02:30 UTC, was killed or could not record its end"

"""What stands around the commands: the version, completion, and what is said about a format that is none."""

import csv
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from lakehouse.cli import main
from lakehouse.flow import STEPS
from lakehouse.silver import refunds


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"{version('lakehouse')}\n"


@pytest.mark.parametrize(("typed", "told"), [("ni", ["night"]), ("flow --format ", ["table", "csv", "json"])])
def test_a_shell_is_told_how_a_command_goes_on(typed: str, told: list[str]) -> None:
    words = f"lakehouse {typed}"
    asked = {"_LAKEHOUSE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = Path(sys.executable).with_name("lakehouse")
    found = subprocess.run([command], env={**os.environ, **asked}, check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout.split() == told


@pytest.mark.parametrize(
    "command",
    [
        *("tables", "feeds", "flow", "plan", "doctor", "describe silver.orders", "quarantine show", "models list", "models show 1"),
        *("campaigns list", "campaigns show email", "campaigns results", "rules test", 'sql "select 1"'),
    ],
)
def test_what_lists_has_one_option_for_its_format_and_another_one_is_an_error_of_usage(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*shlex.split(command), "--format", "xml"])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "") and "'xml' is not one of 'table', 'csv', 'json'" in err


@pytest.mark.parametrize("command", [["status"], ["lineage", "silver.orders"], ["why", "c" * 64]])
def test_what_tells_in_words_or_as_one_object_takes_no_other_format(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*command, "--format", "csv"])
    assert stop.value.code == 2 and "'csv' is not one of 'text', 'json'" in capsys.readouterr().err


def test_the_flow_is_a_row_for_each_table_that_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    main(["flow", "--format", "json"])
    rows = {row["table"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["silver.refunds"] == {
        "table": "silver.refunds",
        "written": "sync by order",
        "made_from": "bronze.woo__orders, bronze.woo__order_operational_data, silver.orders",
    }
    assert {step.name for step in STEPS} < rows.keys()


def test_a_table_is_described_by_a_row_for_each_column(capsys: pytest.CaptureFixture[str]) -> None:
    main(["describe", "silver.refunds", "--format", "csv"])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["column"] for row in rows] == refunds.TABLE.column_names
    assert [row["column"] for row in rows if row["is_key"] == "True"] == ["shop_code", "refund_id"]
    assert {row["personal"] for row in rows} == {""}
    main(["describe", "--all", "--format", "json"])
    every = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"table": "vault.woo__users", "column": "user_email", "personal": "email"}.items() <= next(
        row for row in every if (row["table"], row["column"]) == ("vault.woo__users", "user_email")
    ).items()


def test_an_audience_for_what_is_no_country_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["audience", "nl-12", "--country", "nl", "--country", "Belgium"])
    assert stop.value.code == 2
    assert "BELGIUM is no country -> give two letters of ISO 3166-1, as NL" in capsys.readouterr().err


def test_an_audience_is_asked_for_with_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def run_task(command: str, env: str, task: Callable[[object], object], run_date: object) -> str:
        asked.extend([command, env, task("the run")])
        return "a pack"

    monkeypatch.setattr("lakehouse.cli.audience.run_task", run_task)
    monkeypatch.setattr("lakehouse.stages.audience.audience.audience", lambda *given: given)
    main(["audience", "COFFEE", "-n", "5", "--country", "be", "--campaign", "push", "--env", "prod"])
    assert asked == ["audience", "prod", ("the run", "COFFEE", 5, ["BE"], "push")]

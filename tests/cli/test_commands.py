"""What stands around the commands: the version, completion, and what is said about a format that is none."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from lakehouse.cli import main


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"{version('lakehouse')}\n"


def test_a_shell_is_told_how_a_command_goes_on() -> None:
    asked = {"_LAKEHOUSE_COMPLETE": "complete_bash", "COMP_WORDS": "lakehouse ni", "COMP_CWORD": "1"}
    command = Path(sys.executable).with_name("lakehouse")
    found = subprocess.run([command], env={**os.environ, **asked}, check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout == "night\n"


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

"""What stands around the commands: the version, completion, and what is said about a format that is none."""

import os
import subprocess
import sys
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

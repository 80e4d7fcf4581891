"""Terraform's own words on infra/terraform, where the program and the provider are at hand; what needs neither is in the other tests."""

from pathlib import Path

import pytest
from tests.support.terraform import FOLDER, prepared, terraform


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which Terraform has its provider."""
    copy = tmp_path_factory.mktemp("infra") / "terraform"
    if missing := prepared(copy):
        pytest.skip(missing)
    return copy


def test_terraform_finds_the_files_well_formed(folder: Path) -> None:
    done = terraform(folder, "fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


def test_terraform_finds_the_files_valid(folder: Path) -> None:
    done = terraform(folder, "validate", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in (FOLDER / "tests").glob("*.tftest.hcl")))
def test_what_would_be_made_is_as_the_tests_of_terraform_say(folder: Path, name: str) -> None:
    done = terraform(folder, "test", "-no-color", f"-filter=tests/{name}")
    assert done.returncode == 0 and "0 failed" in done.stdout, done.stdout + done.stderr

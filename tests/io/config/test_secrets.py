"""Secrets by reference."""

from pathlib import Path

import pytest

from lakehouse.errors import AccessError, ConfigError
from lakehouse.io.config.secrets import resolve


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "a:b = c")
    assert resolve("env:SHOP_PASSWORD") == "a:b = c"


def test_a_file_is_read_without_the_line_end_that_editors_add(tmp_path: Path) -> None:
    path = tmp_path / "with:colon"
    path.write_text("s3cret ü\n", encoding="utf-8")
    assert resolve(f"file:{path}") == "s3cret ü"


def test_a_variable_that_is_not_set_is_no_access(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(AccessError, match="SHOP_PASSWORD") as caught:
        resolve("env:SHOP_PASSWORD")
    assert caught.value.exit_code == 77


def test_a_file_that_cannot_be_read_is_no_access(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(AccessError, match=str(path)) as caught:
            resolve(f"file:{path}")
        assert caught.value.exit_code == 77


def test_the_end_of_a_line_is_no_part_of_a_secret_wherever_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores of secrets are filled from files, and give what those held to the run as a variable."""
    (tmp_path / "password").write_text("a:b = c\n")
    monkeypatch.setenv("SHOP_PASSWORD", "a:b = c\n")
    assert resolve("env:SHOP_PASSWORD") == resolve(f"file:{tmp_path / 'password'}") == "a:b = c"


@pytest.mark.parametrize("text", ["hunter2", "hunter2:x", "ENV:hunter2", "env:", "file:", ""])
def test_what_is_no_reference_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(text)
    assert caught.value.exit_code == 2
    assert "hunter2" not in f"{caught.value} {caught.value.todo}"

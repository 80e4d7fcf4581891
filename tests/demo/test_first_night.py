"""What README.md names in one breath works in that order: a demo shop is made, and a night finds it, its reader and the password."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.cli import main

SMALL = ["--customers", "20", "--products", "20", "--days", "30"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where commands are typed; the shop's database is stopped at the end."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    main(["demo", "stop"])


@pytest.mark.database
def test_after_a_legacy_shop_is_made_a_night_would_read_it_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["demo", "shop", "--store", "legacy", *SMALL])
    said = capsys.readouterr().out
    assert "read it: .venv/bin/lakehouse night --env demo" in said
    password = folder / ".demo" / "reader_password"
    assert (password.stat().st_mode & 0o777, len(password.read_text())) == (0o600, 32)
    # Only where another program has the port that conf/local.yaml names.
    for name, value in re.findall(r"(LAKEHOUSE_\w+)=(\S+)", said):
        monkeypatch.setenv(name, value)
    for env in ("local", "demo"):
        main(["plan", "--env", env, "--format", "json"])
        steps, beside = capsys.readouterr()
        assert "blocks\n  nothing" in beside and re.search(r"nl +all orders: it was never read", beside)
        assert {json.loads(line)["step"] for line in steps.splitlines()} >= {"silver.orders", "recommendations.customer_products"}

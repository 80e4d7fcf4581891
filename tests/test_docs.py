"""The pages name what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# As `runs/audit.py`, and `ops/packs.py: REASONS` with a name in that module. A path begins at the repository or at the package.
NAMED = re.compile(r"`([\w-]+/[\w/-]+\.py)(?:: (\w+))?`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    assert [named[0] for named in NAMED.finditer(page.read_text(encoding="utf-8")) if not is_there(*named.groups())] == []


def is_there(path: str, name: str | None) -> bool:
    found = [file for file in (ROOT / path, ROOT / "src" / "lakehouse" / path) if file.is_file()]
    return bool(found) and (name is None or re.search(rf"\b{name}\b", found[0].read_text(encoding="utf-8")) is not None)

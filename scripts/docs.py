"""Writes what the docs hold of the declarations: docs/data-dictionary.md, and the flow in docs/architecture.md."""

import re
from pathlib import Path

from lakehouse.inspect.dictionary import every_table, flow_page

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    write(DOCS / "data-dictionary.md", every_table() + "\n")
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    write(DOCS / "architecture.md", with_flow(page, flow_page()))


def with_flow(page: str, flow: str) -> str:
    """The page with the flow in its block, which begins with the names of its columns."""
    found, count = re.subn(r"(?<=^```text\n)table +written .*?(?=^```$)", lambda _: flow + "\n", page, flags=re.DOTALL | re.MULTILINE)
    assert count == 1, "docs/architecture.md has no block of the flow"
    return found


def write(path: Path, text: str) -> None:
    """All or nothing."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    main()

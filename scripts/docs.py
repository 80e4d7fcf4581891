"""Writes what follows from the declarations: docs/data-dictionary.md, the flow in docs/architecture.md, and the launchers in jobs/."""

import re
from pathlib import Path

from lakehouse.inspect.dictionary import every_table, flow_page
from lakehouse.night import SCHEDULED

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LAUNCHER = '''"""spark-submit launcher of `lakehouse {name}`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["{name}", *sys.argv[1:]])
'''


def main() -> None:
    write(DOCS / "data-dictionary.md", every_table() + "\n")
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    write(DOCS / "architecture.md", with_flow(page, flow_page()))
    for name in SCHEDULED:
        write(ROOT / "jobs" / f"{name}.py", LAUNCHER.format(name=name))


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

"""`lakehouse rules test`: do the rules of each file what its golden cases say?"""

from collections.abc import Sequence
from dataclasses import dataclass

from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.recommend.lists.tried_case import tried
from lakehouse.recommend.rules.declared_rules import read_rule_files
from lakehouse.recommend.rules.rule_set import RuleFile, Rules


@dataclass(frozen=True)
class TriedCase:
    """A golden case beside what the rules of its file give: ids of products, in their order."""

    name: str
    expected: Sequence[int]
    given: Sequence[int]

    @property
    def holds(self) -> bool:
        """Whether the rules give the expected products in the expected order."""
        return list(self.expected) == list(self.given)


def try_cases() -> tuple[list[TriedCase], str]:
    """All cases, and a sentence that counts them. ConfigError (2) if a file is wrong."""
    files = read_rule_files()
    cases = [case for name, file in files.items() for case in _tried(name, file)]
    rules = sum(len(file.rules) for file in files.values())
    return cases, f"{rules} rules in {len(files)} files; {sum(case.holds for case in cases)} of {len(cases)} golden cases hold"


def as_text(cases: Sequence[TriedCase], output: RowFormat) -> str:
    """A row for each case."""
    rows = [["ok" if case.holds else "fails", case.name, _ids(case.expected), _ids(case.given)] for case in cases]
    return as_rows(["state", "case", "expected", "given"], rows, output)


def _tried(name: str, file: RuleFile) -> list[TriedCase]:
    return [TriedCase(f"{name}.{case.name}", case.expect, tried(case, Rules(file.rules))) for case in file.cases]


def _ids(products: Sequence[int]) -> str:
    return ", ".join(map(str, products)) or "nothing"

"""`lakehouse rules test`: do the rules of each file what its golden cases say?"""

from collections.abc import Sequence

from lakehouse.recommend.lists.tried_case import tried
from lakehouse.recommend.rules.declared_rules import read_rule_files
from lakehouse.recommend.rules.rule_set import RuleFile, Rules


def try_cases() -> tuple[list[str], int]:
    """A line for each case and one for all, and how many cases fail. ConfigError (2) if a file is wrong."""
    files = read_rule_files()
    found = [line for name, file in files.items() for line in _lines(name, file)]
    failed = sum(not is_good for _, is_good in found)
    rules = sum(len(file.rules) for file in files.values())
    return [
        *(line for line, _ in found),
        f"{rules} rules in {len(files)} files; {len(found) - failed} of {len(found)} golden cases hold",
    ], failed


def _lines(name: str, file: RuleFile) -> list[tuple[str, bool]]:
    lines = []
    for case in file.cases:
        given = tried(case, Rules(file.rules))
        is_good = given == list(case.expect)
        but = "" if is_good else f": expected {_ids(case.expect)}, the rules give {_ids(given)}"
        lines.append((f"{'ok' if is_good else 'fails'}  {name}.{case.name}{but}", is_good))
    return lines


def _ids(products: Sequence[int]) -> str:
    return ", ".join(map(str, products)) or "nothing"

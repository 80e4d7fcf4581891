"""What must hold of a table before it is published, from its declaration: of each row, of the whole, against its own past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from lakehouse.table import Table, row_rules

CRITICAL, ALARM = "critical", "alarm"
Kind = Literal["rows", "type", "rule", "reference", "key", "freshness", "unusual"]

HAS_ROWS, VOLUME = "has_rows", "volume_is_possible"
# The past says something from five versions on, and of tables that are not small.
RUNS_AT_LEAST, ROWS_ABOVE = 5, 1_000
POSSIBLE = (0.5, 3.0)
# A median absolute deviation is 1 / 1.4826 standard deviations of normal values (Rousseeuw and Croux 1993); five of those are unusual.
USUAL_DEVIATIONS, DEVIATION, LEAST_SHARE = 5, 1.4826, 0.05


@dataclass(frozen=True)
class Check:
    """A sentence that is true for a good table. A critical one that is not true publishes nothing; an alarm tells somebody.

    `meaning` is the sentence as SQL or in words. Of kind `rows` low and high bound the number of rows, of `freshness` low is the
    oldest newest value. `columns` are those that it looks at.
    """

    name: str
    kind: Kind
    severity: str
    meaning: str
    columns: tuple[str, ...] = ()
    low: int | date | None = None
    high: int | None = None
    query: str = ""


def checks(table: Table, run_date: date, rows_before: Sequence[int] = ()) -> list[Check]:
    """All checks of the table as of a run date. `rows_before` are the rows of its versions that were published, the latest ones."""
    found = [] if table.may_be_empty or table.may_be_missing else [Check(HAS_ROWS, "rows", CRITICAL, "the table has rows", low=1)]
    found += _volume(rows_before)
    found += [Check(f"{c.name}_is_{c.type.typeName()}", "type", CRITICAL, c.type.simpleString(), (c.name,)) for c in table.columns]
    found += [Check(rule.name, "rule", CRITICAL, rule.condition) for rule in row_rules(table)]
    found += [
        Check(r.name, "reference", CRITICAL, f"{', '.join(r.columns)} stand in {r.to.name} or are null", r.columns)
        for r in table.references
    ]
    key = ", ".join(f"`{name}`" for name in table.key)
    twice = f"SELECT {key} FROM {{batch}} GROUP BY {key} HAVING count(*) > 1"
    found.append(Check("key_stands_once", "key", CRITICAL, f"no two rows have the same {', '.join(table.key)}", table.key, query=twice))
    if table.freshness:
        column, days = table.freshness.column, table.freshness.days
        meaning = f"the newest {column} is at most {days} days before the run date"
        found.append(Check(f"{column}_is_fresh", "freshness", ALARM, meaning, (column,), low=run_date - timedelta(days)))
    dated = [(alarm, alarm.query.replace("{run_date}", run_date.isoformat())) for alarm in table.alarms]
    return found + [Check(alarm.name, "unusual", ALARM, alarm.meaning, query=query) for alarm, query in dated]


def is_dated(table: Table) -> bool:
    """Whether the verdict depends on the day: such a table is judged in every run, also when nothing changed."""
    return table.freshness is not None or bool(table.alarms)


def _volume(rows_before: Sequence[int]) -> list[Check]:
    if len(rows_before) < RUNS_AT_LEAST or median(rows_before) <= ROWS_ABOVE:
        return []
    middle = median(rows_before)
    spread = max(USUAL_DEVIATIONS * DEVIATION * median(abs(rows - middle) for rows in rows_before), LEAST_SHARE * middle)
    least, most = (round(share * middle) for share in POSSIBLE)
    of = f"of {round(middle)}, the median of the last {len(rows_before)} published versions"
    return [
        Check(VOLUME, "rows", CRITICAL, f"rows are between {POSSIBLE[0]:.0%} and {POSSIBLE[1]:.0%} {of}", low=least, high=most),
        Check(
            "volume_is_usual",
            "rows",
            ALARM,
            f"rows are within {USUAL_DEVIATIONS} deviations (at least {LEAST_SHARE:.0%}) {of}",
            low=max(least, round(middle - spread)),
            high=min(most, round(middle + spread)),
        ),
    ]

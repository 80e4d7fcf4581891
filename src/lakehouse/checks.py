"""What must hold of a table before it is published, from its declaration: of each row, of the whole, against its own past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from lakehouse.incident import CRITICAL, WARNING, Severity
from lakehouse.table import Freshness, Table, row_rules

Kind = Literal["rows", "type", "rule", "reference", "key", "freshness", "unusual"]

HAS_ROWS, VOLUME = "has_rows", "volume_is_possible"
# The past says something from five runs on, and of tables that are not small.
RUNS_AT_LEAST, ROWS_ABOVE = 5, 1_000
POSSIBLE = (0.5, 3.0)
# A median absolute deviation is 1 / 1.4826 standard deviations of normal values (Rousseeuw and Croux 1993); five of those are unusual.
USUAL_DEVIATIONS, DEVIATION, LEAST_SHARE = 5, 1.4826, 0.05
ANY_DAY = date(2026, 1, 1)
# So many rows that one build leaves out are a reason to look, however few they are of the whole table.
REJECTS_AT_LEAST, REJECT_SHARE = 10, 0.1


@dataclass(frozen=True)
class Check:
    """A sentence that is true for a good table. A critical one that is not true publishes nothing; an alarm tells somebody.

    `meaning` is the sentence as SQL or in words. Of kind `rows` low and high bound the number of rows. `columns` are those that it
    looks at. `query` gives a row for each thing for which it is not true.
    """

    name: str
    kind: Kind
    severity: Severity
    meaning: str
    columns: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    query: str = ""


def checks(table: Table, run_date: date, rows_before: Sequence[int] = ()) -> list[Check]:
    """All checks of the table as of a run date. `rows_before` are its rows at the end of runs before."""
    found = [] if table.may_be_empty else _rows_at_all(table, rows_before)
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
        found.append(_fresh(table.freshness, run_date))
    dated = [(alarm, alarm.query.replace("{run_date}", run_date.isoformat())) for alarm in table.alarms]
    return found + [Check(alarm.name, "unusual", WARNING, alarm.meaning, query=query) for alarm, query in dated]


def every_check(table: Table) -> list[Check]:
    """All that the table can be judged by, also what needs a past."""
    return checks(table, ANY_DAY, [ROWS_ABOVE + 1] * RUNS_AT_LEAST)


def are_many(rejected: int, read: int) -> bool:
    """Whether that many of the rows that were built are no accident."""
    return rejected >= REJECTS_AT_LEAST and rejected > REJECT_SHARE * read


def is_dated(table: Table) -> bool:
    """Whether the verdict depends on the day: such a table is judged in every run, also when nothing changed."""
    return table.freshness is not None or any("{run_date}" in alarm.query for alarm in table.alarms)


def _rows_at_all(table: Table, rows_before: Sequence[int]) -> list[Check]:
    """Of files, which nobody may send: only if there were some, and then it is a reason to look, not to stop the shop's night."""
    if table.optional and not any(rows_before):
        return []
    return [Check(HAS_ROWS, "rows", WARNING if table.optional else CRITICAL, "the table has rows", low=1)]


def _fresh(fresh: Freshness, run_date: date) -> Check:
    """Each shop by itself, whatever others have. What is dated after the run date says nothing about it."""
    newest = f"max(if(to_date({fresh.column}) <= DATE '{run_date}', {fresh.column}, NULL))"
    since = run_date - timedelta(fresh.days)
    is_fresh = f"coalesce({newest} >= DATE '{since}', false)"
    old = f"SELECT shop_code, {newest} AS newest FROM {{batch}} WHERE {fresh.where} GROUP BY shop_code HAVING NOT {is_fresh}"
    meaning = f"the newest {fresh.column} of each shop is at most {fresh.days} days before the run date"
    return Check(f"{fresh.column}_is_fresh", "freshness", WARNING, meaning, (fresh.column,), query=old)


def _volume(rows_before: Sequence[int]) -> list[Check]:
    if len(rows_before) < RUNS_AT_LEAST or median(rows_before) <= ROWS_ABOVE:
        return []
    middle = median(rows_before)
    spread = max(USUAL_DEVIATIONS * DEVIATION * median(abs(rows - middle) for rows in rows_before), LEAST_SHARE * middle)
    least, most = (round(share * middle) for share in POSSIBLE)
    of = f"of {round(middle)}, the median of the last {len(rows_before)} runs"
    return [
        Check(VOLUME, "rows", CRITICAL, f"rows are between {POSSIBLE[0]:.0%} and {POSSIBLE[1]:.0%} {of}", low=least, high=most),
        Check(
            "volume_is_usual",
            "rows",
            WARNING,
            f"rows are within {USUAL_DEVIATIONS} deviations (at least {LEAST_SHARE:.0%}) {of}",
            low=max(least, round(middle - spread)),
            high=min(most, round(middle + spread)),
        ),
    ]

"""Spark SQL made at random from what is on the list, and a table whose values are where two engines differ."""

import random
from datetime import date, datetime
from decimal import Decimal
from typing import Any

NAN, INFINITE = float("nan"), float("inf")
TABLE = "silver.odds"
SCHEMA = (
    "id bigint, i int, j int, b bigint, c bigint, m decimal(26,8), n decimal(18,4), d double, e double, s string, t string, "
    "day date, due date, at timestamp, ended timestamp, flag boolean, is_new boolean, tags array<string>"
)
VALUES: dict[str, list[Any]] = {
    "int": [None, 0, 1, -1, 2, 7, -13, 365, 40_000],
    "bigint": [None, 0, 1, -1, 3, 5_000_000_000, -7_000_000_001, 2**53 + 1],
    "m": [None, *map(Decimal, ("0", "-0.5", "0.5", "1.5", "2.5", "-2.5", "0.005", "1234567.12345678", "-99.99999999", "10.00000000"))],
    "n": [None, *map(Decimal, ("0", "-1", "1", "2.5", "-2.5", "3.1415", "0.0001", "100.0000", "99999.9999"))],
    "double": [None, 0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 1e300, -1e-300, 1e16, NAN, INFINITE, -INFINITE],
    "string": [
        None,
        "",
        " ",
        "a",
        "A",
        "Äpfel",
        "ABC",
        "ABC\n",
        "a1\r",
        "äpfel",
        "straße",
        "ß",
        "  a b  ",
        "a_b",
        "100%",
        "zz",
        "é",
        "e\u0301",
        "💡b",
        "it's",
        "\t",
        "2026-01-01",
    ],
    "date": [
        None,
        *map(date.fromisoformat, ("1969-12-31", "1970-01-01", "2024-02-29", "2025-12-31", "2026-01-01", "2026-11-16", "9999-12-31")),
    ],
    "timestamp": [
        None,
        *map(datetime.fromisoformat, ("1969-12-31T23:59:59.999999", "2024-02-29T00:00:00", "2025-12-28T23:59:59", "2026-10-25T01:30:00.5")),
        datetime(2026, 11, 16, 12, 0, 1),
    ],
    "boolean": [None, True, False],
    "tags": [None, [], ["a"], ["b", "a"], [None], ["a", None], ["", "ä"]],
}
COLUMNS = {
    "int": ["i", "j"],
    "bigint": ["b", "c", "id"],
    "decimal": ["m", "n"],
    "double": ["d", "e"],
    "string": ["s", "t"],
    "date": ["day", "due"],
    "timestamp": ["at", "ended"],
    "boolean": ["flag", "is_new"],
    "tags": ["tags"],
}
LITERALS = {
    "int": ["0", "1", "-1", "2", "100"],
    "bigint": ["3000000000", "-1", "7L"],
    "decimal": ["0.5", "-1.25", "100.00", ".05", "2.0"],
    "double": ["0", "1.5", "-2"],
    "string": ["'a'", "''", "'Ä'", "'zz'", '"b"', "' '"],
    "date": ["date '2026-01-01'", "cast('2024-02-29' as date)"],
    "timestamp": ["timestamp '2026-01-01 00:00:00'", "cast('2025-12-28' as timestamp)"],
    "boolean": ["true", "false"],
}
# {kind} stands for any expression of it. Functions that are on the list must all be here.
SCALAR: dict[str, list[str]] = {
    "int": [
        *(f"{name}({{date}})" for name in ("year", "quarter", "month", "day", "dayofmonth", "dayofweek", "dayofyear", "weekofyear")),
        *(f"{name}({{timestamp}})" for name in ("year", "month", "hour", "minute", "dayofweek")),
        "datediff({date}, {date})",
        "datediff({timestamp}, {date})",
        "length({string})",
        "size({tags})",
        "({int} + {int})",
        "({int} - {int})",
        "({int} * 3)",
        "-{int}",
        "{int} % 7",
        "abs({int})",
    ],
    "bigint": [
        "({bigint} + {int})",
        "({bigint} - {bigint})",
        "({int} * {bigint})",
        "-{bigint}",
        "cast({int} as bigint)",
        "abs({bigint})",
        "{bigint} % 10",
        "cast({bigint} as bigint)",
        "cast(cast({int} as bigint) as int)",
    ],
    "decimal": [
        "({decimal} + {decimal})",
        "({decimal} - {int})",
        "({decimal} * 2)",
        "({int} * {decimal})",
        "({decimal} * n)",
        "-{decimal}",
        "abs({decimal})",
        "round({decimal})",
        "round({decimal}, 2)",
        "round({decimal}, 9)",
        "cast({decimal} as decimal(20,1))",
        "cast({int} as decimal(12,2))",
        "({bigint} + {decimal})",
    ],
    "double": [
        "({double} + {double})",
        "({double} - {int})",
        "({double} * {bigint})",
        "({int} / 4)",
        "({bigint} / nullif({int}, 0))",
        "({double} / 3)",
        "-{double}",
        "abs({double})",
        "cast({bigint} as double)",
    ],
    "string": [
        "trim({string})",
        "({string} || {string})",
        "concat({string}, '-', {string})",
        "substring({string}, 1, 2)",
        "substr({string}, 3)",
        "lower(substring({string}, 1, 0))",
        "upper(trim(cast({int} as string)))",
        "cast({int} as string)",
        "cast({bigint} as string)",
        "cast({date} as string)",
        "cast({boolean} as string)",
    ],
    "date": [
        "date({timestamp})",
        "to_date({timestamp})",
        "cast({timestamp} as date)",
        "last_day({column_date})",
        "trunc({date}, 'month')",
        "trunc({timestamp}, 'YEAR')",
        "trunc({date}, 'week')",
        "trunc({date}, 'quarter')",
        "date_add(at, 3)",
        "date_sub({column_date}, 40)",
    ],
    "timestamp": [
        *(f"date_trunc('{unit}', {{timestamp}})" for unit in ("year", "quarter", "MONTH", "week", "day", "hour", "minute", "second")),
        "date_trunc('month', {date})",
        "cast({date} as timestamp)",
    ],
    "boolean": [
        "({comparable})",
        "({boolean} and {boolean})",
        "({boolean} or {boolean})",
        "(not {boolean})",
        "({boolean} is true)",
        "({boolean} is not false)",
        "({string} like 'a%')",
        "({string} not like '%_b%')",
        "({string} like '')",
        "({string} rlike '^[A-Z][A-Z][A-Z]$')",
        "isnan({double})",
        "({string} rlike '^[a-z][0-9a-z]$')",
        "startswith({string}, 'a')",
        "endswith({string}, {string})",
        "contains({string}, 'p')",
        "isnull({any})",
        "isnotnull({any})",
        "({any} is null)",
        "({any} is not null)",
        "({string} in ('a', 'Ä', ''))",
        "({int} in (1, 2, null))",
        "({bigint} not in (1, {int}))",
        "({decimal} in (0, 2.5))",
        "({date} in ('2026-01-01', date '2025-12-31'))",
        "({decimal} between {int} and {decimal})",
        "({date} not between '2025-01-01' and {date})",
        "({timestamp} between '2025-01-01' and {timestamp})",
        "({timestamp} >= {date})",
        "({date} > '2026-01-01')",
        "({timestamp} <= '2026-10-25 01:30:00')",
        "({timestamp} <> '2026-10-25')",
        "({double} > {int})",
    ],
}
SAME = ["coalesce({k}, {k})", "nvl({k}, {k})", "ifnull({k}, {k})", "case when {boolean} then {k} else {k} end", "if({boolean}, {k}, {k})"]
SAME += ["nullif({k}, {k})", "case {int} when 1 then {k} when {int} then {k} end", "coalesce(null, {k})"]
ORDERED = ["greatest({k}, {k})", "least({k}, {k}, {k})"]
AGGREGATES = [
    "count(*)",
    "count({any})",
    "count(distinct {key})",
    "count(distinct {key}, {key})",
    "sum({int})",
    "sum({bigint})",
    "sum(m)",
    "sum(n)",
    "sum(distinct n)",
    "min({column})",
    "max({column})",
    "max({key})",
    "min({key})",
    "avg({int})",
    "avg(b)",
    "count_if({boolean})",
    "count(*) filter (where {boolean})",
    "sum(i) filter (where {boolean})",
    "sum(m) + sum(n)",
    "coalesce(sum(n), 0)",
    "case when count(*) > 2 then max(s) else min(s) end",
]
WINDOWS = [
    "row_number() over (partition by {key} order by {order}, id)",
    "rank() over (order by {order})",
    "dense_rank() over (partition by {key} order by {order} desc)",
    "lag({any}) over (order by {order}, id)",
    "lead({column}, 2) over (partition by {key} order by id desc nulls first)",
    "sum(i) over (partition by {key} order by {order})",
    "sum(m) over (partition by {key})",
    "count({any}) over (order by id)",
    "max({key}) over (partition by {key} order by {order} asc nulls last)",
    "avg(i) over (partition by {key})",
    "count(*) over ()",
    "sum(n) over (partition by {key} order by {order}, id rows between 2 preceding and current row)",
    "max({key}) over (order by id rows between unbounded preceding and 1 following)",
    "min(j) over (order by {order} desc, id rows between current row and unbounded following)",
]
KEYS = ("int", "bigint", "decimal", "string", "date", "timestamp", "boolean")
PLAIN = (*KEYS, "double")
SIGNS = ("=", "<>", "<", "<=", ">", ">=", "<=>", "!=", "==")


def rows(count: int, seed: int) -> list[tuple[Any, ...]]:
    """Rows of TABLE."""
    chance = random.Random(seed)
    kinds = ["int", "int", "bigint", "bigint", "m", "n", "double", "double", "string", "string", "date", "date", "timestamp", "timestamp"]
    return [(number, *(chance.choice(VALUES[kind]) for kind in [*kinds, "boolean", "boolean", "tags"])) for number in range(count)]


class Composer:
    """The same seed makes the same queries."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def expression(self, kind: str, depth: int = 2) -> str:
        chance = self.chance
        if kind == "tags":
            return "tags"
        if depth == 0 or chance.random() < 0.25:
            return chance.choice(COLUMNS[kind] if chance.random() < 0.7 else LITERALS[kind])
        templates = list(SCALAR[kind])
        templates += [one.replace("{k}", f"{{{kind}}}") for one in SAME + (ORDERED if kind in KEYS[:-1] else [])]
        return self.filled(chance.choice(templates), depth - 1)

    def filled(self, template: str, depth: int) -> str:
        chance, text = self.chance, template
        while "{" in text:
            name = text[text.index("{") + 1 : text.index("}")]
            kind = chance.choice(PLAIN)
            if name == "any":
                made = self.expression(kind, depth)
            elif name == "key":
                made = self.expression(chance.choice(KEYS), depth)
            elif name == "order":
                made = self.expression(kind, depth) if chance.random() < 0.3 else chance.choice(COLUMNS[kind])
            elif name == "column":
                made = chance.choice(COLUMNS[kind])
            elif name == "column_date":
                made = "least(day, date '2027-01-01')"
            elif name == "comparable":
                made = f"{self.expression(kind, depth)} {chance.choice(SIGNS)} {self.expression(kind, depth)}"
            else:
                made = self.expression(name, depth)
            text = text.replace("{" + name + "}", made, 1)
        return text

    def query(self) -> str:
        return self.chance.choice([self.rows_of, self.rows_of, self.groups, self.groups, self.windows, self.joined, self.united])()

    def condition(self) -> str:
        return f" where {self.expression('boolean')}" if self.chance.random() < 0.6 else ""

    def rows_of(self) -> str:
        shown = ", ".join(f"{self.expression(self.chance.choice(PLAIN))} as e{i}" for i in range(4))
        order = f"{self.filled('{order}', 1)} {self.chance.choice(['', 'asc', 'desc', 'desc nulls first', 'nulls last'])}, id"
        limit = self.chance.choice(["", " limit 5", " limit 3 offset 2"])
        return f"select id, {shown} from {TABLE}{self.condition()} order by {order}{limit}"

    def groups(self) -> str:
        keys = [self.expression(self.chance.choice(KEYS), 1) for _ in range(self.chance.choice([0, 1, 1, 2]))]
        shown = [f"{key} as k{i}" for i, key in enumerate(keys)]
        shown += [f"{self.filled(self.chance.choice(AGGREGATES), 1)} as a{i}" for i in range(3)]
        having = self.chance.choice(["", "", " having count(*) > 1", " having max(i) > 0 or a0 is not null"]) if keys else ""
        numbers, names = (", ".join(f"{word}{i + one}" for i in range(len(keys))) for word, one in (("", 1), ("k", 0)))
        by = self.chance.choice([", ".join(keys), numbers, names, "all"])
        if len(set(keys)) < len(keys):
            by = "all"
        return f"select {', '.join(shown)} from {TABLE}{self.condition()}{f' group by {by}' if keys else ''}{having}"

    def windows(self) -> str:
        shown = ", ".join(f"{self.filled(self.chance.choice(WINDOWS), 1)} as w{i}" for i in range(2))
        return f"with chosen as (select *, {shown} from {TABLE}{self.condition()}) select id, w0, w1 from chosen order by id"

    def joined(self) -> str:
        key = self.chance.choice(["i", "s", "m", "day", "flag", "b", "d", "at"])
        how = self.chance.choice(["join", "left join", "left semi join", "left anti join", "right join", "full join", "inner join"])
        if how in ("left semi join", "left anti join"):
            on = self.chance.choice([f"using ({key})", f"on o.{key} = p.{key} and p.flag", f"on o.{key} <=> p.{key}"])
            return f"select o.id, o.s from {TABLE} o {how} (select * from {TABLE} where id < 12) p {on}"
        on = f"on o.{key} = p.{key} and {self.chance.choice(['o.id <> p.id', 'p.i > 0', 'true'])}"
        if how in ("join", "left join") and self.chance.random() < 0.5:
            return f"select {key}, o.id, p.n * 2 as twice from {TABLE} o {how} {TABLE} p using ({key})"
        within = self.chance.choice(
            ["", f" where o.{key} in (select {key} from {TABLE} where id > 9)", " where o.i >= (select min(i) from silver.odds)"]
        )
        return f"select o.id, p.id as other, p.s, o.m + p.n as amount from {TABLE} o {how} {TABLE} p {on}{within}"

    def united(self) -> str:
        kinds = [self.chance.choice(KEYS) for _ in range(2)]
        sides = []
        for _ in range(2):
            shown = ", ".join(f"{self.expression(kind, 1)} as u{i}" for i, kind in enumerate(kinds))
            sides.append(f"select {self.chance.choice(['', 'distinct '])}{shown} from {TABLE}{self.condition()}")
        return self.chance.choice([" union all ", " union ", " except ", " intersect "]).join(sides)

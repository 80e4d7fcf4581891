"""Resolves names within a query: the columns of the tables in FROM, and those of the select list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lakehouse.spark_sql.kinds import Kind, NotOnTheList
from lakehouse.spark_sql.parsing import only
from lakehouse.spark_sql.values import Value


@dataclass(frozen=True)
class Named:
    """A column that a query can name.

    `kind`: None if its type is not on the list. `of`: the names of its table, as `o`, or `orders` and `silver.orders`. `is_hidden`: it can
    only be named together with its table.
    """

    name: str
    kind: Kind | None
    sql: str
    of: frozenset[str]
    is_hidden: bool = False

    def value(self, written: str) -> Value:
        """The column as an expression; `written` is its name as the query writes it."""
        if self.kind is None:
            raise NotOnTheList(f"the column {self.name} is of a type that is not on the list")
        return Value(self.sql, self.kind, name=written)


@dataclass(frozen=True)
class Scope:
    """The columns that can be named, in the order of `*`."""

    columns: Sequence[Named] = ()

    def find(self, node: Any) -> Value | None:
        """The value of a column node; None if there is no such column. Case does not matter."""
        only(node, "this", "table", "db")
        name, table = node.name, ".".join(part for part in (node.text("db"), node.text("table")) if part)
        found = [
            column
            for column in self.columns
            if column.name.lower() == name.lower() and (table.lower() in column.of if table else not column.is_hidden)
        ]
        if len(found) > 1:
            raise NotOnTheList(f"the name {name} means several columns")
        return found[0].value(name) if found else None

    def star(self, table: str = "") -> list[Named]:
        """The columns of `*`, or of `table.*`."""
        if table and any(column.is_hidden for column in self.columns):
            raise NotOnTheList("it has a star of one table after USING")
        found = [column for column in self.columns if not column.is_hidden and (not table or table.lower() in column.of)]
        if not found:
            raise NotOnTheList("its star stands for nothing")
        return found


def beside(left: Scope, right: Scope) -> Scope:
    """The columns of two tables of a join. NotOnTheList if both tables have the same name."""
    if {name for column in left.columns for name in column.of} & {name for column in right.columns for name in column.of}:
        raise NotOnTheList("two of its tables have the same name")
    return Scope([*left.columns, *right.columns])


def merged(left: Scope, right: Scope, using: Iterable[str]) -> tuple[Scope, list[tuple[Value, Value]]]:
    """The scope after JOIN … USING, and the pairs of columns that must be equal. The columns of USING come first and only once."""
    names = [name.lower() for name in using]
    pairs = [(_one(left, name), _one(right, name)) for name in names]
    if any(one.kind != other.kind for one, other in pairs):
        raise NotOnTheList("USING compares columns of different types")
    first = [one for one, _ in pairs]
    hidden = {other for _, other in pairs}
    others = [column for column in left.columns if column not in first]
    rest = [replace(column, is_hidden=True) if column in hidden else column for column in right.columns]
    both = beside(Scope([*first, *others]), Scope(rest))
    return both, [(one.value(one.name), other.value(other.name)) for one, other in pairs]


def _one(scope: Scope, name: str) -> Named:
    found = [column for column in scope.columns if column.name.lower() == name and not column.is_hidden]
    if len(found) != 1:
        raise NotOnTheList(f"USING ({name}) does not mean one column on each side")
    return found[0]


@dataclass
class Outputs:
    """The columns of the select list, which ORDER BY, GROUP BY and HAVING may name."""

    columns: list[Value] = field(default_factory=list)

    def find(self, name: str) -> Value | None:
        """The column of that name; None if there is none."""
        found = [column for column in self.columns if (column.name or "").lower() == name.lower()]
        if len({column.sql for column in found}) > 1:
            raise NotOnTheList(f"the name {name} means several columns of its result")
        return found[0] if found else None

    def at(self, place: str) -> Value:
        """The column at a position, which is written as digits and counts from 1."""
        if not place.isdigit() or not 0 < int(place) <= len(self.columns):
            raise NotOnTheList("a position in it is none of its columns")
        return self.columns[int(place) - 1]

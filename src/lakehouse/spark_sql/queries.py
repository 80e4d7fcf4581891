"""What a query may be made of: SELECT, FROM and JOIN, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, WITH, UNION and the like.

Every query is written with the columns c0, c1, …, so that a name of the result can't be taken for one of a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from lakehouse.spark_sql.expressions import Expressions
from lakehouse.spark_sql.kinds import Columns, Kind, NotOnTheList, common
from lakehouse.spark_sql.parsing import only, parsed, words
from lakehouse.spark_sql.scope import Named, Outputs, Scope, beside, merged
from lakehouse.spark_sql.values import Value, cast, compared, keys_of
from lakehouse.spark_sql.windows import ordered
from lakehouse.table import quoted

SETS = {"union": "UNION", "except": "EXCEPT", "intersect": "INTERSECT"}
CLAUSES = ("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_")
# side and kind of a join → DuckDB's words for it.
JOINS = {"INNER": "JOIN", **{kind: f"{kind} JOIN" for kind in ("LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI")}}


@dataclass(frozen=True)
class Translated:
    """`sql` names each of `tables` as a view, quoted; its columns are `names`, in their order."""

    sql: str
    tables: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """DuckDB's SQL of a query. `columns`: name and kind of c0, c1 and so on. `is_one_row`: it never gives a second row."""

    sql: str
    columns: list[tuple[str, Kind]]
    is_one_row: bool = False


def translated(query: str, columns_of: Callable[[str], Columns]) -> Translated:
    """The query for DuckDB. `columns_of` gives a table's columns by its name, as `silver.orders`. NotOnTheList if it is Spark's."""
    writer = _Writer(columns_of)
    try:
        found = writer.query(parsed(query), {})
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError):
        raise NotOnTheList("it is put together in a way that nobody thought of") from None
    return Translated(found.sql, tuple(writer.tables), tuple(name for name, _ in found.columns))


@dataclass
class _Writer:
    columns_of: Callable[[str], Columns]
    tables: dict[str, None] = field(default_factory=dict)
    _numbers: Any = field(default_factory=count)

    def query(self, node: Any, known: dict[str, tuple[str, Query]]) -> Query:
        """`known`: what WITH names, by name: its name there and what it is."""
        known, within = dict(known), []
        if with_ := node.args.get("with_"):
            only(with_, "expressions")
            for part in with_.expressions:
                only(part, "this", "alias")
                only(part.args["alias"], "this")
                made, name = self.query(part.this, known), f"w{next(self._numbers)}"
                within.append(f"{name} AS ({made.sql})")
                known[part.alias.lower()] = (name, made)
        if node.key in SETS:
            found = self._sets(node, known)
        elif node.key == "select":
            found = self._select(node, known)
        elif node.key == "subquery":
            only(node, "this", "with_")
            found = self.query(node.this, known)
        else:
            raise NotOnTheList(f"{words(node)} is in it")
        return replace(found, sql=f"WITH {', '.join(within)} {found.sql}") if within else found

    def _sets(self, node: Any, known: dict[str, tuple[str, Query]]) -> Query:
        only(node, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        is_distinct = bool(node.args.get("distinct"))
        for side in (node.this, node.expression):
            if side.key in SETS and (side.key, bool(side.args.get("distinct"))) != (node.key, is_distinct):
                raise NotOnTheList("unions and their like are mixed without brackets")
        if node.key != "union" and not is_distinct:
            raise NotOnTheList(f"{SETS[node.key]} ALL is in it")
        sides = [self.query(side, known) for side in (node.this, node.expression)]
        if len({len(side.columns) for side in sides}) > 1:
            raise NotOnTheList("its parts have different numbers of columns")
        columns = [(left[0], common([left[1], right[1]])) for left, right in zip(*(side.columns for side in sides), strict=True)]
        parts = [f"SELECT {self._brought(side, columns)} FROM ({side.sql})" for side in sides]
        word = SETS[node.key] + ("" if is_distinct else " ALL")
        values = [Value(f"c{i}", kind, name=name) for i, (name, kind) in enumerate(columns)]
        if is_distinct:
            keys_of(values)
        # In brackets: an ORDER BY belongs to all of it.
        sql = f"SELECT * FROM ({f' {word} '.join(parts)})"
        return Query(sql + self._end(node, Outputs(values), None), columns)

    @staticmethod
    def _brought(side: Query, columns: Sequence[tuple[str, Kind]]) -> str:
        kinds = zip(side.columns, columns, strict=True)
        return ", ".join(f"{cast(Value(f'c{i}', here), to)} AS c{i}" for i, ((_, here), (_, to)) in enumerate(kinds))

    def _select(self, node: Any, known: dict[str, tuple[str, Query]]) -> Query:
        only(node, *CLAUSES)
        scope, source = self._from(node, known)

        def query(inner: Any, is_value: bool) -> tuple[str, list[Kind]]:
            found = self.query(inner, known)
            if is_value and not found.is_one_row:
                raise NotOnTheList("a query within it may give several rows")
            return found.sql, [kind for _, kind in found.columns]

        plain = Expressions(scope, query)
        outputs = Outputs([column for item in node.expressions for column in self._columns(item, plain)])
        named = Expressions(scope, query, outputs)
        distinct = node.args.get("distinct")
        if distinct:
            only(distinct)
            keys_of(outputs.columns)
        where = f" WHERE {plain.condition(node.args['where'].this)}" if node.args.get("where") else ""
        group = self._group(node.args.get("group"), outputs, named)
        having = f" HAVING {named.condition(node.args['having'].this)}" if node.args.get("having") else ""
        shown = ", ".join(f"{value.sql} AS c{i}" for i, value in enumerate(outputs.columns))
        end = self._end(node, outputs, None if distinct else named)
        sql = f"SELECT {'DISTINCT ' if distinct else ''}{shown}{source}{where}{group}{having}{end}"
        if not group and having:
            raise NotOnTheList("HAVING stands without GROUP BY")
        is_one_row = not group and any(value.aggregated for value in outputs.columns)
        return Query(sql, [(value.name or "", value.kind) for value in outputs.columns], is_one_row)

    def _columns(self, item: Any, expressions: Expressions) -> list[Value]:
        if item.key == "star" or (item.key == "column" and item.this.key == "star"):
            only(item if item.key == "star" else item.this)
            return [column.value(column.name) for column in expressions.scope.star(item.text("table"))]
        if item.key == "alias":
            only(item, "this", "alias")
            return [replace(expressions.value(item.this), name=item.alias, literal=None)]
        found = expressions.value(item)
        if found.name is None:
            raise NotOnTheList("a column of its result has no name (AS)")
        return [replace(found, literal=None)]

    def _from(self, node: Any, known: dict[str, tuple[str, Query]]) -> tuple[Scope, str]:
        if not node.args.get("from_"):
            return Scope(), ""
        only(node.args["from_"], "this")
        scope, sql = self._relation(node.args["from_"].this, known)
        for join in node.args.get("joins") or ():
            scope, sql = self._join(scope, sql, join, known)
        return scope, f" FROM {sql}"

    def _join(self, left: Scope, sql: str, join: Any, known: dict[str, tuple[str, Query]]) -> tuple[Scope, str]:
        only(join, "this", "side", "kind", "on", "using")
        how = " ".join(filter(None, [join.text("side").upper(), join.text("kind").upper().replace("OUTER", "")])) or "INNER"
        how = how.removeprefix("LEFT ") if how in ("LEFT SEMI", "LEFT ANTI") else how
        right, other = self._relation(join.this, known)
        on, using, word = join.args.get("on"), join.args.get("using"), JOINS.get(how)
        if word is None or (word == "CROSS JOIN") == bool(on or using):
            raise NotOnTheList(f"it has a {how} join of a special kind")
        if not (on or using):
            return beside(left, right), f"{sql} CROSS JOIN {other}"
        if using:
            if word in ("RIGHT JOIN", "FULL JOIN"):
                raise NotOnTheList(f"USING stands at a {how} join")
            both, pairs = merged(left, right, [name.name for name in using])
            condition = " AND ".join(compared("=", one, another) for one, another in pairs)
        else:
            both = beside(left, right)
            condition = Expressions(both, _no_query).condition(on)
        return (left if word in ("SEMI JOIN", "ANTI JOIN") else both), f"{sql} {word} {other} ON {condition}"

    def _relation(self, node: Any, known: dict[str, tuple[str, Query]]) -> tuple[Scope, str]:
        alias, name = node.args.get("alias"), f"r{next(self._numbers)}"
        if alias is not None:
            only(alias, "this")
        if node.key == "subquery":
            only(node, "this", "alias", "with_")
            inner = self.query(node.this, known)
            return self._named(inner, name, alias.name if alias else ""), f"({inner.sql}) AS {name}"
        if node.key != "table":
            raise NotOnTheList(f"{words(node)} stands in its FROM")
        only(node, "this", "db", "alias")
        if node.this.key != "identifier":
            raise NotOnTheList("a function stands in its FROM")
        if not node.text("db"):
            if node.name.lower() not in known:
                raise NotOnTheList(f"{node.name} is not the name of a table")
            within, inner = known[node.name.lower()]
            return self._named(inner, name, alias.name if alias else node.name), f"{within} AS {name}"
        table = f"{node.text('db')}.{node.name}"
        self.tables[table] = None
        of = frozenset([alias.name.lower()] if alias else [node.name.lower(), table.lower()])
        scope = Scope([Named(column, kind, f"{name}.{quoted(column)}", of) for column, kind in self.columns_of(table)])
        return scope, f"{quoted(table)} AS {name}"

    @staticmethod
    def _named(inner: Query, name: str, alias: str) -> Scope:
        of = frozenset([alias.lower()] if alias else [])
        return Scope([Named(column, kind, f"{name}.c{i}", of) for i, (column, kind) in enumerate(inner.columns)])

    def _group(self, group: Any, outputs: Outputs, expressions: Expressions) -> str:
        if group is None:
            return ""
        only(group, "expressions", "all")
        if group.args.get("all"):
            if any(value.windowed for value in outputs.columns):
                raise NotOnTheList("GROUP BY ALL stands beside a window")
            keys = [value for value in outputs.columns if not value.aggregated]
        else:
            keys = [outputs.at(item.name) if item.key == "literal" else _no_position(expressions.value(item)) for item in group.expressions]
        if not keys or any(key.aggregated or key.windowed for key in keys):
            raise NotOnTheList("it is grouped by nothing, or by an aggregate")
        return f" GROUP BY {', '.join(keys_of(keys))}"

    def _end(self, node: Any, outputs: Outputs, expressions: Expressions | None) -> str:
        """ORDER BY, LIMIT and OFFSET. Without `expressions` only columns of the result may be named."""
        order = node.args.get("order")
        if order is not None:
            only(order, "expressions")
        items = [ordered(item, self._place(item.this, outputs, expressions)) for item in (order.expressions if order else ())]
        sql = f" ORDER BY {', '.join(items)}" if items else ""
        for name in ("limit", "offset"):
            if part := node.args.get(name):
                only(part, "expression")
                if part.expression.key != "literal" or not part.expression.name.isdigit():
                    raise NotOnTheList(f"{name.upper()} is no plain number")
                sql += f" {name.upper()} {part.expression.name}"
        return sql

    @staticmethod
    def _place(item: Any, outputs: Outputs, expressions: Expressions | None) -> Value:
        if item.key == "literal":
            at = outputs.at(item.name)
            return replace(at, sql=f"c{outputs.columns.index(at)}")
        named = outputs.find(item.name) if item.key == "column" and not item.text("table") else None
        if named is not None:
            return replace(named, sql=f"c{[value.sql for value in outputs.columns].index(named.sql)}")
        if expressions is None:
            raise NotOnTheList("it is ordered by what is not in its result")
        return _no_position(expressions.value(item))


def _no_position(value: Value) -> Value:
    if value.literal is not None:
        raise NotOnTheList("a position is written in a special way")
    return value


def _no_query(node: Any, is_value: bool) -> tuple[str, list[Kind]]:
    raise NotOnTheList("a query stands in the condition of a join")

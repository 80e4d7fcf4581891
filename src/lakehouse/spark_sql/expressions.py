"""What may stand in a query: columns, literals, conditions, arithmetic, CASE, functions, aggregates, windows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lakehouse.spark_sql import aggregates, functions
from lakehouse.spark_sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, INT, NULL, STRING, TIMESTAMP, Kind, NotOnTheList, decimal
from lakehouse.spark_sql.parsing import only, words
from lakehouse.spark_sql.scope import Outputs, Scope
from lakehouse.spark_sql.values import Value, aligned, calculated, compared, condition, converted, divided, keyed, negative, number, text
from lakehouse.spark_sql.windows import frame, ordered

COMPARISONS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "nullsafeeq": "IS NOT DISTINCT FROM",
    "nullsafeneq": "IS DISTINCT FROM",
}
# From begin to end, of ASCII letters and digits so many times each.
WHOLE = re.compile(r"\^(\[[A-Za-z0-9-]+\](\{\d{1,2}\})?)+\$")
LINE_END = r"(\r\n|[\n\r\x{85}\x{2028}\x{2029}])?"
ARITHMETIC = {"add": "+", "sub": "-", "mul": "*"}
# Which of these binds more tightly, the two grammars do not agree on: one within another must stand in brackets.
CONDITIONS = {*COMPARISONS, "is", "in", "between", "like", "not", "and", "or"}
# Calls, by name and number of arguments, that Spark gives another name than they have.
RENAMED = {("date", 1), ("isnull", 1), ("isnotnull", 1), ("round", 1), ("substring", 2), ("substr", 2)}
CASTS = {"BOOLEAN": BOOLEAN, "INT": INT, "BIGINT": BIGINT, "DOUBLE": DOUBLE, "TEXT": STRING, "DATE": DATE, "TIMESTAMP": TIMESTAMP}


@dataclass(frozen=True)
class Expressions:
    """Writes nodes as DuckDB's words. `query` writes a query that stands within: its words and the kinds of its columns.

    `outputs`: columns of the result that may be named too, where the scope has no other of that name.
    """

    scope: Scope
    query: Callable[[Any, bool], tuple[str, list[Kind]]]
    outputs: Outputs | None = None

    def value(self, node: Any) -> Value:
        """An expression's SQL and kind. NotOnTheList if Spark must answer it."""
        key = node.key
        if key in COMPARISONS or key in ARITHMETIC or key in ("div", "mod", "dpipe"):
            return self._binary(node)
        write = getattr(self, f"_{key}", None)
        if write is None:
            raise NotOnTheList(f"{words(node)} is in it")
        found: Value = write(node)
        return found

    def flagged(self, value: Value, *parts: Value) -> Value:
        """Whoever is made of an aggregate is one."""
        return replace(
            value,
            aggregated=value.aggregated or any(part.aggregated for part in parts),
            windowed=value.windowed or any(part.windowed for part in parts),
        )

    def condition(self, node: Any) -> str:
        """SQL of an expression that is true, false or null."""
        return condition(self.value(node))

    def _operand(self, node: Any) -> Value:
        if node.key in CONDITIONS:
            raise NotOnTheList("a condition stands within another without brackets")
        return self.value(node)

    def _column(self, node: Any) -> Value:
        here = self.scope.find(node)
        named = self.outputs.find(node.name) if self.outputs is not None and not node.text("table") else None
        if here is not None and named is not None and here.sql != named.sql:
            raise NotOnTheList(f"{node.name} is a column of a table and another one of its result")
        found = here or named
        if found is None:
            raise NotOnTheList(f"{node.sql()} is not a column that is known here")
        return replace(found, name=node.name, literal=None)

    def _literal(self, node: Any) -> Value:
        if not node.args["is_string"]:
            return number(node.name)
        if "'" in node.name or '"' in node.name:
            raise NotOnTheList("a text in it holds quotes")
        return text(node.name)

    def _boolean(self, node: Any) -> Value:
        return Value("TRUE" if node.args["this"] else "FALSE", BOOLEAN)

    def _null(self, node: Any) -> Value:
        return Value("NULL", NULL)

    def _paren(self, node: Any) -> Value:
        only(node, "this")
        return self.value(node.this)

    def _neg(self, node: Any) -> Value:
        of = self._operand(node.this)
        return self.flagged(negative(of), of)

    def _binary(self, node: Any) -> Value:
        only(node, "this", "expression", "typed", "safe")
        left, right, key = self._operand(node.this), self._operand(node.expression), node.key
        if key in COMPARISONS:
            return self.flagged(Value(compared(COMPARISONS[key], left, right), BOOLEAN), left, right)
        if key == "dpipe":
            return self.flagged(functions.joined([left, right]), left, right)
        if key == "mod":
            if not (left.kind in (INT, BIGINT) and right.literal is not None and right.kind == INT and int(right.literal) > 0):
                raise NotOnTheList("it asks for the rest of a division")
            return self.flagged(Value(f"(({left.sql}) % {right.sql})", left.kind), left)
        found = divided(left, right) if key == "div" else calculated(ARITHMETIC[key], left, right)
        sign = ARITHMETIC.get(key, "/")
        name = f"({left.name} {sign} {right.name})" if left.name is not None and right.name is not None else None
        return replace(self.flagged(found, left, right), name=name)

    def _logical(self, node: Any) -> Value:
        only(node, "this", "expression")
        left, right = self.value(node.this), self.value(node.expression)
        return self.flagged(Value(f"({condition(left)} {node.key.upper()} {condition(right)})", BOOLEAN), left, right)

    _and = _or = _logical

    def _not(self, node: Any) -> Value:
        only(node, "this")
        of = self.value(node.this)
        return self.flagged(Value(f"(NOT {condition(of)})", BOOLEAN), of)

    def _is(self, node: Any) -> Value:
        only(node, "this", "expression")
        of, what = self._operand(node.this), node.expression.key
        if what == "boolean":
            condition(of)
        elif what != "null":
            raise NotOnTheList("IS is followed by something else in it")
        return self.flagged(Value(f"({of.sql} IS {self.value(node.expression).sql})", BOOLEAN), of)

    def _in(self, node: Any) -> Value:
        only(node, "this", "expressions", "query")
        of = self._operand(node.this)
        if node.args.get("query") is None:
            return self.flagged(self._among(of, [self._operand(one) for one in node.expressions]), of)
        words, kinds = self.query(node.args["query"].this, False)
        if len(kinds) != 1 or kinds[0] != of.kind:
            raise NotOnTheList("IN asks a query for values of another type")
        return self.flagged(Value(f"({of.sql} IN ({words}))", BOOLEAN), of)

    def _among(self, of: Value, others: Sequence[Value]) -> Value:
        found, kind = aligned([of, *others])
        if kind.element is not None or any(one.aggregated or one.windowed for one in others):
            raise NotOnTheList("IN has special values in it")
        return Value(f"({found[0]} IN ({', '.join(found[1:])}))", BOOLEAN)

    def _between(self, node: Any) -> Value:
        only(node, "this", "low", "high")
        of, low, high = (self._operand(node.args[name]) for name in ("this", "low", "high"))
        return self.flagged(Value(f"({compared('>=', of, low)} AND {compared('<=', of, high)})", BOOLEAN), of, low, high)

    def _like(self, node: Any) -> Value:
        only(node, "this", "expression", "negate")
        of, pattern = self._operand(node.this), self._operand(node.expression)
        if of.kind != STRING or pattern.kind != STRING or pattern.literal is None:
            raise NotOnTheList("LIKE has a special pattern in it")
        return self.flagged(Value(f"({of.sql} {'NOT ' if node.args.get('negate') else ''}LIKE {pattern.sql})", BOOLEAN), of)

    def _regexplike(self, node: Any) -> Value:
        """Of a whole text. Java's `$` also stands before a last end of line."""
        only(node, "this", "expression")
        of, pattern = self._operand(node.this), self._operand(node.expression)
        if of.kind != STRING or pattern.kind != STRING or not WHOLE.fullmatch(pattern.literal or ""):
            raise NotOnTheList("RLIKE has a special pattern in it")
        return self.flagged(Value(f"regexp_full_match({of.sql}, '{(pattern.literal or '')[1:-1]}{LINE_END}')", BOOLEAN), of)

    def _case(self, node: Any) -> Value:
        only(node, "this", "ifs", "default")
        of = node.args.get("this") and self._operand(node.args["this"])
        tests = [self._operand(one.this) if of else self.value(one.this) for one in node.args["ifs"]]
        default = node.args.get("default")
        results = [self.value(one) for one in [*(one.args["true"] for one in node.args["ifs"]), *([default] if default else [])]]
        found, kind = aligned(results)
        checks = [compared("=", of, test) if of else condition(test) for test in tests]
        cases = " ".join(f"WHEN {check} THEN {result}" for check, result in zip(checks, found, strict=False))
        rest = f" ELSE {found[-1]}" if default else ""
        return self.flagged(Value(f"CASE {cases}{rest} END", kind), *tests, *results, *([of] if of else []))

    def _if(self, node: Any) -> Value:
        only(node, "this", "true", "false")
        test, yes, no = (self.value(node.args[name]) for name in ("this", "true", "false"))
        (one, other), kind = aligned([yes, no])
        return self.flagged(Value(f"CASE WHEN {condition(test)} THEN {one} ELSE {other} END", kind), test, yes, no)

    def _cast(self, node: Any) -> Value:
        only(node, "this", "to")
        to, of = node.args["to"], self._operand(node.this)
        sizes = [int(size.name) for size in to.expressions]
        name = to.this.name
        if name == "DECIMAL" and sizes:
            kind = decimal(sizes[0], sizes[1] if len(sizes) > 1 else 0)
        elif name in CASTS and not sizes:
            kind = CASTS[name]
        elif name == "TIMESTAMPTZ" and not sizes:
            kind = TIMESTAMP
        else:
            raise NotOnTheList(f"it casts to {to.sql()}")
        return self.flagged(converted(of, kind), of)

    _trycast = _cast  # what sqlglot calls Spark's plain CAST

    def _subquery(self, node: Any) -> Value:
        """One value. Spark is sure of that only without groups."""
        only(node, "this")
        words, kinds = self.query(node.this, True)
        if len(kinds) != 1:
            raise NotOnTheList("a query within it gives several columns")
        return Value(f"({words})", kinds[0])

    def _anonymous(self, node: Any) -> Value:
        return self._called(node, "")

    def _filter(self, node: Any) -> Value:
        only(node, "this", "expression")
        if node.this.key != "anonymous" or node.this.name.lower() not in aggregates.AGGREGATES:
            raise NotOnTheList("FILTER stands at something else in it")
        return replace(self._called(node.this, f" FILTER (WHERE {self.condition(node.expression.this)})"), name=None)

    def _window(self, node: Any) -> Value:
        only(node, "this", "partition_by", "order", "spec", "over")
        name = node.this.name.lower()
        if node.this.key != "anonymous" or name not in {**aggregates.AGGREGATES, **aggregates.RANKS}:
            raise NotOnTheList("a window is of another function")
        parts = [self.value(part) for part in node.args.get("partition_by") or ()]
        items = node.args["order"].expressions if node.args.get("order") else []
        order = [ordered(item, self.value(item.this)) for item in items]
        spec = node.args.get("spec")
        if (name in aggregates.RANKS and (not order or spec)) or (spec and not order):
            raise NotOnTheList("a window has no order, or a function has rows that it can't have")
        by = f"PARTITION BY {', '.join(keyed(part) for part in parts)}" if parts else ""
        sorting = f"ORDER BY {', '.join(order)}" if order else ""
        over = f" OVER ({' '.join(filter(None, [by, sorting, frame(spec) if spec else '']))})"
        return replace(self._called(node.this, over), name=None, aggregated=False, windowed=True)

    def _called(self, node: Any, place: str) -> Value:
        name, given = node.name.lower(), node.expressions
        if name == "count" and len(given) == 1 and (given[0].key == "star" or (given[0].key, given[0].name) == ("literal", "1")):
            return Value(f"count(*){place}", BIGINT, name="count(1)", aggregated=True)
        distinct = len(given) == 1 and given[0].key == "distinct"
        arguments = [self.value(one) for one in (given[0].expressions if distinct else given)]
        if name in aggregates.AGGREGATES:
            found = aggregates.aggregate(name, arguments, distinct)
        else:
            found = functions.called(name, arguments, aggregates.RANKS if place and name in aggregates.RANKS else functions.SCALAR)
        named = [None] if (name, len(arguments)) in RENAMED else [argument.name for argument in arguments]
        shown = f"{name}({'DISTINCT ' if distinct else ''}{', '.join(map(str, named))})" if None not in named else None
        return replace(self.flagged(found, *arguments), sql=aggregates.placed(found, place), name=shown)

"""The query as a tree of sqlglot's. The only module that knows sqlglot; the others look at the nodes' keys and arguments."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import sqlglot
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.parsers.spark import SparkParser

from lakehouse.spark_sql.kinds import NotOnTheList

# Escapes in texts, piped queries, variables of the session, and marks of our own.
UNCLEAR = re.compile(r"\\|\|>|\$\{|[\x00-\x08]")

# Two words of which sqlglot takes the second, and Spark does not, or means something else by it. "": before the first, after the last.
SIGNS = {"+", "-", "*", "/", "%", "=", "<", ">", "<=", ">=", "<>", "!=", "==", "<=>", "||"}
STARTS = {"(", ",", "SELECT", "DISTINCT", "BY", "ORDER BY", "GROUP BY", "PARTITION BY", "FROM", "WHERE", "ON", "HAVING", "AS", "IN", ""}
ENDS = {")", ",", "FROM", "WHERE", "ORDER BY", "GROUP BY", "HAVING", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", ";", ""}
WORDS = {"AND", "OR", "NOT", "BETWEEN", "LIKE", "WHEN", "THEN", "ELSE", "CASE", "IS"}


class _Parser(SparkParser):
    """Functions stay as they are written: sqlglot knows many by another name or with other arguments than Spark has."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": SparkParser.FUNCTION_PARSERS["CAST"]}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}


class _Plain(Spark):
    Parser = _Parser


def parsed(query: str) -> Any:
    """The root of the tree."""
    if found := UNCLEAR.search(query):
        raise NotOnTheList(f"it holds {found[0]!r}")
    try:
        _refuse_what_sqlglot_mends([*sqlglot.tokenize(query, read=_Plain)])
        statements = [statement for statement in sqlglot.parse(query, read=_Plain) if statement is not None]
    except (SqlglotError, RecursionError):
        raise NotOnTheList("it is written in a way that only Spark may know") from None
    if len(statements) != 1:
        raise NotOnTheList("it is not one statement")
    return statements[0]


def _refuse_what_sqlglot_mends(tokens: Sequence[Any]) -> None:
    """sqlglot overlooks commas, signs and words that stand where they can't. Spark answers with an error there, or with another name."""
    texts = ["", *("'" if token.token_type.name == "STRING" else token.text.upper() for token in tokens), ""]
    pairs, threes = list(pairwise(texts)), list(zip(texts, texts[1:], texts[2:], strict=False))
    is_odd = (
        any(two == "," and one in STARTS | SIGNS - {"*"} for one, two in pairs)
        or any(one == "," and two in ENDS for one, two in pairs)
        or any(two == "+" and one in STARTS | SIGNS | WORDS for one, two in pairs)
        or any(one == "AS" and two in ENDS | STARTS - {"("} | {"'"} for one, two in pairs)
        or any(two == "AS" and one in STARTS for one, two in pairs)
        or any(two == "FROM" and one in ("", "(") for one, two in pairs)
        or any(one == "ROWS" and (two.isdigit() or two in ("UNBOUNDED", "CURRENT")) for one, two in pairs)
        or any(one.isdigit() and two.isdigit() for one, two in pairs)
        or ("ALL", "ALL") in pairs
        or ("USING", "(", ")") in threes
        or any((one, two) == ("AS", "AS") for one, _, two in threes)
        or any((one, two) == ("FILTER", "(") and three != "WHERE" for one, two, three in threes)
        or any((two, three) == ("NOT", "NULL") and one != "IS" for one, two, three in threes)
        or any(one in ("ISNULL", "NOTNULL") and two != "(" for one, two in pairs)
        or texts.count("(") != texts.count(")")
        or texts.count("WHEN") != texts.count("THEN")
        or any(one.text == "." and two.text.isdigit() and one.end + 1 != two.start for one, two in pairwise(tokens))
    )
    if is_odd:
        raise NotOnTheList("it is written in a way that only Spark may know")


def only(node: Any, *known: str) -> None:
    """Refuse a node that says more than `known`: a hint, a sample, whatever comes with a later version."""
    for name, value in node.args.items():
        if value and name not in known:
            raise NotOnTheList(f"its {words(node)} has a part {name.strip('_').upper()}")


def words(node: Any) -> str:
    """What a reader may know the node by."""
    return str(node.key).upper()

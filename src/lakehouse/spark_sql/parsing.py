"""The query as a tree of sqlglot's. The only module that knows sqlglot; the others look at the nodes' keys and arguments."""

import re
from typing import Any, ClassVar

import sqlglot
from sqlglot.dialects.spark import Spark
from sqlglot.errors import SqlglotError
from sqlglot.parsers.spark import SparkParser

from lakehouse.spark_sql.kinds import NotOnTheList

# Escapes in texts, piped queries, variables of the session, and marks of our own.
UNCLEAR = re.compile(r"\\|\|>|\$\{|[\x00-\x08]")


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
        statements = [statement for statement in sqlglot.parse(query, read=_Plain) if statement is not None]
    except (SqlglotError, RecursionError):
        raise NotOnTheList("it is written in a way that only Spark may know") from None
    if len(statements) != 1:
        raise NotOnTheList("it is not one statement")
    return statements[0]


def only(node: Any, *known: str) -> None:
    """Refuse a node that says more than `known`: a hint, a sample, whatever comes with a later version."""
    for name, value in node.args.items():
        if value and name not in known:
            raise NotOnTheList(f"its {words(node)} has a part {name.strip('_').upper()}")


def words(node: Any) -> str:
    """What a reader may know the node by."""
    return str(node.key).upper()

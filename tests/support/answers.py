"""Two answers to one query, compared as they are printed."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame

from lakehouse.inspect.answers import Answer, collected
from lakehouse.inspect.text_tables import RowFormat, as_rows


def assert_same(found: Answer, frame: DataFrame, query: str) -> None:
    """The same names and rows, values with their types. In the same order too where the query ends by an order that leaves no tie."""
    expected, is_ordered = collected(frame), "order by" in query.rsplit(")", 1)[-1]
    assert list(found.names) == list(expected.names), query
    rows, others = exactly(found), exactly(expected)
    assert Counter(rows) == Counter(others), query
    if is_ordered:
        assert rows == others, query
        assert [as_rows(found.names, found.rows, output) for output in RowFormat] == [
            as_rows(expected.names, expected.rows, output) for output in RowFormat
        ], query


def exactly(answer: Answer) -> list[tuple[str, ...]]:
    """Values with their types: 1 and 1.0 differ, so do 1.0 and 1.00 as decimals."""
    return [tuple(map(_exactly, row)) for row in answer.rows]


def _exactly(value: Any) -> str:
    return repr(value.astimezone(UTC) if isinstance(value, datetime) else value)

"""The driver tells which rows differ, and takes a null for a value like any other."""

import pyarrow as pa

from lakehouse.io.delta.changed_rows import CHANGE, differences

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("amount", pa.decimal128(26, 8))])


def table(*rows: tuple[int, str | None, int | None]) -> pa.Table:
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def found(old: pa.Table, new: pa.Table) -> list[tuple[object, ...]]:
    rows = differences(old, new, ("id",)).to_pylist()
    return sorted((row["id"], row[CHANGE], row["name"], None if row["amount"] is None else int(row["amount"])) for row in rows)


def test_a_value_that_comes_or_goes_is_a_change_and_two_nulls_are_the_same() -> None:
    old = table((1, None, 1), (2, "a", 1), (3, None, None), (4, "a", None))
    new = table((1, "a", 1), (2, None, 1), (3, None, None), (4, "a", 0))
    assert found(old, new) == [(1, "update", "a", 1), (2, "update", None, 1), (4, "update", "a", 0)]


def test_new_rows_have_the_new_values_and_deleted_ones_the_old() -> None:
    assert found(table((1, "old", 1), (2, "b", 2)), table((2, "b", 2), (3, "new", 3))) == [(1, "delete", "old", 1), (3, "insert", "new", 3)]


def test_equal_rows_in_another_order_are_no_change() -> None:
    assert found(table((1, "a", 1), (2, None, 2)), table((2, None, 2), (1, "a", 1))) == []
    assert found(table(), table()) == []

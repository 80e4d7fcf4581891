"""What counts as a change of a shop's tables, and which changes stop a night."""

import pytest
from pyspark.sql.types import DataType

from lakehouse.errors import DataError
from lakehouse.sources.drift import ADDED, FAMILIES, REMOVED, RETYPED, Change, Columns, compare, compare_all, refuse, refuse_other_schema
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.legacy_orders import ORDER_POSTS
from lakehouse.sources.woocommerce.products import POSTS
from lakehouse.sources.woocommerce.stores import LEGACY
from lakehouse.table import LONG, MONEY, STRING, TIMESTAMP, Column

SALES = JdbcTable(
    name="sales",
    source_name="wc_sales",
    grain="one sale",
    key=("id",),
    columns=(
        Column("id", LONG, "id"),
        Column("amount", MONEY, "amount"),
        Column("note", STRING, "text"),
        Column("made_at", TIMESTAMP, "when"),
    ),
)
FOUND = {"ID": "bigint", "amount": "decimal", "note": "longtext", "made_at": "datetime"}


def test_a_table_as_declared_has_no_changes_however_its_names_are_written() -> None:
    assert compare(SALES, FOUND, None) == []
    assert compare(SALES, FOUND, {name.upper(): kind for name, kind in FOUND.items()}) == []


def test_a_declared_column_that_is_gone_is_removed() -> None:
    found = {name: kind for name, kind in FOUND.items() if name != "note"}
    assert compare(SALES, found, FOUND) == [Change(REMOVED, "sales", "note", "nothing", "string")]


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        ("ID", "varchar", "bigint"),
        ("ID", "decimal", "bigint"),
        ("amount", "double", "decimal(26,8)"),
        ("amount", "varchar", "decimal(26,8)"),
        ("note", "blob", "string"),
        ("note", "bigint", "string"),
        ("made_at", "varchar", "timestamp"),
        ("made_at", "date", "timestamp"),
    ],
)
def test_another_family_of_types_is_a_change(column: str, kind: str, expected: str) -> None:
    assert compare(SALES, {**FOUND, column: kind}, None) == [Change(RETYPED, "sales", column.lower(), kind, expected)]


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        ("ID", ("tinyint", "smallint", "mediumint", "int", "BIGINT")),
        ("note", ("char", "varchar", "tinytext", "text", "mediumtext", "enum", "json")),
        ("made_at", ("timestamp",)),
    ],
)
def test_a_type_of_the_same_family_is_none(column: str, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        assert compare(SALES, {**FOUND, column: kind}, None) == []


def test_every_declared_column_has_a_family() -> None:
    types: set[type[DataType]] = {type(column.type) for table in (*TABLES, *LEGACY.tables) for column in table.columns}
    assert types <= FAMILIES.keys()


def test_a_column_is_new_only_against_a_last_read() -> None:
    more = {**FOUND, "colour": "varchar"}
    assert compare(SALES, more, FOUND) == [Change(ADDED, "sales", "colour", "varchar", "nothing")]
    assert compare(SALES, more, more) == []
    assert compare(SALES, more, None) == []


def test_a_declared_column_that_was_granted_since_is_not_new() -> None:
    seen = {name: kind for name, kind in FOUND.items() if name != "note"}
    assert compare(SALES, FOUND, seen) == []


def test_what_another_part_of_the_table_declares_is_not_new() -> None:
    """Products and legacy orders are parts of one table, `posts`; `post_date` is declared for orders alone."""
    found = {name: "bigint" if name in ("id", "post_parent") else "varchar" for name in (*POSTS.column_names, *ORDER_POSTS.column_names)}
    found |= dict.fromkeys(("post_date", "post_date_gmt", "post_modified_gmt"), "datetime")
    seen = {name: kind for name, kind in found.items() if name != "post_date"}
    assert [change.column for change in compare(POSTS, found, seen)] == ["post_date"]
    assert compare_all([POSTS, ORDER_POSTS], {"posts": found}, {"posts": seen}) == []
    changes = compare_all([POSTS, ORDER_POSTS], {"posts": {**found, "colour": "text"}}, {"posts": seen})
    assert [(change.table, change.column) for change in changes] == [("posts", "colour"), ("order_posts", "colour")]


def test_a_table_that_is_gone_lacks_all_its_columns() -> None:
    assert [change.kind for change in compare_all([SALES], {}, {})] == [REMOVED] * 4


def test_a_removed_or_retyped_column_stops_the_night_and_is_named_with_both_types() -> None:
    changes = compare(SALES, {"id": "bigint", "amount": "double", "note": "text"}, None)
    with pytest.raises(DataError) as caught:
        refuse("nl", changes)
    assert caught.value.exit_code == 65
    message = "shop nl: sales.amount: found double, expected decimal(26,8); sales.made_at: found nothing, expected timestamp"
    assert str(caught.value) == message
    assert "lakehouse grants nl" in caught.value.todo


def test_a_new_column_stops_the_night_in_a_frozen_table_only() -> None:
    changes = compare(SALES, {**FOUND, "colour": "varchar"}, FOUND)
    refuse("nl", changes)
    refuse("nl", changes, freeze=("orders",))
    with pytest.raises(DataError, match=r"sales\.colour: found varchar, expected nothing") as caught:
        refuse("nl", changes, freeze=("orders", "sales"))
    assert "shops.nl.freeze" in caught.value.todo


def test_of_many_changes_the_first_are_named_and_the_others_counted() -> None:
    changes = [Change(REMOVED, "sales", f"c{number}", "nothing", "string") for number in range(7)]
    with pytest.raises(DataError, match=r"c4: found nothing, expected string; and 2 more$"):
        refuse("nl", changes)


@pytest.mark.parametrize("after", [{**FOUND, "ID": "int"}, {**FOUND, "colour": "text"}, {"ID": "bigint"}, {}])
def test_any_difference_between_two_looks_ends_the_read(after: dict[str, str]) -> None:
    refuse_other_schema("nl", {"wc_sales": FOUND, "posts": {}}, {"posts": {}, "wc_sales": dict(FOUND)})
    with pytest.raises(DataError, match="shop nl: wc_sales changed while it was read") as caught:
        refuse_other_schema("nl", {"wc_sales": FOUND, "posts": {}}, {"posts": {}, "wc_sales": after})
    assert caught.value.todo == "run again"


@pytest.mark.parametrize(("before", "after"), [({}, {"posts": FOUND}), ({"posts": FOUND}, {})])
def test_a_table_that_is_seen_in_one_of_two_looks_only_ends_the_read(before: dict[str, Columns], after: dict[str, Columns]) -> None:
    with pytest.raises(DataError, match="shop nl: posts changed while it was read"):
        refuse_other_schema("nl", before, after)

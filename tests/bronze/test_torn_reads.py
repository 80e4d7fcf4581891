"""Orders that were read half before and half after a change are told from those that are whole."""

from collections.abc import Mapping
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.torn_reads import differing, not_adding_up, without_row

# Order 1: two lines (10.00 + 2.00 tax, 5.00 + 0.25) and shipping (4.00 + 0.80); refund 2 of it: an amount only; order 3: one line, a fee.
ORDERS = [(1, "shop_order", "22.05", 1), (2, "shop_order_refund", "-3.00", 1), (3, "shop_order", "12.50", 3)]
OPERATIONAL = [(1, "4.00", "0.80"), (2, None, None), (3, "0", None)]
ITEMS = [(11, "line_item", 1), (12, "line_item", 1), (13, "shipping", 1), (14, "tax", 1), (31, "line_item", 3), (32, "fee", 3)]
AMOUNTS = {11: ("10", "2"), 12: ("5.00", "0.25"), 31: ("10", "1.5"), 32: ("1", "0")}


def tables(
    spark: SparkSession,
    orders: list[tuple[int, str, str, int]] = ORDERS,
    operational: list[tuple[int, str | None, str | None]] = OPERATIONAL,
    items: list[tuple[int, str, int]] = ITEMS,
    amounts: Mapping[int, tuple[str, ...]] = AMOUNTS,
) -> tuple[DataFrame, DataFrame, DataFrame, DataFrame]:
    money = "cast({0} as decimal(26,8)) {0}"
    meta = [(i, key, v) for i, pair in amounts.items() for key, v in zip(("_line_total", "_line_tax"), pair, strict=False)]
    return (
        frame_from(spark, orders, "id bigint, type string, total_amount string, _root_order_id bigint").selectExpr(
            "id", "type", money.format("total_amount"), "_root_order_id"
        ),
        frame_from(spark, operational, "order_id bigint, shipping_total_amount string, shipping_tax_amount string").selectExpr(
            "order_id", money.format("shipping_total_amount"), money.format("shipping_tax_amount")
        ),
        frame_from(spark, items, "order_item_id bigint, order_item_type string, order_id bigint"),
        frame_from(spark, [*meta, (11, "_qty", "3")], "order_item_id bigint, meta_key string, meta_value string"),
    )


def torn(found: DataFrame) -> set[int]:
    return {row["_root_order_id"] for row in found.collect()}


def test_orders_that_are_whole_add_up_and_a_refund_of_an_amount_is_no_suspect(spark: SparkSession) -> None:
    assert torn(not_adding_up(*tables(spark))) == set()


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("line gone", {"items": [item for item in ITEMS if item[0] != 12]}),
        ("line's numbers gone", {"amounts": {key: pair for key, pair in AMOUNTS.items() if key != 12}}),
        ("line's tax gone", {"amounts": {**AMOUNTS, 12: ("5.25",)}}),
        ("line changed", {"amounts": {**AMOUNTS, 12: ("6.00", "0.25")}}),
        ("all lines gone", {"items": [item for item in ITEMS if item[2] != 1]}),
        ("shipping not there", {"operational": [row for row in OPERATIONAL if row[0] != 1]}),
        ("total changed", {"orders": [(1, "shop_order", "21.05", 1), *ORDERS[1:]]}),
    ],
)
def test_an_order_whose_parts_are_of_different_moments_is_a_suspect(spark: SparkSession, what: str, change: dict[str, Any]) -> None:
    assert torn(not_adding_up(*tables(spark, **change))) == {1}


def test_a_cent_an_item_is_rounding_and_more_is_not(spark: SparkSession) -> None:
    # Order 1 has two items with an amount: three cents are allowed.
    for total, suspects in (("22.08", set()), ("22.02", set()), ("22.09", {1}), ("22.01", {1})):
        assert torn(not_adding_up(*tables(spark, orders=[(1, "shop_order", total, 1), *ORDERS[1:]]))) == suspects, total


def test_an_order_that_was_deleted_before_its_row_was_read_is_a_suspect(spark: SparkSession) -> None:
    heads = frame_from(spark, [(1, 1), (2, 1), (3, 3)], "order_id bigint, _root_order_id bigint")
    orders = frame_from(spark, [(1,), (3,)], "id bigint")
    assert torn(without_row(heads, orders)) == {1}


def test_orders_that_differ_between_two_readings_are_found_in_any_table_and_either_way(spark: SparkSession) -> None:
    def reading(orders: list[tuple[int, str | None]], items: list[tuple[int, int]]) -> dict[str, DataFrame]:
        return {
            "orders": frame_from(spark, orders, "_root_order_id bigint, status string"),
            # The columns of the second reading may come in another order.
            "items": frame_from(spark, items, "_root_order_id bigint, order_item_id bigint").select(
                *sorted(["order_item_id", "_root_order_id"])
            ),
        }

    same: list[tuple[int, str | None]] = [(1, "a"), (2, None), (3, "c")]
    first = reading(same, [(1, 11), (2, 21), (3, 31)])
    assert torn(differing(first, reading(same, [(1, 11), (2, 21), (3, 31)]))) == set()
    assert torn(differing(first, reading([(1, "b"), (2, None), (3, "c")], [(1, 11), (2, 21), (3, 31), (3, 32)]))) == {1, 3}
    assert torn(differing(first, reading(same[:1], [(1, 11)]))) == {2, 3}

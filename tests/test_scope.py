"""Parts of tables: exact conditions, and ranges that contain them."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.scope import Orders, Scope

ROWS = [("nl", 1), ("nl", 5), ("nl", 6), ("nl", 9), ("nl", 10), ("de", 5), ("de", 7), ("be", 5)]


def test_orders_are_gathered_by_shop_and_counted_once() -> None:
    scope = Scope.of_orders([("nl", 5), ("de", 7), ("nl", 9), ("nl", 5)])
    assert scope == Scope({"nl": Orders(frozenset({5, 9})), "de": Orders(frozenset({7}))})
    assert len(scope) == 3
    assert len(Scope.of_orders([])) == 0


def test_a_condition_is_true_for_the_orders_of_the_scope_and_bounds_for_all_between_them(spark: SparkSession) -> None:
    orders = Scope.of_orders([("nl", 5), ("nl", 9), ("de", 7)])
    shop = Scope.of_shop("nl")
    mixed = Scope({"nl": Orders(frozenset({1, 6}), ((8, 10),), without=frozenset({9})), "de": Orders(ranges=((1, 6),))})
    flags = {
        "mixed": mixed.condition("order_id"),
        "mixed_range": mixed.bounds("order_id"),
        "exact": orders.condition("order_id"),
        "range": orders.bounds("order_id"),
        "aliased": orders.condition("order_id", "old."),
        "shop": shop.condition(None),
        "shop_range": shop.bounds(None),
        "empty": Scope({}).condition("order_id"),
    }
    found = (
        frame_from(spark, ROWS, "shop_code string, order_id bigint")
        .alias("old")
        .withColumns({name: F.expr(sql) for name, sql in flags.items()})
        .collect()
    )

    def kept(flag: str) -> list[tuple[str, int]]:
        return [(row["shop_code"], row["order_id"]) for row in found if row[flag]]

    assert kept("exact") == kept("aliased") == [("nl", 5), ("nl", 9), ("de", 7)]
    assert kept("range") == [("nl", 5), ("nl", 6), ("nl", 9), ("de", 7)]
    assert kept("shop") == kept("shop_range") == [row for row in ROWS if row[0] == "nl"]
    assert kept("empty") == []
    assert kept("mixed") == [("nl", 1), ("nl", 6), ("nl", 10), ("de", 5)]
    assert kept("mixed_range") == [("nl", 1), ("nl", 5), ("nl", 6), ("nl", 9), ("nl", 10), ("de", 5)]


def test_everything_outside_a_scope_is_found_by_its_negation(spark: SparkSession) -> None:
    # A null answer would lose rows here; the columns are never null.
    frame = frame_from(spark, ROWS, "shop_code string, order_id bigint")
    outside = frame.where(f"NOT {Scope.of_orders([('nl', 5)]).condition('order_id')}")
    assert outside.where((F.col("shop_code") == "nl") & (F.col("order_id") == 5)).count() == 0
    assert outside.count() == len(ROWS) - 1

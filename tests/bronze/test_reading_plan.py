"""Which orders are read tonight. The shop of these tests has orders 1..100, one a day, without gaps unless a test makes some."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze.reading_plan import IncrementalScope, ReadCursor, Reread, is_read_whole, plan, single_orders
from lakehouse.io.delta.delta_files import ask

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
LAST = ReadCursor(cursor_at=NOW - timedelta(days=1), reread_up_to=0)
# The ten newest every night (the newest and the nine days before), and a ninth of the other ninety in turn.
REREAD = Reread(window_days=9, nights=9, at_least_orders=0)
ORDERS = "order_id bigint, type string, status string, created_at timestamp, _root_order_id bigint"
Order = tuple[int, str, str, datetime | None, int]


def order(order_id: int, status: str = "wc-completed", root: int | None = None) -> Order:
    kind = "shop_order" if root is None else "shop_order_refund"
    return (order_id, kind, status, NOW - timedelta(days=100 - order_id, hours=1), root or order_id)


class Shop:
    """A source and its mirror, equal to begin with; each order has the item 10 × its id."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark
        self.orders = {number: order(number) for number in range(1, 101)}
        self.items = {10 * number: number for number in range(1, 101)}
        self.mirrored_orders, self.mirrored_items = dict(self.orders), dict(self.items)
        self.changed: list[int] = []
        self.mirrored_states: dict[int, list[str]] = {}

    def tonight(self, last: ReadCursor = LAST, reread: Reread = REREAD) -> IncrementalScope | None:
        frames: dict[str, Any] = {
            "orders": frame_from(self.spark, list(self.orders.values()), ORDERS),
            "item_keys": frame_from(self.spark, list(self.items.items()), "order_item_id bigint, order_id bigint"),
            "changed": frame_from(self.spark, [(number,) for number in self.changed], "id bigint"),
            "mirrored_orders": self.mirror(),
            "mirrored_items": frame_from(
                self.spark,
                [(item, number, self.mirrored_orders[number][4]) for item, number in self.mirrored_items.items()],
                "order_item_id bigint, order_id bigint, _root_order_id bigint",
            ),
        }
        by_spark = plan(lambda sql: self.spark.sql(sql, **frames).toArrow().to_pylist(), last, reread, NOW)
        rows = {name: frame.toArrow() for name, frame in frames.items()}
        by_duckdb = plan(lambda sql: ask(sql.format(**{name: name for name in rows}), **rows).to_pylist(), last, reread, NOW)
        assert told(by_duckdb) == told(by_spark)
        return by_duckdb

    def mirror(self) -> DataFrame:
        states = {number: self.mirrored_states.get(number, [row[2]]) for number, row in self.mirrored_orders.items()}
        rows = [(number, status, self.mirrored_orders[number][4]) for number, found in states.items() for status in found]
        return frame_from(self.spark, rows, "id bigint, status string, _root_order_id bigint")


def told(part: IncrementalScope | None) -> object:
    """A plan as values that can be compared."""
    return part and (part.roots, [condition("id") for condition in part.conditions], part.window_from, part.reread_up_to)


@pytest.fixture
def shop(spark: SparkSession) -> Shop:
    return Shop(spark)


def others(part: IncrementalScope | None) -> set[int]:
    assert part is not None
    return set(part.roots.ids)


def test_of_a_shop_where_nothing_happened_the_window_and_the_next_part_in_turn_are_read(shop: Shop) -> None:
    part = shop.tonight()
    assert part is not None
    # The tenth newest is order 91; a ninth of 90 is 10.
    assert part.roots.ranges == ((1, 10), (91, 100))
    assert (part.window_from, part.reread_up_to, others(part)) == (91, 10, set())
    assert [condition("`id`") for condition in part.conditions] == ["`id` BETWEEN 1 AND 10", "`id` BETWEEN 91 AND 100"]


def test_every_old_order_comes_in_turn_within_the_nights_that_are_set(shop: Shop) -> None:
    seen: set[int] = set()
    up_to = 0
    for _ in range(REREAD.nights):
        part = shop.tonight(ReadCursor(NOW, up_to))
        assert part is not None
        first, last = part.roots.ranges[0]
        seen |= set(range(first, last + 1))
        up_to = part.reread_up_to
    assert seen == set(range(1, 91))
    # After the last part it begins again.
    part = shop.tonight(ReadCursor(NOW, up_to))
    assert part is not None
    assert part.roots.ranges[0] == (1, 10)


def test_the_last_part_may_be_smaller_and_reaches_to_the_window(shop: Shop) -> None:
    part = shop.tonight(ReadCursor(NOW, 85))
    assert part is not None
    assert part.roots.ranges[0] == (86, 90)


def test_all_is_read_when_all_is_due(shop: Shop) -> None:
    assert shop.tonight(reread=Reread(9, 1, 0)) is None
    assert shop.tonight(reread=Reread(9, 9, 90)) is None
    assert shop.tonight(reread=Reread(1000, 9, 0)) is None
    assert shop.tonight(reread=Reread(9, 9, 89)) is not None


@pytest.mark.parametrize("sign", ["modified date", "status", "new item", "item gone", "item moved", "held back"])
def test_an_old_order_with_a_sign_of_change_is_read(shop: Shop, sign: str) -> None:
    last = LAST
    if sign == "modified date":
        shop.changed = [50]
    elif sign == "status":
        shop.orders[50] = order(50, "wc-refunded")
    elif sign == "new item":
        shop.items[7777] = 50
    elif sign == "item gone":
        del shop.items[500]
    elif sign == "item moved":
        shop.items[500] = 51
    else:
        last = ReadCursor(NOW, 0, frozenset({50}))
    part = shop.tonight(last)
    assert others(part) == ({50, 51} if sign == "item moved" else {50})
    assert part is not None
    assert "50" in part.conditions[-1]("`id`")


def test_a_change_that_a_run_mirrored_before_it_died_is_still_a_sign(shop: Shop) -> None:
    # The mirror of orders has the status already, and what hangs on the order was not reached: the state before tells.
    shop.orders[50] = order(50, "wc-refunded")
    shop.mirrored_states[50] = ["wc-completed", "wc-refunded"]
    assert others(shop.tonight()) == {50}


def test_a_deleted_order_is_in_the_scope_though_there_is_nothing_to_read(shop: Shop) -> None:
    del shop.orders[50]
    del shop.items[500]
    part = shop.tonight()
    assert part is not None
    assert others(part) == {50}
    assert [condition("`id`") for condition in part.conditions] == ["`id` BETWEEN 1 AND 10", "`id` BETWEEN 91 AND 100"]


def test_with_an_order_its_refunds_are_read_and_with_a_refund_its_order_and_the_other_refunds(shop: Shop) -> None:
    # Refund 60 of order 50 is old; refund 99 of it is in the window.
    for refund in (60, 99):
        shop.orders[refund] = shop.mirrored_orders[refund] = order(refund, root=50)
    part = shop.tonight()
    assert others(part) == {50}
    assert part is not None
    assert part.conditions[-1]("`order_id`") == "`order_id` IN (50, 60)"


def test_a_refund_of_an_order_in_tonights_part_is_read_with_it(shop: Shop) -> None:
    shop.orders[60] = shop.mirrored_orders[60] = order(60, root=5)
    part = shop.tonight()
    assert part is not None
    assert part.conditions[-1]("`id`") == "`id` IN (60)"
    assert others(part) == set()


def test_a_refund_that_moved_to_another_order_brings_both(shop: Shop) -> None:
    shop.mirrored_orders[60], shop.orders[60] = order(60, root=50), order(60, root=51)
    assert others(shop.tonight()) == {50, 51}


def test_an_old_order_with_a_new_date_does_not_widen_the_window(shop: Shop) -> None:
    shop.orders[3] = (3, "shop_order", "wc-completed", NOW - timedelta(days=1), 3)
    part = shop.tonight()
    assert part is not None
    # Eleven orders have a date of the last days: the eleven highest ids, not all from 3 on.
    assert part.window_from == 90


def test_a_date_in_the_future_does_not_empty_the_window(shop: Shop) -> None:
    shop.orders[100] = (100, "shop_order", "wc-completed", NOW + timedelta(days=4000), 100)
    part = shop.tonight()
    assert part is not None
    # Nine days before the clock, since the newest date is no time that has been: eight orders and the strange one.
    assert part.window_from == 92


def test_an_orphan_item_is_not_a_sign_of_change_every_night(shop: Shop) -> None:
    shop.items[8888] = 5000
    assert others(shop.tonight()) == set()


def test_too_many_changed_orders_are_read_with_all_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.bronze.reading_plan.KEYS_AT_MOST", 2)
    shop.changed = [40, 41]
    assert others(shop.tonight()) == {40, 41}
    shop.changed = [40, 41, 42]
    assert shop.tonight() is None


def test_an_empty_shop_is_read_whole(shop: Shop) -> None:
    shop.orders, shop.items = {}, {}
    assert shop.tonight() is None


def test_long_ranges_are_cut_by_the_number_of_orders_not_by_ids(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.bronze.reading_plan.ORDERS_A_RANGE", 4)
    shop.orders[10_000] = shop.mirrored_orders[10_000] = (10_000, "shop_order", "wc-completed", NOW, 10_000)
    part = shop.tonight(reread=Reread(9, 9, 0))
    assert part is not None
    texts = [condition("id") for condition in part.conditions]
    # Ten orders of the window (92..100 and 10,000) in three pieces without a gap between them.
    assert texts[-3:] == ["id BETWEEN 92 AND 95", "id BETWEEN 96 AND 98", "id BETWEEN 99 AND 10000"]


def test_single_orders_are_asked_for_in_lists() -> None:
    conditions = [condition("id") for condition in single_orders(range(1500, 0, -1))]
    assert [text.count(",") + 1 for text in conditions] == [1000, 500]
    assert conditions[0].startswith("id IN (1, 2, ")


@pytest.mark.parametrize(("orders", "at_least", "whole"), [(20_000, 5_000, True), (20_001, 5_000, False), (1, 0, False)])
def test_a_shop_of_four_times_the_orders_of_a_night_is_read_whole(orders: int, at_least: int, whole: bool) -> None:
    assert is_read_whole(orders, at_least) is whole

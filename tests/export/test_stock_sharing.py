"""Who is shown what there is too little of."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.export.stock.limits import Product, Taken
from lakehouse.export.stock.sharing import BUCKET_BITS, HASH_BITS, granted, lost, share_out, with_turns
from lakehouse.export.stock.shown_products import SAMPLE, TABLE, bought, counted, taken

pytestmark = pytest.mark.spark
DAY, AT = date(2026, 11, 18), datetime(2026, 11, 18, 3, tzinfo=UTC)
PLACES = "list_shop string, customer_key string, rank int, product_id bigint"
CUSTOMERS, LENGTH, SLOTS = 60, 7, 3


def random_places(spark: SparkSession) -> DataFrame:
    """Lists that all begin with the same few products, as those of a shop with a few best sellers do."""
    rows = []
    for number in range(CUSTOMERS):
        products = sorted(range(12), key=lambda product: (product // 3, (number * 7 + product * 5) % 11))
        rows += [("nl", f"c{number}", 2 * rank, product) for rank, product in enumerate(products[:LENGTH], 1)]
    return with_turns(frame_from(spark, rows, PLACES), DAY)


def one_after_the_other(turns: Mapping[tuple[str, int], int], limits: Mapping[int, int], slots: int) -> set[tuple[str, int]]:
    """The same by its textbook form: a customer at a time asks for the next best product, which drops who is last."""
    lists: dict[str, list[int]] = {}
    for (customer, product), _ in sorted(turns.items(), key=lambda item: item[1] >> HASH_BITS):
        lists.setdefault(customer, []).append(product)
    held: dict[int, list[str]] = {}
    waiting = [customer for customer in lists for _ in range(slots)]
    while waiting:
        customer = waiting.pop()
        if not lists[customer]:
            continue
        product = lists[customer].pop(0)
        has = held.setdefault(product, [])
        has.append(customer)
        if len(has) > limits.get(product, CUSTOMERS):
            last = max(has, key=lambda other: turns[other, product])
            has.remove(last)
            waiting.append(last)
    return {(customer, product) for product, customers in held.items() for customer in customers}


def pairs(frame: DataFrame) -> set[tuple[str, int]]:
    return {(row["customer_key"], row["product_id"]) for row in frame.collect()}


def test_places_are_shared_out_as_by_one_customer_after_the_other_and_no_limit_is_passed(spark: SparkSession) -> None:
    places = random_places(spark).cache()
    turns = {(row["customer_key"], row["product_id"]): row["turn"] for row in places.collect()}
    few = {0: 10, 1: 25, 2: 0, 3: 30, 4: 12, 5: 40, 6: 20}
    limits: dict[Product, int] = {("nl", product): number for product, number in few.items()}
    cutoffs = share_out(places, limits, SLOTS)
    shown = pairs(granted(places, cutoffs, SLOTS))
    assert cutoffs.asked == cutoffs.after
    assert shown == one_after_the_other(turns, few, SLOTS)
    counted = Counter(product for _, product in shown)
    assert all(counted[product] <= number for product, number in few.items())
    assert (counted[0], counted[1], counted[2]) == (10, 25, 0)
    # What is lost is what the first three places would have shown: those of the first three products.
    wanted = {pair for pair in turns if pair[1] in (0, 1, 2)}
    assert pairs(lost(places, cutoffs, SLOTS)) == wanted - shown
    # A round that was not enough leaves places empty, and passes no limit either.
    once = share_out(places, limits, SLOTS, rounds=1)
    hurried = pairs(granted(places, once, SLOTS))
    counted = Counter(product for _, product in hurried)
    assert all(counted[product] <= number for product, number in few.items())
    assert len(hurried) < len(shown)
    places.unpersist()


def test_who_has_a_product_higher_on_the_list_comes_first_and_a_tie_is_drawn_anew_each_day(spark: SparkSession) -> None:
    rows = [("nl", f"first{number}", 1, 7) for number in range(3)] + [("nl", f"second{number}", 2, 7) for number in range(40)]
    frame = frame_from(spark, rows, PLACES)
    winners = []
    for day in (DAY, date(2026, 11, 19)):
        places = with_turns(frame, day)
        winners.append(pairs(granted(places, share_out(places, {("nl", 7): 5}, 1), 1)))
    assert [len(found) for found in winners] == [5, 5]
    assert all({("first0", 7), ("first1", 7), ("first2", 7)} < found for found in winners)
    assert winners[0] != winners[1]


def test_what_the_sample_bought_within_a_week_is_counted_in_pieces(spark: SparkSession) -> None:
    shown = frame_of(
        spark,
        TABLE,
        [
            {"run_id": "r1", "shop_code": "nl", "product_id": 1, "shown_at": AT, "sample_keys": ["a", "b", "c"]},
            {"run_id": "r2", "shop_code": "nl", "product_id": 1, "shown_at": AT + timedelta(days=1), "sample_keys": ["a"]},
            {"run_id": "r1", "shop_code": "nl", "product_id": 2, "shown_at": AT, "sample_keys": ["d"]},
        ],
    )
    hours = [("a", 1, 30, "2"), ("b", 1, 167, "0.5"), ("b", 1, 168, "9"), ("c", 1, -1, "9"), ("a", 2, 5, "9"), ("c", 1, 5, "-1")]
    sold = [("nl", key, product, AT + timedelta(hours=hour), Decimal(pieces)) for key, product, hour, pieces in hours]
    schema = "shop_code string, customer_key string, product_id bigint, ordered_at timestamp, net_quantity decimal(28,4)"
    found = taken([row.asDict() for row in bought(shown, frame_from(spark, sold, schema)).collect()])
    # a's two pieces count for both packs. b's nine came a week later, c's before; a was not shown product 2; c gave back what c had before.
    assert found == {("nl", 1): Taken(4, Decimal("4.5")), ("nl", 2): Taken(1, Decimal(0))}


def test_of_many_recipients_a_sample_is_kept_and_the_held_out_are_not_counted(spark: SparkSession) -> None:
    rows = [("nl", f"c{number}", 1, number % 10 == 0) for number in range(2000)]
    shown = frame_from(spark, rows, "list_shop string, customer_key string, product_id bigint, is_held_out boolean")
    gone = frame_from(spark, [("nl", "c1", 1), ("nl", "c1", 2)], "list_shop string, customer_key string, product_id bigint")
    found = {row["product_id"]: row for row in counted(shown, gone, 10 * SAMPLE, DAY).collect()}
    assert (found[1]["shown_count"], found[1]["clipped_count"]) == (1800, 1)
    assert (found[2]["shown_count"], found[2]["clipped_count"], found[2]["sample_keys"]) == (0, 1, [])
    # A tenth of 1,800, and five standard deviations of 13.
    assert 115 < len(found[1]["sample_keys"]) < 245 and "c0" not in found[1]["sample_keys"]


@pytest.mark.slow
def test_what_a_hundred_thousand_want_is_counted_in_buckets_and_cut_exactly(spark: SparkSession) -> None:
    everybody = 100_000
    one = spark.range(everybody).select(
        F.lit("nl").alias("list_shop"),
        F.sha2(F.col("id").cast("string"), 256).alias("customer_key"),
        F.lit(1).alias("rank"),
        F.lit(1).alias("product_id"),
    )
    other = one.withColumns({"rank": F.lit(2), "product_id": F.lit(2)})
    places = with_turns(one.union(other).withColumn("product_id", F.col("product_id").cast("bigint")), DAY).cache()
    turns = places.where("rank = 1").select(F.shiftright("turn", HASH_BITS - BUCKET_BITS).alias("bucket")).groupBy("bucket").count()
    (row,) = turns.agg(F.count("*").alias("buckets"), F.max("count").alias("most")).collect()
    # A thousandth each, so that what one task puts into an order is small.
    assert row["buckets"] == 2**BUCKET_BITS and row["most"] < 200
    limits: dict[Product, int] = {("nl", 1): 33_333, ("nl", 2): 50_001}
    cutoffs = share_out(places, limits, 1)
    counted = {row["product_id"]: row["count"] for row in granted(places, cutoffs, 1).groupBy("product_id").count().collect()}
    assert counted == {1: 33_333, 2: 50_001}
    places.unpersist()

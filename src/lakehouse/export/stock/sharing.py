"""Who is shown a product that not everybody can be shown: first come those who want it most, and who loses it gets the next best.

Deferred acceptance (Gale and Shapley, College Admissions and the Stability of Marriage, 1962) with customers who ask for as many products
as a campaign has slots. In each round everybody asks for the best places of the list that are not closed to them. A product that too many
ask for keeps those whose turn is first: by the place that it has on their lists, then by a hash of customer, product and run date. It stays
closed to all others. That goes on until no product is asked for by too many. What a product does is therefore said by one number, its
cutoff: the turn of the first who does not get it. Cutoffs only fall, so the end does not depend on how rows lie.

Cutoffs are few and are the driver's. Places stay where they are. A product that a million customers ask for goes through nobody's memory:
askers are counted by product and bucket of turns, the counts add up to the bucket in which the cutoff is, and only the askers of that
bucket (a thousandth of those who have the product at the same place) are put into an order. A plain window over all askers of a product
would give all of them to one task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.export.places import LIST_OWNER
from lakehouse.export.stock.limits import Product

# After so many rounds who lost a place gets no other one: it stays empty, and no product is shown to more than its limit.
ROUNDS = 20
# A turn is the place on the list, and below it so many bits of the hash. The first bits of the hash are those of its bucket.
HASH_BITS, BUCKET_BITS = 56, 10
ON_LIST = ["list_shop", "product_id"]


@dataclass(frozen=True)
class Cutoffs:
    """By product the turn of the first who does not get it. `asked`: those by which the last round was asked; `after`: what it came to."""

    asked: Mapping[Product, int]
    after: Mapping[Product, int]


NOBODY_LOSES = Cutoffs({}, {})


def with_turns(places: DataFrame, day: date) -> DataFrame:
    """`places` (LIST_OWNER, rank, product_id) with `turn`: who has the lower one is shown the product first."""
    draw = F.shiftrightunsigned(F.xxhash64(F.lit(day.isoformat()), *LIST_OWNER, "product_id"), 64 - HASH_BITS)
    return places.withColumn("turn", F.shiftleft(F.col("rank").cast("bigint"), HASH_BITS).bitwiseOR(draw))


def share_out(places: DataFrame, limits: Mapping[Product, int], slots: int, rounds: int = ROUNDS) -> Cutoffs:
    """The cutoffs by which no product of `limits` is shown to more customers than that. `places`: with turns, cached, of all who take part.

    One job of Spark a round.
    """
    asked: dict[Product, int] = {}
    after = asked
    for _ in range(rounds):
        asked = after
        closed = _new_cutoffs(_asked(places, asked, slots), limits)
        after = {**asked, **closed}
        if not closed:
            break
    return Cutoffs(asked, after)


def granted(places: DataFrame, cutoffs: Cutoffs, slots: int) -> DataFrame:
    """Of `places` (with turns) those that are shown: at most `slots` of each list. Other columns stay, `turn` goes."""
    found = _asked(places, cutoffs.asked, slots)
    return (found if cutoffs.asked == cutoffs.after else _open(found, cutoffs.after)).drop("turn")


def lost(places: DataFrame, cutoffs: Cutoffs, slots: int) -> DataFrame:
    """Of `places` (with turns) those among the first `slots` of their lists that are not shown."""
    if not cutoffs.after:
        return places.where(F.lit(False)).drop("turn")
    first = _asked(places, {}, slots)
    return first.join(F.broadcast(_frame(first, cutoffs.after, "cutoff")), ON_LIST).where("turn >= cutoff").drop("cutoff", "turn")


def _asked(places: DataFrame, cutoffs: Mapping[Product, int], slots: int) -> DataFrame:
    best = Window.partitionBy(*LIST_OWNER).orderBy("rank")
    return _open(places, cutoffs).withColumn("_slot", F.row_number().over(best)).where(F.col("_slot") <= slots).drop("_slot")


def _open(places: DataFrame, cutoffs: Mapping[Product, int]) -> DataFrame:
    if not cutoffs:
        return places
    known = places.join(F.broadcast(_frame(places, cutoffs, "cutoff")), ON_LIST, "left")
    return known.where("cutoff is null or turn < cutoff").select(*places.columns)


def _new_cutoffs(asked: DataFrame, limits: Mapping[Product, int]) -> dict[Product, int]:
    """Of each product that more ask for than its limit the turn of the first one too many.

    Of two who have the same turn there neither gets it.
    """
    askers = asked.join(F.broadcast(_frame(asked, limits, "most")), ON_LIST).withColumn("bucket", _bucket())
    earlier = Window.partitionBy(*ON_LIST).orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    counted = askers.groupBy(*ON_LIST, "most", "bucket").agg(F.count("*").alias("askers"))
    room = F.col("most") - F.coalesce(F.sum("askers").over(earlier), F.lit(0))
    last = counted.withColumn("room", room).where("room >= 0 and askers > room").select(*ON_LIST, "bucket", "room")
    in_order = Window.partitionBy(*ON_LIST).orderBy("turn", "customer_key")
    one_too_many = (
        askers.join(F.broadcast(last), [*ON_LIST, "bucket"])
        .withColumn("place", F.row_number().over(in_order))
        .where("place = room + 1")
        .select(*ON_LIST, "turn")
    )
    return {(row["list_shop"], row["product_id"]): row["turn"] for row in one_too_many.collect()}


def _bucket() -> SparkColumn:
    return F.shiftright("turn", HASH_BITS - BUCKET_BITS)


def _frame(like: DataFrame, numbers: Mapping[Product, int], name: str) -> DataFrame:
    rows = [(*product, number) for product, number in sorted(numbers.items())]
    return frame_from(like.sparkSession, rows, f"list_shop string, product_id bigint, {name} bigint")

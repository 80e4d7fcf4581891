"""Past and future: what is known, and what was bought after it. Everything that is learned comes from `known` alone."""

from typing import NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER, PAIR
from lakehouse.gold.purchases import Clock, as_of

# Of 100 pairs held out where no customer buys a product twice.
HELD_OUT = 20


class Fold(NamedTuple):
    """`known`: purchases as of the cut, with age and is_recent. `truth`: the pairs bought after it (shop, customer, product)."""

    known: DataFrame
    truth: DataFrame


def window(bought: DataFrame, cut: float, length: float, clock: Clock) -> Fold:
    """Known is what was bought before the cut, truth what was bought in the `length` days (or baskets) from it on."""
    after = bought.where((F.col("order_day") >= cut) & (F.col("order_day") < cut + length))
    return _fold(as_of(bought, cut, clock), after)


def held_out(bought: DataFrame, clock: Clock, seed: int) -> Fold:
    """For data without a common date: each customer's last basket or, where hardly a product is ever bought again, a fifth of the pairs."""
    if rebuys(bought):
        last = Window.partitionBy(*CUSTOMER)
        marked = bought.withColumn("is_after", F.col("order_day") == F.max("order_day").over(last))
    else:
        marked = bought.withColumn("is_after", F.pmod(F.xxhash64(*PAIR, F.lit(seed)), F.lit(100)) < HELD_OUT)
    return _fold(everything(marked.where("not is_after").drop("is_after"), clock), marked.where("is_after"))


def rebuys(bought: DataFrame) -> bool:
    """Whether one pair in twenty was bought in more than one order."""
    pairs = bought.groupBy(*PAIR).agg((F.count("*") > 1).cast("int").alias("again"))
    share = pairs.agg(F.avg("again")).first()
    return bool(share and (share[0] or 0) >= 0.05)


def everything(bought: DataFrame, clock: Clock) -> DataFrame:
    """All purchases as of the moment after the last one."""
    if clock.unit == "baskets":
        return as_of(bought, None, clock)
    last = bought.agg(F.max("order_day")).first()
    return as_of(bought, float(last[0] or 0) + 1e-9 if last else 0.0, clock)


def _fold(known: DataFrame, after: DataFrame) -> Fold:
    return Fold(known, judgeable(after.groupBy(*PAIR).agg(F.sum("net_quantity").alias("n")).where("n > 0 and product_id > 0"), known))


def judgeable(pairs: DataFrame, known: DataFrame) -> DataFrame:
    """Pairs whose customer and product are known: nothing else can be proposed or judged."""
    products = known.where("net_quantity > 0").select("shop_code", "product_id").distinct()
    customers = known.where("net_quantity > 0").select(*CUSTOMER).distinct()
    return pairs.select(*PAIR).distinct().join(products, ["shop_code", "product_id"], "left_semi").join(customers, CUSTOMER, "left_semi")

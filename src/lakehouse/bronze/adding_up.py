"""Which orders may have been read half before and half after a change, where tables are read moments apart."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.checksum import PARTS, row_hash
from lakehouse.expressions import money
from lakehouse.sources.source import ROOT_ORDER

ROOT = ROOT_ORDER.name
# WooCommerce rounds tax by line or by order; more than a cent for each item is no rounding.
CENT = 0.01
AMOUNTS = ("_line_total", "_line_tax")


def not_adding_up(orders: DataFrame, operational: DataFrame, items: DataFrame, item_meta: DataFrame) -> DataFrame:
    """(_order_id) of orders whose total is not that of their lines, fees and shipping, or whose lines have no amount.

    Refunds of an amount have no lines: they are passed over. Some orders never add up (store credit, a total written by hand),
    so this is a suspicion, which a second reading settles.
    """
    charged = items.where(F.col("order_item_type").isin("line_item", "fee")).select("order_id", "order_item_id")
    amounts = item_meta.where(F.col("meta_key").isin(*AMOUNTS)).groupBy("order_item_id")
    by_item = amounts.agg(F.sum(money(F.col("meta_value"))).alias("amount"), F.count("*").alias("keys"))
    sums = (
        charged.join(by_item, "order_item_id", "left")
        .groupBy("order_id")
        .agg(F.sum("amount").alias("lines"), F.count("*").alias("n"), F.min(F.coalesce("keys", F.lit(0))).alias("keys"))
    )
    shipping = operational.select(
        "order_id", (_or_zero("shipping_total_amount") + _or_zero("shipping_tax_amount")).alias("shipping"), F.lit(True).alias("known")
    )
    rest = _or_zero("total_amount") - _or_zero("lines") - _or_zero("shipping")
    is_torn = (F.abs(rest) > CENT * (F.coalesce("n", F.lit(0)) + 1)) | (F.col("keys") < len(AMOUNTS)) | F.col("known").isNull()
    is_amount_only = (F.col("type") == "shop_order_refund") & F.col("n").isNull()
    found = orders.withColumnRenamed("id", "order_id").join(sums, "order_id", "left").join(shipping, "order_id", "left")
    return found.where(F.coalesce(is_torn, F.lit(True)) & ~is_amount_only).select(ROOT).distinct()


def without_row(heads: DataFrame, orders: DataFrame) -> DataFrame:
    """(_order_id) of orders that were there at the beginning of the read and had no row any more when it came to them."""
    return heads.join(orders.select(F.col("id").alias("order_id")), "order_id", "left_anti").select(ROOT).distinct()


def differing(first: dict[str, DataFrame], second: dict[str, DataFrame]) -> DataFrame:
    """(_order_id) of orders of which two readings are not the same, over all tables: their rows' checksums differ."""
    sides = [
        _signed(number, frame.select(first[name].columns), sign)
        for number, name in enumerate(first)
        for sign, frame in ((1, first[name]), (-1, second[name]))
    ]
    by_order = reduce(DataFrame.unionAll, sides).groupBy(ROOT).agg(*(F.sum(part).alias(part) for part in PARTS))
    return by_order.where(" or ".join(f"{part} <> 0" for part in PARTS)).select(ROOT)


def _signed(table: int, frame: DataFrame, sign: int) -> DataFrame:
    """(_order_id, parts of the row's hash), negative for the second reading."""
    parts = zip(PARTS, row_hash(frame.columns, F.lit(table)), strict=True)
    return frame.select(ROOT, *((part * F.lit(sign)).alias(name) for name, part in parts))


def _or_zero(name: str) -> Column:
    return F.coalesce(F.col(name), F.lit(0))

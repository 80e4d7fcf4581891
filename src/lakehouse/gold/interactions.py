"""Who bought what, how often and how recently: the input of every recommendation."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import PAIR
from lakehouse.gold.purchases import BOUGHT_IN, Clock, as_of, evening, purchases
from lakehouse.silver import customers
from lakehouse.table import DOUBLE, LONG, QUANTITY, STRING, TIMESTAMP, Column, Reference, Rule, Table

TABLE = Table(
    name="gold.interactions",
    grain="one customer and one product of one shop, with something left after refunds",
    key=tuple(PAIR),
    columns=(
        BOUGHT_IN,
        Column("customer_key", STRING, "the customer"),
        Column("product_id", LONG, "the product; 0 if unknown"),
        Column("order_count", LONG, "distinct sale orders with the product, up to the run date"),
        Column("net_quantity", QUANTITY, "ordered less refunded; more than 0"),
        Column("first_ordered_at", TIMESTAMP, "UTC"),
        Column("last_ordered_at", TIMESTAMP, "UTC"),
        Column("recency_days", DOUBLE, "age of the last of these orders in days (shop's time zone), as of the run date"),
        Column("weight", DOUBLE, "sum over its orders of 2^(-age in days / half-life), as of the run date; 9 decimals"),
    ),
    rules=(
        Rule("order_count_is_positive", "order_count >= 1"),
        Rule("net_quantity_is_positive", "net_quantity > 0"),
        Rule("recency_is_not_negative", "recency_days >= 0 and not isnan(recency_days)"),
        Rule("weight_is_at_most_one_an_order", "weight between 0 and order_count"),
        Rule("first_order_is_not_after_the_last", "first_ordered_at <= last_ordered_at"),
    ),
    # A user of the app whom no shop knows is a customer of the app alone.
    references=(Reference(("customer_key",), customers.TABLE),),
)


def build(
    orders: DataFrame,
    order_lines: DataFrame,
    refund_lines: DataFrame,
    customer_identities: DataFrame,
    *,
    run_date: date,
    half_life_days: float,
    feed_shop: str,
) -> DataFrame:
    """Sale orders up to the end of the run date (shop's day), net of their refund lines."""
    bought = purchases(orders, order_lines, refund_lines, customer_identities, feed_shop=feed_shop)
    return weighed(as_of(bought, evening(run_date), Clock()), half_life_days)


def weighed(known: DataFrame, half_life: float) -> DataFrame:
    """One row per pair of purchases as of a moment; ages and half-life in the same unit.

    A column `given_weight`, summed, takes the place of the decayed weight.
    """
    given = "given_weight" in known.columns
    weight = F.col("given_weight") if given else F.pow(F.lit(2.0), -F.col("age") / F.lit(half_life))
    return (
        known.groupBy(*PAIR)
        .agg(
            F.count("order_id").alias("order_count"),
            F.sum("net_quantity").alias("net_quantity"),
            F.min("ordered_at").alias("first_ordered_at"),
            F.max("ordered_at").alias("last_ordered_at"),
            F.min("age").alias("recency_days"),
            # A sum of doubles depends on the order of rows in its last digits.
            F.round(F.sum(weight), 9).alias("weight"),
        )
        .where("net_quantity > 0")
    )


def span_days() -> SparkColumn:
    """Of rows of the table: whole days from the first to the last order (UTC); null where there are no dates."""
    return F.datediff("last_ordered_at", "first_ordered_at")

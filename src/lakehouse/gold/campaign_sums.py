"""Sums over the members of a campaign, by part and arm. The statistics of a campaign need only these, not its million members."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze.campaign_members import ARMS, CONTROL, TREATMENT
from lakehouse.gold.campaign_orders import FEEDBACK
from lakehouse.table import MONEY

ALL, UNKNOWN = "*", "unknown"
REVENUE, ORDERS = "revenue", "orders"
# Amounts have four decimals, so their squares fit a decimal. Sums are then exact, and the same in any order of rows.
EXACT = "decimal(18,4)"
SUMS = ("count", "y", "yy", "x", "xx", "xy")


def summed(members: DataFrame) -> DataFrame:
    """One row for each campaign, part, currency, measure (revenue, orders) and arm.

    `members` is the frame of `campaign_orders.with_orders_and_feedback`. A part (`_part`) is everybody, or one shop, country, segment or
    list. SUMS: `count` of members; sums of y (after the assignment), x (before it), of their squares and of their product.
    """
    values = {
        "all": F.lit(ALL),
        "shop": F.col("shop_code"),
        "country": F.coalesce("country_code", F.lit(UNKNOWN)),
        "segment": F.col("segment"),
        "list": F.coalesce("list_name", F.lit(UNKNOWN)),
    }
    parts = F.array(*(F.struct(F.lit(name).alias("dimension"), value.alias("dimension_value")) for name, value in values.items()))
    measures = F.array(
        _measure(REVENUE, F.col("revenue"), F.col("revenue_before")), _measure(ORDERS, F.col("orders"), F.col("orders_before"))
    )
    y, x = F.col("_measure.y"), F.col("_measure.x")
    products = {"y": y, "yy": y * y, "x": x, "xx": x * x, "xy": x * y}
    return (
        members.withColumn("currency_code", F.coalesce("currency_code", F.lit(UNKNOWN)))
        .withColumn("_measure", F.explode(measures))
        .withColumn("_part", F.explode(parts))
        .groupBy("campaign", "_part", "currency_code", F.col("_measure.measure").alias("measure"), "arm")
        .agg(
            F.count("*").alias("count"),
            *(F.sum(of).alias(name) for name, of in products.items()),
            F.count_if(F.col("orders") > 0).alias("buyers"),
            F.sum("foreign_orders").alias("foreign"),
            F.sum("control_share").cast("double").alias("expected"),
            F.min("assigned_at").alias("first"),
            F.max("assigned_at").alias("last"),
            F.max("last_sold_at").alias("sold"),
            *(F.count_if(flag).alias(flag) for flag in FEEDBACK),
        )
    )


def _measure(name: str, after: SparkColumn, before: SparkColumn) -> SparkColumn:
    return F.struct(F.lit(name).alias("measure"), after.cast(EXACT).alias("y"), before.cast(EXACT).alias("x"))


def by_part(arms: DataFrame) -> DataFrame:
    """One row for each part, with both arms: columns of gold.campaign_results, and SUMS with the prefix t_ (treatment) or c_ (control)."""
    numbers = [name for name in arms.columns if name not in ("campaign", "_part", "currency_code", "measure", "arm")]
    one = {arm: F.max(F.when(F.col("arm") == arm, F.struct(*numbers))).alias(arm) for arm in ARMS}
    together = arms.groupBy("campaign", "_part", "currency_code", "measure").agg(*one.values())
    t, c = ({name: F.col(f"{arm}.{name}") for name in numbers} for arm in (TREATMENT, CONTROL))

    def both(name: str) -> SparkColumn:
        return F.coalesce(t[name], F.lit(0)) + F.coalesce(c[name], F.lit(0))

    counted = {f"{flag.removeprefix('is_')}_count": t[flag] for flag in FEEDBACK}
    counts = {
        "treatment_count": t["count"],
        "control_count": c["count"],
        **counted,
        "control_delivered_count": c["is_delivered"],
        "treatment_buyer_count": t["buyers"],
        "control_buyer_count": c["buyers"],
    }
    sums = {f"{arm}_{name}": of[name] for arm, of in (("t", t), ("c", c)) for name in SUMS}
    totals = {"treatment_total": t["y"].cast(MONEY), "control_total": c["y"].cast(MONEY)}
    return together.select(
        "campaign",
        F.col("_part.dimension").alias("dimension"),
        F.col("_part.dimension_value").alias("dimension_value"),
        "currency_code",
        "measure",
        F.least(t["first"], c["first"]).alias("first_assigned_at"),
        F.greatest(t["last"], c["last"]).alias("last_assigned_at"),
        F.greatest(t["sold"], c["sold"]).alias("_sold"),
        both("foreign").alias("foreign_order_count"),
        both("expected").alias("expected_control_count"),
        *(F.coalesce(of, F.lit(0)).alias(name) for name, of in {**counts, **sums, **totals}.items()),
    )

"""`bronze.campaign_products`: how many customers a pack showed a product whose stock is counted, and a sample of who they are.

The night's later campaigns read from it what is promised already, later nights what is bought by those who were shown a product.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lakehouse.export.frequency import PackName
from lakehouse.export.places import LIST_OWNER
from lakehouse.export.stock.limits import Limit, Product, Taken
from lakehouse.export.stock.sharing import ON_LIST
from lakehouse.gold.keys import PRODUCT
from lakehouse.ops.packs import PackRecord
from lakehouse.table import DATE, LONG, QUANTITY, STRING, TIMESTAMP, Column, Rule, Table

# What is bought so many days after a product was shown counts as taken. Packs of so many days are learned from, and then forgotten.
TAKE_DAYS, KEPT_DAYS = 7, 35
# Recipients of a pack who are in its sample, about. A rate needs no more, and a million customers by eight products each night would be.
SAMPLE, STEPS = 20_000, 10_000
PIECES = Decimal("0.0001")

TABLE = Table(
    name="bronze.campaign_products",
    grain=f"one product whose stock is counted in one pack of the last {KEPT_DAYS} days; also of packs that never appeared",
    key=("campaign", "run_id", "shop_code", "product_id"),
    columns=(
        Column("campaign", STRING, "name of the campaign"),
        Column("run_date", DATE, "as-of date of the pack"),
        Column("run_id", STRING, "id of the run that made it"),
        Column("shop_code", STRING, "the shop whose product it is"),
        Column("product_id", LONG, "the product"),
        Column("shown_at", TIMESTAMP, "from when on orders count, within the run date, UTC"),
        Column("customer_limit", LONG, "how many customers may be shown it, after what the night's earlier packs promised"),
        Column("shown_count", LONG, "recipients who are shown it; who is held out takes part in the sharing and is not counted here"),
        Column("clipped_count", LONG, "recipients and held-out who would be shown it if there were enough, and are shown the next best"),
        Column("promised_quantity", QUANTITY, "pieces that those who are shown it are expected to buy"),
        Column("sample_keys", ArrayType(STRING), "customer keys of a sample of those who are shown it, drawn anew for each pack"),
    ),
    rules=(Rule("no_more_are_shown_it_than_may_be", "shown_count between 0 and customer_limit"),),
    optional=True,
    may_be_empty=True,
)


def counted(shown: DataFrame, lost: DataFrame, recipients: int, day: date) -> DataFrame:
    """shop_code, product_id, shown_count, clipped_count, sample_keys, one row per product.

    `shown` and `lost`: LIST_OWNER and product_id of the places of all who take part; `shown` with `is_held_out`. `recipients`: of the pack.
    """
    share = min(STEPS, -(-STEPS * SAMPLE // max(recipients, 1)))
    is_drawn = F.pmod(F.xxhash64(F.lit(day.isoformat()), *LIST_OWNER), F.lit(STEPS)) < share
    is_shown = F.lit(1).alias("shown_count")
    kept = shown.where(~F.col("is_held_out")).select(
        *ON_LIST, is_shown, F.lit(0).alias("clipped_count"), F.when(is_drawn, F.col("customer_key")).alias("drawn")
    )
    clipped = lost.select(*ON_LIST, F.lit(0), F.lit(1), F.lit(None).cast("string"))
    return (
        kept.union(clipped)
        .groupBy(F.col("list_shop").alias("shop_code"), "product_id")
        .agg(
            F.sum("shown_count").alias("shown_count"),
            F.sum("clipped_count").alias("clipped_count"),
            F.sort_array(F.collect_list("drawn")).alias("sample_keys"),
        )
    )


def records(counts: Collection[Mapping[str, Any]], limits: Mapping[Product, Limit], said: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """Rows of the table from those of `counted`. `said`: campaign, run_date, run_id and shown_at."""
    for row in sorted(counts, key=_product):
        limit = limits[_product(row)]
        yield {
            **said,
            **row,
            "customer_limit": limit.customers,
            "promised_quantity": (row["shown_count"] * limit.rate).quantize(PIECES, ROUND_CEILING),
        }


def promised(rows: Collection[Mapping[str, Any]]) -> dict[Product, Decimal]:
    """By product the pieces that packs promised, from their rows."""
    found: dict[Product, Decimal] = {}
    for row in rows:
        found[_product(row)] = found.get(_product(row), Decimal(0)) + row["promised_quantity"]
    return found


def learned_packs(campaigns: Collection[str], made: Collection[PackRecord], run_date: date) -> list[PackName]:
    """Packs of these campaigns whose TAKE_DAYS are over on that date and that are not forgotten, of each date the campaign's newest."""
    last, first = run_date - timedelta(days=TAKE_DAYS + 1), run_date - timedelta(days=KEPT_DAYS)
    known = [record for record in made if record.campaign in campaigns and first <= record.run_date <= last]
    newest = {(record.campaign, record.run_date): record.run_id for record in sorted(known, key=lambda record: record.recorded_at)}
    return [(campaign, day.isoformat(), run_id) for (campaign, day), run_id in sorted(newest.items())]


def bought(products: DataFrame, purchases: DataFrame) -> DataFrame:
    """shop_code, product_id, `shown` (bigint) and `pieces` (decimal): of rows of the table what was shown to their samples, and what those
    bought of it (gold/purchases.py) within TAKE_DAYS days, less what they gave back."""
    each = products.select(*PRODUCT, "shown_at", F.explode("sample_keys").alias("customer_key"))
    own = [*PRODUCT, "customer_key"]
    known = purchases.select(*own, "ordered_at", F.col("net_quantity").cast(QUANTITY).alias("pieces"))
    is_after = (F.col("ordered_at") >= F.col("shown_at")) & (F.col("ordered_at") < F.col("shown_at") + F.make_dt_interval(F.lit(TAKE_DAYS)))
    pieces = F.sum(F.greatest("pieces", F.lit(0))).alias("pieces")
    sold = each.join(known, own).where(is_after).groupBy(*PRODUCT).agg(pieces)
    shown = each.groupBy(*PRODUCT).agg(F.count("*").alias("shown"))
    return shown.join(sold, PRODUCT, "left").select(*PRODUCT, "shown", F.coalesce("pieces", F.lit(0)).alias("pieces"))


def taken(rows: Collection[Mapping[str, Any]]) -> dict[Product, Taken]:
    """Rows of `bought`, by product."""
    return {_product(row): Taken(row["shown"], row["pieces"]) for row in rows}


def _product(row: Mapping[str, Any]) -> Product:
    return row["shop_code"], row["product_id"]

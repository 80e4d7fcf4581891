"""From a staged copy of a source table to its mirror and its part of the vault."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import repaired_text
from lakehouse.privacy.pseudonyms import with_pseudonyms
from lakehouse.sources.source import MISDATED, ORDER, ORDER_ITEM_ID, ROOT_ORDER, SHOP, JdbcTable
from lakehouse.table import STRING

# Before it there was no shop of this kind; after it clocks and time zones don't explain a date.
FIRST_YEAR, DAYS_AHEAD = 2000, "interval 2 days"


def repaired(staged: DataFrame) -> DataFrame:
    """Every text as it was meant, also out of latin1 tables that hold UTF-8. Comes first: pseudonyms are made of repaired text."""
    return staged.select([repaired_text(F.col(f.name)).alias(f.name) if f.dataType == STRING else F.col(f.name) for f in staged.schema])


# SQL that Spark and DuckDB understand alike. The root of a refund is the order that it names, if any; that of a copy for a seller, and of
# its refunds, the order that was paid.
ROOT_ORDERS = f"""
SELECT h.id AS order_id, h.type, h.status, h.created_at,
    coalesce(nullif(above.parent_id, 0), nullif(p.parent_id, 0), h.id) AS {ROOT_ORDER.name}
FROM {{heads}} AS h LEFT JOIN {{parents}} AS p ON h.id = p.id LEFT JOIN {{parents}} AS above ON p.parent_id = above.id
"""


def root_orders(heads: DataFrame, parents: DataFrame) -> DataFrame:
    """(order_id, type, status, created_at, _root_order_id): each order's and refund's root order."""
    return heads.sparkSession.sql(ROOT_ORDERS, heads=heads, parents=parents)


def root_items(items: DataFrame, roots: DataFrame) -> DataFrame:
    """(order_item_id, _root_order_id): each item's root order."""
    return items.join(roots, "order_id").select("order_item_id", ROOT_ORDER.name)


def with_root(frame: DataFrame, source: JdbcTable, roots: DataFrame, items: DataFrame) -> DataFrame:
    """Add `_root_order_id`. A row whose order (or item) is not there is left out: WooCommerce does not see it either."""
    if source.root == ORDER_ITEM_ID:
        return frame.join(items.select("order_item_id", ROOT_ORDER.name), "order_item_id")
    column = "id" if source.root == ORDER else "order_id"
    return frame.join(roots.select(F.col("order_id").alias(column), ROOT_ORDER.name), column)


def with_post_dates(orders: DataFrame, dates: DataFrame, time_zone: str) -> DataFrame:
    """Orders without a date get that of their post: `dates` has id, post_date on the wall clock of the shop's `time_zone`."""
    created = F.coalesce("date_created_gmt", F.to_utc_timestamp("post_date", time_zone))
    return orders.join(F.broadcast(dates), "id", "left").withColumn("date_created_gmt", created).drop("post_date")


def with_dates_judged(orders: DataFrame, read_at: datetime) -> DataFrame:
    """Orders and refunds with `is_misdated`. `read_at` is the database's clock, so that silver needs none."""
    return orders.withColumn(MISDATED.name, is_impossible(F.col("date_created_gmt"), F.lit(read_at)))


def is_impossible(created: Column, seen_at: Column) -> Column:
    """Whether it can't be the date of something that was there at `seen_at`; false where nothing is known."""
    return F.coalesce((F.year(created) < FIRST_YEAR) | (created > seen_at + F.expr(DAYS_AHEAD)), F.lit(False))


def split(staged: DataFrame, source: JdbcTable, shop_code: str, key: str) -> tuple[DataFrame, DataFrame | None]:
    """(mirror, vault part): personal values are in the second only; None where the table has none.

    Of a key-value table the rows of personal keys stay in the mirror without their value, so that one sees that they are there.
    """
    frame = with_pseudonyms(staged.withColumn(SHOP.name, F.lit(shop_code)), source.pseudonyms, key)
    if source.vault is None:
        return frame, None
    if source.personal_keys:
        is_personal = F.col("meta_key").isin(*source.personal_keys)
        return frame.withColumn("meta_value", F.when(~is_personal, F.col("meta_value"))), frame.where(is_personal)
    has_personal = F.coalesce(*source.personal_columns).isNotNull()
    return frame.drop(*source.personal_columns), frame.where(has_personal)

"""From a staged copy of a source table to its mirror and its part of the vault."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.privacy.pseudonyms import with_pseudonyms
from lakehouse.sources.source import ORDER, ORDER_ID, ROOT_ORDER, SHOP, JdbcTable

UNKNOWN_ORDER = 0


def root_orders(orders: DataFrame) -> DataFrame:
    """(order_id, _order_id): each order's and refund's root order. A refund's is the order it names, if it names one."""
    refunded = F.when(F.col("type") == "shop_order_refund", F.col("parent_order_id"))
    return orders.select(F.col("id").alias("order_id"), F.coalesce(refunded, "id").alias(ROOT_ORDER.name))


def root_items(items: DataFrame, roots: DataFrame) -> DataFrame:
    """(order_item_id, _order_id): each item's root order."""
    return with_root(items, ORDER_ID, roots).select("order_item_id", ROOT_ORDER.name)


def with_root(frame: DataFrame, path: str, roots: DataFrame) -> DataFrame:
    """Add `_order_id`. A row whose order is not there hangs on the id it names; one whose item is not there, on order 0."""
    if path == ORDER:
        return frame.join(roots.withColumnRenamed("order_id", "id"), "id", "left")
    joined = frame.join(roots, path, "left")
    fallback = F.col("order_id") if path == ORDER_ID else F.lit(UNKNOWN_ORDER)
    return joined.withColumn(ROOT_ORDER.name, F.coalesce(ROOT_ORDER.name, fallback))


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

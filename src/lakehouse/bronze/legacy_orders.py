"""Legacy orders (posts with text keys) in the columns of WooCommerce's order tables, so that nothing after this knows the store.

A key means what WooCommerce's own data store of posts takes it for (its WC_Order_Data_Store_CPT).
"""

from collections.abc import Collection, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import amount_or_zero, pivot_meta
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce.legacy_orders import ORDER_POST_META, ORDER_POSTS
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDER_META, ORDER_OPERATIONAL_DATA, ORDERS

REFUND = "shop_order_refund"
WALL_CLOCK = "yyyy-MM-dd HH:mm:ss"
END_OF_9999 = 253_402_300_799


def shaped(frames: Mapping[str, DataFrame], time_zone: str, extra_keys: Collection[str], decimal_sign: str) -> dict[str, DataFrame]:
    """The four tables that the order tables have beside items, by the names of their declarations.

    `time_zone` is the shop's, and so is the `decimal_sign` of its amounts. `extra_keys` stay keys of orders because its settings name them.
    """
    posts, meta = frames[ORDER_POSTS.name], frames[ORDER_POST_META.name]
    return {
        ORDERS.name: orders(posts, meta, time_zone, decimal_sign),
        ORDER_ADDRESSES.name: addresses(posts, meta),
        ORDER_OPERATIONAL_DATA.name: operational_data(posts, meta, time_zone, decimal_sign),
        ORDER_META.name: order_meta(meta, extra_keys),
    }


def orders(posts: DataFrame, meta: DataFrame, time_zone: str, decimal_sign: str) -> DataFrame:
    """One row per order and refund; refunds have no customer, no address and no method."""
    keys = ("_order_currency", "_order_tax", "_order_total", "_customer_user", "_billing_email", "_payment_method")
    is_order = F.col("post_type") != REFUND
    return _columns(
        _with_keys(posts, meta, *keys),
        ORDERS,
        status=F.col("post_status"),
        currency=_filled("_order_currency"),
        type=F.col("post_type"),
        tax_amount=_amount("_order_tax", decimal_sign),
        total_amount=_amount("_order_total", decimal_sign),
        customer_id=F.when(is_order, F.coalesce(F.col("_customer_user").try_cast("bigint"), F.lit(0))),
        billing_email=F.when(is_order, _filled("_billing_email")),
        date_created_gmt=F.coalesce("post_date_gmt", F.to_utc_timestamp("post_date", time_zone)),
        date_updated_gmt=F.col("post_modified_gmt"),
        parent_order_id=F.col("post_parent"),
        payment_method=F.when(is_order, _text("_payment_method")),
    )


def addresses(posts: DataFrame, meta: DataFrame) -> DataFrame:
    """One billing address per order."""
    return _columns(
        _with_keys(posts.where(F.col("post_type") != REFUND), meta, "_billing_first_name", "_billing_country"),
        ORDER_ADDRESSES,
        order_id=F.col("id"),
        address_type=F.lit("billing"),
        first_name=_text("_billing_first_name"),
        country=_text("_billing_country"),
    )


def operational_data(posts: DataFrame, meta: DataFrame, time_zone: str, decimal_sign: str) -> DataFrame:
    """One row per order and refund: when it was paid and completed, what shipping cost, what was taken off."""
    dates = ("_date_paid", "_paid_date", "_date_completed", "_completed_date")
    amounts = ("_order_shipping", "_order_shipping_tax", "_cart_discount")
    return _columns(
        _with_keys(posts, meta, "_created_via", *dates, *amounts),
        ORDER_OPERATIONAL_DATA,
        order_id=F.col("id"),
        created_via=_filled("_created_via"),
        date_paid_gmt=_moment("_date_paid", "_paid_date", time_zone),
        date_completed_gmt=_moment("_date_completed", "_completed_date", time_zone),
        shipping_total_amount=_amount("_order_shipping", decimal_sign),
        shipping_tax_amount=_amount("_order_shipping_tax", decimal_sign),
        discount_total_amount=_amount("_cart_discount", decimal_sign),
    )


def order_meta(meta: DataFrame, extra_keys: Collection[str]) -> DataFrame:
    """The keys that the order tables keep as keys too."""
    return meta.where(F.col("meta_key").isin(*ORDER_META.meta_keys, *extra_keys)).select(
        F.col("meta_id").alias("id"), F.col("post_id").alias("order_id"), "meta_key", "meta_value"
    )


def _with_keys(posts: DataFrame, meta: DataFrame, *keys: str) -> DataFrame:
    """The posts with a text column for each key. A key that stands several times gives its first row, as WordPress reads a single value."""
    rows = meta.where(F.col("meta_key").isin(*keys)).withColumnRenamed("post_id", "id")
    return posts.join(pivot_meta(rows, ["id"], "meta_id", {key: key for key in keys}), "id", "left")


def _columns(keyed: DataFrame, table: JdbcTable, **values: Column) -> DataFrame:
    return keyed.withColumns(values).select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))


def _text(key: str) -> Column:
    """An empty text has no key, but stands in the order tables."""
    return F.coalesce(F.col(key), F.lit(""))


def _filled(key: str) -> Column:
    """Null where the order tables have null: without text."""
    return F.nullif(F.col(key), F.lit(""))


def _amount(key: str, decimal_sign: str) -> Column:
    return amount_or_zero(F.col(key), F.lit(decimal_sign))


def _moment(seconds_key: str, local_key: str, time_zone: str) -> Column:
    """Unix seconds, else (of orders from before WooCommerce 3.0 there is no more) the shop's wall clock. 0 is no moment."""
    seconds = F.col(seconds_key).try_cast("bigint")
    at = F.when(seconds.between(1, END_OF_9999), F.timestamp_seconds(seconds))
    return F.coalesce(at, F.to_utc_timestamp(F.try_to_timestamp(local_key, F.lit(WALL_CLOCK)), time_zone))

"""What orders, refunds and their lines share: which source rows are orders, and an item's numbers from its meta."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import money, pivot_meta, quantity

DRAFTS = ("auto-draft", "checkout-draft")
NUMBERS = {
    "product_id": "_product_id",
    "variation_id": "_variation_id",
    "quantity": "_qty",
    "subtotal_amount": "_line_subtotal",
    "net_amount": "_line_total",
    "tax_amount": "_line_tax",
    "refunded_item_id": "_refunded_item_id",
}


def status_code() -> Column:
    """The status without WooCommerce's prefix."""
    return F.regexp_replace("status", "^wc-", "")


def only_orders(orders: DataFrame) -> DataFrame:
    """Orders without refunds, plugin types and drafts (carts that were never sent)."""
    return orders.where((F.col("type") == "shop_order") & ~F.coalesce(status_code().isin(*DRAFTS), F.lit(False)))


def only_refunds(orders: DataFrame) -> DataFrame:
    """Refunds: rows of their own whose parent is the order."""
    return orders.where(F.col("type") == "shop_order_refund")


def lines(orders: DataFrame, order_items: DataFrame, order_item_meta: DataFrame) -> DataFrame:
    """The line items of the given orders or refunds with their numbers, product 0 where the source has none."""
    items = order_items.where(F.col("order_item_type") == "line_item").drop("_root_order_id")
    numbers = pivot_meta(order_item_meta, ["shop_code", "order_item_id"], "meta_id", NUMBERS)
    kept = orders.select("shop_code", "_root_order_id", F.col("id").alias("order_id"), F.col("currency").alias("currency_code"))
    return (
        items.join(kept, ["shop_code", "order_id"])
        .join(numbers, ["shop_code", "order_item_id"], "left")
        .withColumns({name: _id(name) for name in ("product_id", "variation_id", "refunded_item_id")})
        .withColumns({name: money(F.col(name)) for name in ("subtotal_amount", "net_amount", "tax_amount")})
        .withColumn("quantity", quantity(F.col("quantity")))
    )


def _id(name: str) -> Column:
    return F.coalesce(F.col(name).try_cast("bigint"), F.lit(0))

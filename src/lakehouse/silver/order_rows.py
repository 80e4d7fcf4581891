"""What orders, refunds and their lines share: which source rows are orders, and an item's numbers from its meta."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.expressions import amount_or_zero, null_if_empty, pivot_meta, quantity_as_read

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


def refund_rows(orders: DataFrame) -> DataFrame:
    """The refunds with `refunded_order_id` and `order_currency`, in the currency of their order where they have none of their own.

    A refund of a seller's copy of an order is one of the order that was paid, unless that has refunds of its own: then a plugin has
    written both. WooCommerce gave refunds no currency before 2.4, and importers leave it out.
    """
    own = null_if_empty(F.col("currency"))
    paid = only_orders(orders).select("shop_code", F.col("id").alias("_root_order_id"), own.alias("order_currency"))
    named = F.when(F.col("parent_order_id") > 0, F.col("parent_order_id")).otherwise(F.col("_root_order_id"))
    has_own = F.max(named == F.col("_root_order_id")).over(Window.partitionBy("shop_code", "_root_order_id"))
    return (
        orders.where(F.col("type") == "shop_order_refund")
        .join(paid, ["shop_code", "_root_order_id"], "left")
        .withColumn("currency", F.coalesce(own, "order_currency"))
        .withColumn("refunded_order_id", F.when(has_own, named).otherwise(F.col("_root_order_id")))
    )


def lines(orders: DataFrame, order_items: DataFrame, order_item_meta: DataFrame, shops: DataFrame, keep: tuple[str, ...] = ()) -> DataFrame:
    """The line items of the given orders or refunds with their numbers as WooCommerce reads them (`WC_Order_Item_Product`).

    `keep`: columns of the orders that their lines get.

    An amount or a quantity that is missing, empty or no number is 0. So is a product that the source does not name. A subtotal is never
    below its total.
    """
    items = order_items.where(F.col("order_item_type") == "line_item").drop("_root_order_id")
    numbers = pivot_meta(order_item_meta, ["shop_code", "order_item_id"], "meta_id", NUMBERS)
    kept = orders.select("shop_code", "_root_order_id", F.col("id").alias("order_id"), F.col("currency").alias("currency_code"), *keep)
    return (
        items.join(kept, ["shop_code", "order_id"])
        .join(numbers, ["shop_code", "order_item_id"], "left")
        .join(F.broadcast(shops.select("shop_code", "decimal_sign")), "shop_code", "left")
        .withColumns({name: _id(name) for name in ("product_id", "variation_id", "refunded_item_id")})
        .withColumns({name: _amount(name) for name in ("subtotal_amount", "net_amount", "tax_amount")})
        .withColumns({"quantity": quantity_as_read(F.col("quantity")), "subtotal_amount": F.greatest("subtotal_amount", "net_amount")})
        .drop("decimal_sign")
    )


def _amount(name: str) -> Column:
    return amount_or_zero(F.col(name), F.col("decimal_sign"))


def _id(name: str) -> Column:
    return F.coalesce(F.col(name).try_cast("bigint"), F.lit(0))

"""Orders made in the app, and for each the order that stands for it: the shop's where the shop has it, else its own."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze.landing import is_impossible
from lakehouse.silver.order_rows import only_orders
from lakehouse.sources.app_shop import apps_code
from lakehouse.sources.feed import ARRIVED_AT
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, MONEY, STRING, TIMESTAMP, Column, Table

TABLE = Table(
    name="silver.app_orders",
    grain="one order made in the app",
    key=("app_order_id",),
    optional=True,
    scope="root_order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "the order that stands for it: the shop's, or in shop `app` its own"),
        Column("app_order_id", LONG, "the vendor's id of the order"),
        Column("is_shops", BOOLEAN, "whether the shop has it: then all that is said of it is what the shop says"),
        Column("status", STRING, "as the vendor says", accepted=("placed", "paid", "shipped", "delivered", "cancelled", "refunded")),
        Column("currency_code", STRING, "ISO 4217 code of all amounts of the order"),
        Column("created_at", TIMESTAMP, "UTC"),
        Column("is_misdated", BOOLEAN, "whether created_at can't be: before 2000, or two days after the file that brought it arrived"),
        Column("updated_at", TIMESTAMP, "UTC"),
        Column("paid_at", TIMESTAMP, "UTC"),
        Column("user_pseudonym", STRING, "of the app's user"),
        Column("order_pseudonym", STRING, "of the vendor's order id"),
        Column("country_code", STRING, "ISO 3166-1 alpha-2"),
        Column("total_amount", MONEY, "all that is to be paid, tax included"),
        Column("tax_amount", MONEY, "tax in it"),
        Column("shipping_amount", MONEY, "shipping in it, as sent"),
        Column("discount_amount", MONEY, "discount that was taken off, as sent"),
        Column("root_order_id", LONG, "of order_id: the order that was paid"),
    ),
)


def build(app_orders: DataFrame, orders: DataFrame, *, feed_shop: str) -> DataFrame:
    """An order that the vendor says the shop has stands for itself until the shop has it: none is lost and none is there twice."""
    of_shop = only_orders(orders).where(F.col("shop_code") == feed_shop).select(F.col("id").alias("shops_id"), "_root_order_id")
    is_shops = F.col("shops_id").isNotNull()
    return app_orders.join(of_shop, F.col("woo_order_id") == F.col("shops_id"), "left").withColumns(
        {
            "shop_code": F.when(is_shops, feed_shop).otherwise(apps_code()),
            "order_id": F.coalesce("shops_id", "app_order_id"),
            "root_order_id": F.coalesce("_root_order_id", "app_order_id"),
            "is_shops": is_shops,
            "is_misdated": is_impossible(F.col("created_at"), F.col(ARRIVED_AT.name)),
            "currency_code": F.col("currency"),
            "country_code": F.col("country"),
        }
    )

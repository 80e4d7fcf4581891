"""Orders with what they are worth and when; drafts are left out. Who the buyer is, gold joins: these are facts of the order alone."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import local_date, null_if_empty
from lakehouse.parameters import Shops, by_shop
from lakehouse.silver.order_rows import only_orders, status_code
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, DATE, LONG, MONEY, STRING, TIMESTAMP, Column, Rule, Table

NO_CONSENT = ("", "0", "no", "false")

TABLE = Table(
    name="silver.orders",
    grain="one order",
    key=("shop_code", "order_id"),
    scope="order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "order id; unique in its shop"),
        Column("status", STRING, "status without `wc-`"),
        Column("is_sale", BOOLEAN, "whether the status counts as a sale in this shop (setting counts_as_sale)"),
        Column("currency_code", STRING, "ISO 4217 code of all amounts of the order"),
        Column("created_at", TIMESTAMP, "UTC"),
        Column("order_date", DATE, "day of created_at in the shop's time zone"),
        Column("updated_at", TIMESTAMP, "UTC"),
        Column("paid_at", TIMESTAMP, "UTC"),
        Column("completed_at", TIMESTAMP, "UTC"),
        Column("customer_user_id", LONG, "user id; 0 for guests"),
        Column("user_pseudonym", STRING, "of the user id; null for guests"),
        Column("email_pseudonym", STRING, "of the billing address; null if missing or anonymised"),
        Column("order_pseudonym", STRING, "of the order id: who nobody knows is one person per order"),
        Column("is_anonymised", BOOLEAN, "whether the address was erased"),
        Column("has_consent", BOOLEAN, "whether the order carries the shop's consent key; null where the shop has none"),
        Column("country_code", STRING, "of the billing address, ISO 3166-1 alpha-2"),
        Column("payment_method", STRING, "code of the method"),
        Column("created_via", STRING, "checkout, store-api, rest-api, admin or a plugin"),
        Column("total_amount", MONEY, "with tax, shipping and fees, after discount"),
        Column("tax_amount", MONEY, "all tax: on items, fees and shipping"),
        Column("shipping_amount", MONEY, "without tax"),
        Column("discount_amount", MONEY, "without tax"),
    ),
    rules=(
        Rule("status_is_known", "status is not null"),
        Rule("currency_is_a_code", "currency_code rlike '^[A-Z]{3}$'"),
        Rule("created_at_is_known", "created_at is not null"),
        Rule("total_is_known", "total_amount is not null"),
        Rule("shop_is_in_the_settings", "order_date is not null"),
    ),
)


def build(
    orders: DataFrame, order_operational_data: DataFrame, order_addresses: DataFrame, order_meta: DataFrame, *, shops: Shops
) -> DataFrame:
    """From the mirrored order, its operational data, billing address and consent."""
    by_order = ["shop_code", "order_id"]
    status = status_code()
    return (
        only_orders(orders)
        .withColumnRenamed("id", "order_id")
        .join(order_operational_data.drop("_order_id", "id"), by_order, "left")
        .join(order_addresses.drop("_order_id", "id"), by_order, "left")
        .join(_consents(order_meta, shops), by_order, "left")
        .withColumns(
            {
                "status": status,
                "is_sale": F.coalesce(by_shop(shops, lambda shop: status.isin(*shop.counts_as_sale)), F.lit(False)),
                "currency_code": F.col("currency"),
                "created_at": F.col("date_created_gmt"),
                "order_date": by_shop(shops, lambda shop: local_date(F.col("date_created_gmt"), F.lit(shop.time_zone))),
                "updated_at": F.col("date_updated_gmt"),
                "paid_at": F.col("date_paid_gmt"),
                "completed_at": F.col("date_completed_gmt"),
                "customer_user_id": F.coalesce("customer_id", F.lit(0)),
                "has_consent": by_shop(shops, lambda shop: F.coalesce("consents", F.lit(False)) if shop.consent_meta_key else F.lit(None)),
                "country_code": F.upper(null_if_empty(F.col("country"))),
                "tax_amount": _or_zero("tax_amount") + _or_zero("shipping_tax_amount"),
                "shipping_amount": _or_zero("shipping_total_amount"),
                "discount_amount": _or_zero("discount_total_amount"),
            }
        )
    )


def _consents(order_meta: DataFrame, shops: Shops) -> DataFrame:
    key = by_shop(shops, lambda shop: F.lit(shop.consent_meta_key))
    rows = order_meta.where(F.col("meta_key") == key)
    return rows.groupBy("shop_code", "order_id").agg(F.max(is_consent("meta_value")).alias("consents"))


def is_consent(value: str) -> SparkColumn:
    """Whether a consent key's text means yes: anything but empty, 0, no and false."""
    return ~F.lower(F.trim(F.coalesce(F.col(value), F.lit("")))).isin(*NO_CONSENT)


def _or_zero(name: str) -> SparkColumn:
    return F.coalesce(F.col(name), F.lit(0))

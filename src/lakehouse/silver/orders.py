"""Orders with what they are worth and when; drafts are left out. Who the buyer is, gold joins: these are facts of the order alone."""

from functools import reduce
from operator import or_

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import local_date, null_if_empty, pivot_meta
from lakehouse.parameters import ShopRules, Shops, by_shop
from lakehouse.silver.order_rows import only_orders, status_code
from lakehouse.silver.rules import CURRENCY_IS_A_CODE
from lakehouse.sources.app_shop import APP
from lakehouse.sources.source import SHOP
from lakehouse.sources.woocommerce.special_orders import TEST_ORDER_VALUES
from lakehouse.table import BOOLEAN, DATE, LONG, MONEY, STRING, TIMESTAMP, Alarm, Column, Freshness, Rule, Table

WEB, DATABASE = "web", "database"

TABLE = Table(
    name="silver.orders",
    grain="one order",
    key=("shop_code", "order_id"),
    scope="root_order_id",
    columns=(
        SHOP,
        Column("order_id", LONG, "order id; unique in its shop"),
        Column(
            "channel_code",
            STRING,
            "app if it was made in the app, also where the shop has it; database if a database of another kind has it; else web",
            accepted=(WEB, APP, DATABASE),
        ),
        Column("status", STRING, "status without `wc-` [WC_Order::get_status]"),
        Column(
            "is_sale",
            BOOLEAN,
            "whether it counts as a sale: its status does in this shop (setting counts_as_sale), and nothing speaks against it",
        ),
        Column(
            "no_sale_reason",
            STRING,
            "why it is none: a seller's copy of an order, taken in a payment plugin's test mode, a date that can't be, or its status",
            accepted=("sub_order", "test_order", "date", "status"),
        ),
        Column("currency_code", STRING, "ISO 4217 code of all amounts of the order [WC_Order::get_currency]"),
        Column("created_at", TIMESTAMP, "UTC [WC_Order::get_date_created]"),
        Column("order_date", DATE, "day of created_at in the shop's time zone"),
        Column(
            "is_misdated",
            BOOLEAN,
            "whether created_at can't be: before 2000, or two days after the database's clock when it was read (of the"
            " app: when its file arrived)",
        ),
        Column("updated_at", TIMESTAMP, "UTC [WC_Order::get_date_modified]"),
        Column("paid_at", TIMESTAMP, "UTC [WC_Order::get_date_paid]"),
        Column("completed_at", TIMESTAMP, "UTC [WC_Order::get_date_completed]"),
        Column("customer_user_id", LONG, "user id; 0 for guests, null in shop `app` [WC_Order::get_customer_id]"),
        Column("user_pseudonym", STRING, "of the user id, in shop `app` of the app's user; null for guests"),
        Column("email_pseudonym", STRING, "of the billing address; null if missing or anonymised, and in shop `app`"),
        Column("order_pseudonym", STRING, "of the order id: who nobody knows is one person per order"),
        Column("is_anonymised", BOOLEAN, "whether the address was erased"),
        Column("country_code", STRING, "of the billing address, ISO 3166-1 alpha-2 [WC_Order::get_billing_country]"),
        Column("payment_method", STRING, "code of the method; null in shop `app` [WC_Order::get_payment_method]"),
        Column("created_via", STRING, "checkout, store-api, rest-api, admin, a plugin, app, or database [WC_Order::get_created_via]"),
        Column(
            "total_amount",
            MONEY,
            "with tax, shipping and fees, after discount; below 0 where fees or coupons take off more [WC_Order::get_total]",
        ),
        Column("tax_amount", MONEY, "all tax: on items, fees and shipping [WC_Order::get_total_tax]"),
        Column("shipping_amount", MONEY, "without tax; in shop `app` as sent [WC_Order::get_shipping_total]"),
        Column("discount_amount", MONEY, "without tax; in shop `app` as sent [WC_Order::get_discount_total]"),
        Column("root_order_id", LONG, "the order itself; of a seller's copy of an order at a marketplace the order that was paid"),
    ),
    rules=(
        Rule("status_is_known", "status <> ''"),
        CURRENCY_IS_A_CODE,
        Rule("created_at_is_known", "created_at is not null"),
        Rule("total_is_known", "total_amount is not null"),
        Rule("shop_is_in_the_settings", "order_date is not null or created_at is null"),
    ),
    # Of the app only what no shop has is an order of its own, which may be rare; whether its files come is told by the feeds.
    freshness=Freshness("created_at", days=2, where=f"shop_code <> '{APP}'"),
    alarms=(
        Alarm(
            "dates_are_possible",
            "no order is dated before 2000, or two days after the shop's own clock; gold leaves such orders out",
            "SELECT shop_code, order_id, created_at FROM {batch} WHERE is_misdated",
            is_standing=True,
        ),
    ),
)


def build(
    orders: DataFrame,
    order_operational_data: DataFrame,
    order_addresses: DataFrame,
    order_meta: DataFrame,
    app_orders: DataFrame,
    database_orders: DataFrame,
    *,
    shops: Shops,
) -> DataFrame:
    """From the mirrored order, its operational data, billing address and test marks; the app's orders that no shop has; databases'."""
    of_shops = _of_shops(orders, order_operational_data, order_addresses, order_meta, shops)
    named = app_orders.where("is_shops").select("shop_code", "order_id", F.lit(APP).alias("channel_code")).distinct()
    with_channel = of_shops.join(named, ["shop_code", "order_id"], "left").fillna(WEB, "channel_code")
    counts_as_sale = F.coalesce(by_shop(shops, lambda shop: F.col("status").isin(*shop.sale_statuses)), F.lit(False))
    no_sale_reason = (
        F.when(F.col("order_id") != F.col("root_order_id"), "sub_order")
        .when(F.coalesce("is_test", F.lit(False)), "test_order")
        .when(F.col("is_misdated"), "date")
        .when(~counts_as_sale, "status")
    )
    others = _of_app(app_orders).unionByName(_of_databases(database_orders), allowMissingColumns=True)
    return with_channel.unionByName(others, allowMissingColumns=True).withColumns(
        {
            "no_sale_reason": no_sale_reason,
            "is_misdated": F.coalesce("is_misdated", F.lit(False)),
            "is_sale": no_sale_reason.isNull(),
            "order_date": by_shop(shops, lambda shop: local_date(F.col("created_at"), F.lit(shop.time_zone))),
        }
    )


def _of_shops(
    orders: DataFrame, order_operational_data: DataFrame, order_addresses: DataFrame, order_meta: DataFrame, shops: Shops
) -> DataFrame:
    by_order = ["shop_code", "order_id"]
    return (
        only_orders(orders)
        .withColumnsRenamed({"id": "order_id", "_root_order_id": "root_order_id"})
        .join(order_operational_data.drop("_root_order_id", "id"), by_order, "left")
        .join(order_addresses.drop("_root_order_id", "id"), by_order, "left")
        .join(_test_orders(order_meta, shops), by_order, "left")
        .withColumns(
            {
                # As WC_Order answers where nothing is stored.
                "status": F.coalesce(null_if_empty(status_code()), F.lit("pending")),
                "total_amount": _or_zero("total_amount"),
                "currency_code": F.col("currency"),
                "created_at": F.col("date_created_gmt"),
                "updated_at": F.col("date_updated_gmt"),
                "paid_at": F.col("date_paid_gmt"),
                "completed_at": F.col("date_completed_gmt"),
                "customer_user_id": F.coalesce("customer_id", F.lit(0)),
                "country_code": F.upper(null_if_empty(F.col("country"))),
                "tax_amount": _or_zero("tax_amount") + _or_zero("shipping_tax_amount"),
                "shipping_amount": _or_zero("shipping_total_amount"),
                "discount_amount": _or_zero("discount_total_amount"),
            }
        )
    )


def _of_app(app_orders: DataFrame) -> DataFrame:
    """What the vendor does not send is null."""
    added = {"channel_code": F.lit(APP), "created_via": F.lit(APP), "is_anonymised": F.lit(False)}
    return app_orders.where("not is_shops").drop("app_order_id", "is_shops").withColumns(added)


def _of_databases(database_orders: DataFrame) -> DataFrame:
    """An order without a buyer's id is a guest's."""
    return database_orders.withColumnsRenamed({"_root_order_id": "root_order_id"}).withColumns(
        {
            "channel_code": F.lit(DATABASE),
            "created_via": F.lit(DATABASE),
            "customer_user_id": F.coalesce("customer_id", F.lit(0)),
            "country_code": F.upper(null_if_empty(F.col("country"))),
        }
    )


def _test_orders(order_meta: DataFrame, shops: Shops) -> DataFrame:
    """shop_code, order_id, is_test: whether the first row of a payment plugin's key says that it was taken in its test mode."""
    keys = {*TEST_ORDER_VALUES, *(key for shop in shops for key, _ in shop.test_order_values)}
    values = {key: f"_value_{number}" for number, key in enumerate(sorted(keys))}
    first = pivot_meta(order_meta, ["shop_code", "order_id"], "id", {name: key for key, name in values.items()})

    def is_test(shop: ShopRules) -> SparkColumn:
        named = [*TEST_ORDER_VALUES.items(), *shop.test_order_values]
        found = (F.lower(F.trim(values[key])).isin(*(text.strip().lower() for text in of_tests)) for key, of_tests in named)
        return reduce(or_, (F.coalesce(one, F.lit(False)) for one in found), F.lit(False))

    return first.select("shop_code", "order_id", by_shop(shops, is_test).alias("is_test"))


def _or_zero(name: str) -> SparkColumn:
    return F.coalesce(F.col(name), F.lit(0))

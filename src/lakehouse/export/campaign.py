"""The rows of the e-mail campaign file, and why everybody else is not in it."""

from functools import reduce
from operator import or_

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.export.channel import NO_CONSENT, Channel
from lakehouse.expressions import pivot_meta
from lakehouse.gold import interactions
from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend import customer_products
from lakehouse.recommend.scorer import BUY_AGAIN, DISCOVER, MIXED
from lakehouse.silver import customers, products
from lakehouse.silver.addresses import addresses
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS

SLOTS = 8
# In the order in which they are looked at: a customer is counted under the first reason that holds.
REASONS = (
    *("missing", "anonymised", "invalid", "disposable", "relay", "role", "not_a_customer", "same_address", "bounced"),
    *("complained", "opted_out", NO_CONSENT, "nothing_to_show"),
)
SLOT_COLUMNS = ("product_id", "product_name", "price", "currency", "url", "image_url", "list")
COLUMNS = (
    "email",
    "customer_key",
    "shop_code",
    "first_name",
    "country_code",
    *(f"{name}_{k}" for k in range(1, SLOTS + 1) for name in SLOT_COLUMNS),
)


def audience(everybody: DataFrame, lists: DataFrame) -> DataFrame:
    """Every customer of a shop with `suppressed_for`: the first reason of REASONS that holds, null for those who may be written to.

    One address is one recipient: of several customers with it the one with the newest order, in whatever shop. Users of the app are left
    to push messages; who is a customer too is here as such.
    """
    listed = lists.where(F.col("list_name") == MIXED).select(*CUSTOMER).distinct().withColumn("is_listed", F.lit(True))
    status = F.col("email_status")
    holds = {
        **{name: status == name for name in ("missing", "anonymised", "invalid", "disposable", "relay", "role", "bounced")},
        "not_a_customer": ~F.col("is_customer"),
        "same_address": F.col("_place") > 1,
        "complained": F.col("is_opted_out") & F.col("has_complained"),
        "opted_out": F.col("is_opted_out"),
        NO_CONSENT: F.col("legal_ground").isNull(),
        "nothing_to_show": F.col("is_listed").isNull(),
    }
    is_out = F.coalesce(reduce(or_, (holds[reason] for reason in REASONS if reason != "same_address")), F.lit(False))
    # Who can't be written to for another reason takes nobody's place, and stands behind who can.
    newest = Window.partitionBy("email_pseudonym").orderBy("_is_out", F.desc_nulls_last("last_ordered_at"), *CUSTOMER)
    first_is_in = ~F.first("_is_out").over(newest)
    place = F.when(first_is_in, F.row_number().over(newest))
    first = F.coalesce(*(F.when(holds[reason], reason) for reason in REASONS))
    of_shops = everybody.where(~is_apps()).join(listed, CUSTOMER, "left").withColumn("_is_out", is_out)
    return of_shops.withColumn("_place", place).withColumn("suppressed_for", first).drop("_is_out", "_place")


def contacts(users: DataFrame, user_meta: DataFrame, orders: DataFrame, order_addresses: DataFrame, reached: DataFrame) -> DataFrame:
    """shop_code, customer_key, email, first_name, from the vault. The name is the account's, else the latest order's."""
    names = pivot_meta(user_meta, ["shop_code", "user_id"], "umeta_id", {"account_name": "first_name"})
    order_names = order_addresses.select("shop_code", F.col("order_id").alias("last_order_id"), F.col("first_name").alias("order_name"))
    name = F.coalesce(F.nullif(F.trim("account_name"), F.lit("")), F.trim("order_name"))
    return (
        reached.join(addresses(users, orders), ["shop_code", "email_pseudonym"])
        .join(names, ["shop_code", "user_id"], "left")
        .join(order_names, ["shop_code", "last_order_id"], "left")
        .select(*CUSTOMER, "email", name.alias("first_name"))
    )


def rows(reached: DataFrame, contact: DataFrame, lists: DataFrame, catalogue: DataFrame, pairs: DataFrame) -> DataFrame:
    """One row per address in COLUMNS, sorted by shop and customer; all text."""
    described = catalogue.select(
        "shop_code",
        "product_id",
        "product_name",
        F.col("price_amount").cast("decimal(18,2)").cast("string").alias("price"),
        F.col("currency_code").alias("currency"),
        F.col("product_url").alias("url"),
        "image_url",
    )
    shown = lists.where((F.col("list_name") == MIXED) & (F.col("rank") <= SLOTS)).join(described, ["shop_code", "product_id"])
    # Which of the two lists the product belongs to: bought before or not is what a mail says about it.
    bought = pairs.select(*CUSTOMER, "product_id", F.lit(BUY_AGAIN).alias("bought"))
    kind = F.coalesce("bought", F.lit(DISCOVER))
    slots = (
        shown.join(bought, [*CUSTOMER, "product_id"], "left")
        .withColumn("list", kind)
        .groupBy(*CUSTOMER)
        .pivot("rank", list(range(1, SLOTS + 1)))
        .agg(F.first(F.struct(*SLOT_COLUMNS)))
    )
    wide = [F.col(f"`{k}`.{name}").cast("string").alias(f"{name}_{k}") for k in range(1, SLOTS + 1) for name in SLOT_COLUMNS]
    who = [F.col(name) for name in ("email", *CUSTOMER[::-1], "first_name", "country_code")]
    return reached.select(*CUSTOMER, "country_code").join(contact, CUSTOMER).join(slots, CUSTOMER).select(*who, *wide).orderBy(*CUSTOMER)


VAULT = tuple(source.vault for source in (USERS, USER_META, ORDERS, ORDER_ADDRESSES) if source.vault)
EMAIL = Channel(
    name="email",
    file_name="customers.csv",
    columns=COLUMNS,
    reasons=REASONS,
    tables=(customers.TABLE, customer_products.TABLE, products.TABLE, interactions.TABLE, *VAULT),
    audience=lambda everybody, lists, *_: audience(everybody, lists),
    rows=lambda reached, _, lists, catalogue, pairs, users, user_meta, orders, addresses: rows(
        reached, contacts(users, user_meta, orders, addresses, reached), lists, catalogue, pairs
    ),
)

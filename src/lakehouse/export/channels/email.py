"""E-mail: to customers of the shops, at the address that the vault has. One address is one recipient."""

import hashlib

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.export.channels.channel import Channel
from lakehouse.expressions import pivot_meta
from lakehouse.gold.keys import CUSTOMER
from lakehouse.privacy.phones import e164
from lakehouse.silver.addresses import addresses
from lakehouse.sources import mobile_app
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS

STATUSES = ("missing", "anonymised", "invalid", "disposable", "relay", "role", "bounced")


def is_for() -> Column:
    """Users of the app are left to push messages; who is a customer too is here as such."""
    return ~is_apps()


def reasons() -> dict[str, Column]:
    """Boolean over `with_reach`, by reason: an address that can't get mail, no customer, an address that another customer has too."""
    of_address = {name: F.col("email_status") == name for name in STATUSES}
    return {**of_address, "not_a_customer": ~F.col("is_customer"), "same_address": F.col("_place") > 1}


def contacts(
    reached: DataFrame,
    users: DataFrame,
    user_meta: DataFrame,
    orders: DataFrame,
    order_addresses: DataFrame,
    app_users: DataFrame,
    database_customers: DataFrame,
    database_orders: DataFrame,
) -> DataFrame:
    """shop_code, customer_key, email, first_name, phone. The name is the account's, else the latest order's; the phone the app's."""
    of_databases = database_customers.select("shop_code", F.col("customer_id").alias("user_id"), F.col("first_name").alias("database_name"))
    names = pivot_meta(user_meta, ["shop_code", "user_id"], "umeta_id", {"account_name": "first_name"})
    order_names = order_addresses.select("shop_code", F.col("order_id").alias("last_order_id"), F.col("first_name").alias("order_name"))
    name = F.coalesce(F.nullif(F.trim("account_name"), F.lit("")), F.trim("order_name"), F.trim("database_name"))
    phones = app_users.where(F.col("phone").isNotNull()).groupBy("email_pseudonym").agg(F.min("phone").alias("phone"))
    return (
        reached.join(addresses(users, orders, database_customers, database_orders), ["shop_code", "email_pseudonym"])
        .join(names, ["shop_code", "user_id"], "left")
        .join(order_names, ["shop_code", "last_order_id"], "left")
        .join(of_databases, ["shop_code", "user_id"], "left")
        .join(phones, "email_pseudonym", "left")
        .select(*CUSTOMER, "email", name.alias("first_name"), "phone")
    )


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


CHANNEL = Channel(
    row_kinds=("recipient", "item", "product"),
    values={
        "email": lambda who: who["email"],
        "email_sha256": lambda who: _sha256(who["email"].strip().lower()),
        "phone_sha256": lambda who: _sha256(e164(who["phone"], who["country_code"])),
    },
    tables=(
        *(USERS.vault, USER_META.vault, ORDERS.vault, ORDER_ADDRESSES.vault),
        *(mobile_app.USERS.vault, entities.CUSTOMERS.vault, entities.ORDERS.vault),
    ),
    is_for=is_for,
    reasons=reasons,
    contacts=contacts,
)

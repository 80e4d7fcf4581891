"""Names, addresses and devices of those who get something, from the vault."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import pivot_meta
from lakehouse.gold.keys import CUSTOMER
from lakehouse.silver.addresses import addresses
from lakehouse.silver.customer_identities import APP_USER
from lakehouse.sources.app_shop import is_apps


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


def devices(installs: DataFrame, tokens: DataFrame, app_users: DataFrame, identities: DataFrame) -> DataFrame:
    """shop_code, customer_key, first_name, `push_tokens`: of each user of the app whose installed apps take messages, sorted.

    A token is one device: of several installations that have it, the one that was opened last says whose it is.
    """
    links = identities.where(is_apps() & (F.col("identity_type") == APP_USER)).select(
        *CUSTOMER, F.col("identity_pseudonym").alias("user_pseudonym")
    )
    names = app_users.select("app_user_id", F.nullif(F.trim("first_name"), F.lit("")).alias("first_name"))
    takes = installs.where("push_enabled and uninstalled_at is null").join(tokens.where("push_token is not null"), "install_id")
    last = F.max_by(F.struct("app_user_id", "user_pseudonym"), F.struct("last_seen_at", "install_id"))
    return (
        takes.groupBy("push_token")
        .agg(last.alias("owner"))
        .select("push_token", "owner.*")
        .join(links, "user_pseudonym")
        .join(names, "app_user_id", "left")
        .groupBy(*CUSTOMER)
        .agg(F.max("first_name").alias("first_name"), F.sort_array(F.collect_set("push_token")).alias("push_tokens"))
    )

"""Which account, address, order or user of the app belongs to which customer, from the present state alone: links come and go with it."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.sources.app_shop import apps_code, is_apps
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Table

USER, EMAIL, ORDER, APP_USER = "user", "email", "order", "app_user"

TABLE = Table(
    name="silver.customer_identities",
    grain="one identity of one customer in one shop",
    key=("shop_code", "identity_type", "identity_pseudonym"),
    columns=(
        SHOP,
        Column(
            "identity_type",
            STRING,
            "user (account), email, order (a buyer nobody knows), or app_user (in shop `app`)",
            accepted=(USER, EMAIL, ORDER, APP_USER),
        ),
        Column("identity_pseudonym", STRING, "keyed pseudonym of the account, address, order or user of the app"),
        Column(
            "customer_key",
            STRING,
            "the customer: the account's pseudonym, else the address's, else the order's; of a gone account that of who has the"
            " address of its orders; of a user of the app that of the shop's customer (setting feed_shop) with the same e-mail,"
            " else the user's own",
        ),
        Column("user_id", LONG, "the account behind it, of a user of the app that of the shop; null for guests"),
        Column(
            "match_class",
            STRING,
            "account, account_email (an address that an account has), guest_email, single_order; of a user of the app email_of_account,"
            " email_of_guest or none; the same of an account that is gone, where somebody has the address of its orders",
        ),
        Column("evidence", STRING, "why it is this customer, in words"),
    ),
)


def build(users: DataFrame, orders: DataFrame, app_users: DataFrame, database_customers: DataFrame, *, feed_shop: str) -> DataFrame:
    """A guest with the address that an account has now is that account; no address, or an erased one, is one person per order.

    Should two accounts share an address, the older one (lower id) has it. An account that is gone and that orders still name is whoever
    has the address of the latest of them, so that one person is one customer. A user of the app is the shop's customer with the same
    e-mail, in the app's own rows. A database's customer is an account there.
    """
    named = ("shop_code", "id", "user_pseudonym", "email_pseudonym")
    users = users.select(*named).unionByName(database_customers.withColumnRenamed("customer_id", "id").select(*named))
    of_shops, of_app = orders.where(~is_apps()), orders.where(is_apps())
    addresses = _addresses(users, of_shops)
    return (
        _accounts(users)
        .unionByName(_gone_accounts(users, of_shops, addresses))
        .unionByName(addresses)
        .unionByName(_unknown_buyers(of_shops))
        .unionByName(_app_users(app_users, of_app, addresses, feed_shop))
    )


def with_customer_key(orders: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Add customer_key to silver orders. One join, on the few accounts, addresses and users of the app that are somebody else's."""
    linking = customer_identities.where(F.col("identity_pseudonym") != F.col("customer_key"))
    owners = linking.select("shop_code", F.col("identity_pseudonym").alias("buyer"), F.col("customer_key").alias("owner_key"))
    return (
        orders.withColumn("buyer", F.coalesce("user_pseudonym", "email_pseudonym", "order_pseudonym"))
        .join(owners, ["shop_code", "buyer"], "left")
        .withColumn("customer_key", F.coalesce("owner_key", "buyer"))
        .drop("buyer", "owner_key")
    )


def _accounts(users: DataFrame) -> DataFrame:
    who = F.col("user_pseudonym")
    return _identities(users, USER, who, who, F.col("id"), F.lit("account"), F.lit("the account itself"))


def _gone_accounts(users: DataFrame, orders: DataFrame, addresses: DataFrame) -> DataFrame:
    """Those that orders name and the users don't have any more."""
    latest = F.when(F.col("email_pseudonym").isNotNull(), F.struct("created_at", "order_id"))
    named = orders.where(F.col("user_pseudonym").isNotNull()).groupBy("shop_code", "user_pseudonym")
    ordering = named.agg(F.max("customer_user_id").alias("gone_id"), F.max_by("email_pseudonym", latest).alias("email_pseudonym"))
    owners = addresses.select("shop_code", F.col("identity_pseudonym").alias("email_pseudonym"), "customer_key", "user_id")
    gone = ordering.join(users.select("shop_code", "user_pseudonym"), ["shop_code", "user_pseudonym"], "left_anti")
    is_known, is_accounts = F.col("customer_key").isNotNull(), F.col("user_id").isNotNull()
    return _identities(
        gone.join(owners, ["shop_code", "email_pseudonym"], "left"),
        USER,
        F.col("user_pseudonym"),
        F.coalesce("customer_key", "user_pseudonym"),
        F.when(is_known, F.col("user_id")).otherwise(F.col("gone_id")),
        F.when(is_accounts, "email_of_account").when(is_known, "email_of_guest").otherwise("account"),
        F.when(is_accounts, F.concat(F.lit("the account is gone, and its latest order has the address of account "), "user_id"))
        .when(is_known, "the account is gone, and its latest order has the address of a guest")
        .otherwise("the account itself"),
    )


def _addresses(users: DataFrame, orders: DataFrame) -> DataFrame:
    of_accounts = users.where(F.col("email_pseudonym").isNotNull())
    owners = of_accounts.groupBy("shop_code", "email_pseudonym").agg(F.min(F.struct("id", "user_pseudonym")).alias("owner"))
    of_guests = orders.where(F.col("user_pseudonym").isNull() & F.col("email_pseudonym").isNotNull())
    every = of_guests.select("shop_code", "email_pseudonym").union(owners.select("shop_code", "email_pseudonym")).distinct()
    is_owned = F.col("owner").isNotNull()
    return _identities(
        every.join(owners, ["shop_code", "email_pseudonym"], "left"),
        EMAIL,
        F.col("email_pseudonym"),
        F.coalesce("owner.user_pseudonym", "email_pseudonym"),
        F.col("owner.id"),
        F.when(is_owned, "account_email").otherwise("guest_email"),
        F.when(is_owned, F.concat(F.lit("the address of account "), "owner.id")).otherwise("an address that no account has"),
    )


def _unknown_buyers(orders: DataFrame) -> DataFrame:
    unknown = orders.where(F.col("user_pseudonym").isNull() & F.col("email_pseudonym").isNull())
    who, why = F.col("order_pseudonym"), F.lit("a buyer without a usable address")
    return _identities(unknown, ORDER, who, who, F.lit(None).cast(LONG), F.lit("single_order"), why)


def _app_users(app_users: DataFrame, orders: DataFrame, addresses: DataFrame, feed_shop: str) -> DataFrame:
    """Users of the app, and those that only its orders name: they are gone from the users."""
    there = app_users.select("user_pseudonym", "email_pseudonym", F.lit(True).alias("is_there"))
    every = there.join(orders.select("user_pseudonym").distinct(), "user_pseudonym", "full_outer")
    of_shop = addresses.where(F.col("shop_code") == feed_shop)
    owners = of_shop.select(F.col("identity_pseudonym").alias("email_pseudonym"), F.col("customer_key").alias("owner_key"), "user_id")
    is_known, is_accounts = F.col("owner_key").isNotNull(), F.col("user_id").isNotNull()
    return _identities(
        every.join(owners, "email_pseudonym", "left").withColumn("shop_code", apps_code()),
        APP_USER,
        F.col("user_pseudonym"),
        F.coalesce("owner_key", "user_pseudonym"),
        F.col("user_id"),
        F.when(is_accounts, "email_of_account").when(is_known, "email_of_guest").otherwise("none"),
        F.when(is_accounts, F.concat(F.lit("e-mail of account "), "user_id", F.lit(f" of shop {feed_shop}")))
        .when(is_known, f"e-mail of a guest of shop {feed_shop}")
        .when(F.col("email_pseudonym").isNotNull(), f"no customer of shop {feed_shop} has this e-mail")
        .when(F.col("is_there"), "no usable e-mail")
        .otherwise("only orders name this user"),
    )


def _identities(
    people: DataFrame, kind: str, who: SparkColumn, key: SparkColumn, user_id: SparkColumn, match_class: SparkColumn, evidence: SparkColumn
) -> DataFrame:
    """Rows of the table, one for each of `people`."""
    return people.select(
        "shop_code",
        F.lit(kind).alias("identity_type"),
        who.alias("identity_pseudonym"),
        key.alias("customer_key"),
        user_id.alias("user_id"),
        match_class.alias("match_class"),
        evidence.alias("evidence"),
    )

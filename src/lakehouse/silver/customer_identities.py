"""Which account, address or order belongs to which customer, from the present state alone: links come and go with it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Table

USER, EMAIL, ORDER = "user", "email", "order"

TABLE = Table(
    name="silver.customer_identities",
    grain="one identity of one customer in one shop",
    key=("shop_code", "identity_type", "identity_pseudonym"),
    columns=(
        SHOP,
        Column("identity_type", STRING, "user (account), email, or order (a buyer nobody knows)"),
        Column("identity_pseudonym", STRING, "keyed pseudonym of the account, address or order"),
        Column("customer_key", STRING, "the customer: the account's pseudonym, else the address's, else the order's"),
        Column("user_id", LONG, "the account behind it; null for guests"),
    ),
)


def build(users: DataFrame, orders: DataFrame) -> DataFrame:
    """A guest with the address that an account has now is that account; no address, or an erased one, is one person per order.

    Should two accounts share an address, the older one (lower id) has it.
    """
    accounts = users.select(
        "shop_code", F.lit(USER).alias("identity_type"), F.col("user_pseudonym").alias("identity_pseudonym"), F.col("id").alias("user_id")
    )
    ordering = _ordering_accounts(orders).join(accounts, ["shop_code", "identity_type", "identity_pseudonym"], "left_anti")
    known = accounts.unionByName(ordering).withColumn("customer_key", F.col("identity_pseudonym"))
    return known.unionByName(_addresses(users, orders)).unionByName(_unknown_buyers(orders))


def with_customer_key(orders: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """Add customer_key to silver orders. One join, on addresses; an account's own orders need none."""
    addresses = customer_identities.where(F.col("identity_type") == EMAIL)
    owners = addresses.select("shop_code", F.col("identity_pseudonym").alias("email_pseudonym"), F.col("customer_key").alias("owner_key"))
    key = F.coalesce("user_pseudonym", "owner_key", "order_pseudonym")
    return orders.join(owners, ["shop_code", "email_pseudonym"], "left").withColumn("customer_key", key).drop("owner_key")


def _ordering_accounts(orders: DataFrame) -> DataFrame:
    """Accounts that orders name; they may be gone from the users."""
    named = orders.where(F.col("user_pseudonym").isNotNull())
    return named.select(
        "shop_code",
        F.lit(USER).alias("identity_type"),
        F.col("user_pseudonym").alias("identity_pseudonym"),
        F.col("customer_user_id").alias("user_id"),
    ).distinct()


def _addresses(users: DataFrame, orders: DataFrame) -> DataFrame:
    of_accounts = users.where(F.col("email_pseudonym").isNotNull())
    owners = of_accounts.groupBy("shop_code", "email_pseudonym").agg(F.min(F.struct("id", "user_pseudonym")).alias("owner"))
    of_guests = orders.where(F.col("user_pseudonym").isNull() & F.col("email_pseudonym").isNotNull())
    every = of_guests.select("shop_code", "email_pseudonym").union(owners.select("shop_code", "email_pseudonym")).distinct()
    return every.join(owners, ["shop_code", "email_pseudonym"], "left").select(
        "shop_code",
        F.lit(EMAIL).alias("identity_type"),
        F.col("email_pseudonym").alias("identity_pseudonym"),
        F.col("owner.id").alias("user_id"),
        F.coalesce("owner.user_pseudonym", "email_pseudonym").alias("customer_key"),
    )


def _unknown_buyers(orders: DataFrame) -> DataFrame:
    unknown = orders.where(F.col("user_pseudonym").isNull() & F.col("email_pseudonym").isNull())
    return unknown.select(
        "shop_code",
        F.lit(ORDER).alias("identity_type"),
        F.col("order_pseudonym").alias("identity_pseudonym"),
        F.lit(None).cast("bigint").alias("user_id"),
        F.col("order_pseudonym").alias("customer_key"),
    )

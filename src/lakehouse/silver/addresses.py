"""The addresses of accounts, orders and users of the app, from the vault. What is made of them leaves without them."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.privacy.emails import normalised_email
from lakehouse.sources.app_shop import apps_code


def addresses(
    users: DataFrame, orders: DataFrame, database_customers: DataFrame, database_orders: DataFrame, app_users: DataFrame | None = None
) -> DataFrame:
    """shop_code, email_pseudonym, email: one row per shop (the app is one, where its users are given) and address, from vault tables."""
    of_databases = (frame.select("shop_code", "email_pseudonym", "email") for frame in (database_customers, database_orders))
    known = reduce(DataFrame.unionByName, of_databases, addresses_as_typed(users, orders, app_users))
    typed = known.where(F.col("email_pseudonym").isNotNull()).groupBy("shop_code", "email_pseudonym").agg(F.min("email").alias("email"))
    return typed.withColumn("email", normalised_email(F.col("email")))


def addresses_as_typed(users: DataFrame, orders: DataFrame, app_users: DataFrame | None = None) -> DataFrame:
    """The same, a row for each form in which it was typed."""
    by_account = users.select("shop_code", "email_pseudonym", F.col("user_email").alias("email"))
    by_order = orders.select("shop_code", "email_pseudonym", F.col("billing_email").alias("email"))
    known = by_account.unionByName(by_order)
    if app_users is not None:
        known = known.unionByName(app_users.select(apps_code(), "email_pseudonym", "email"))
    return known.where(F.col("email_pseudonym").isNotNull()).distinct()

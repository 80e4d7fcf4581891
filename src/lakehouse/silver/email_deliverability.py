"""What follows from an e-mail address, without the address. Computed anew from the vault, so that a new list reaches everybody."""

import re

import pandas as pd
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.privacy.emails import is_valid_email
from lakehouse.silver.addresses import addresses
from lakehouse.sources.source import SHOP
from lakehouse.sources.special_addresses import RELAY_DOMAINS, ROLES
from lakehouse.table import BOOLEAN, STRING, Column, Table

TABLE = Table(
    name="silver.email_deliverability",
    grain="one address as known to one shop, or to the app",
    key=("shop_code", "email_pseudonym"),
    columns=(
        SHOP,
        Column("email_pseudonym", STRING, "keyed pseudonym of the address"),
        Column(
            "is_valid",
            BOOLEAN,
            "whether it is an address by the rules of email-validator, without asking a server, and no spreadsheet takes it for a formula",
        ),
        Column("is_disposable", BOOLEAN, "whether its domain, or one above it, is on the list of the package disposable-email-domains"),
        Column("is_bounced", BOOLEAN, "whether a mail bounced for good and none was delivered after it; holds for every shop"),
        Column("is_relay", BOOLEAN, "whether it is one that a marketplace made for an order"),
        Column("is_role", BOOLEAN, "whether it is a task's and no person's, such as info@"),
        Column("has_complained", BOOLEAN, "whether the mail tool heard a complaint; holds for every shop"),
    ),
    may_be_empty=True,
)


def build(
    users: DataFrame,
    orders: DataFrame,
    app_users: DataFrame,
    mail_feedback: DataFrame,
    database_customers: DataFrame,
    database_orders: DataFrame,
    *,
    disposable_domains: tuple[str, ...],
) -> DataFrame:
    """One row per shop and pseudonym, from accounts, orders, users of the app and databases. They come from vault tables; none leaves."""
    local, domain = F.substring_index("email", "@", 1), F.substring_index("email", "@", -1)
    return (
        addresses(users, orders, database_customers, database_orders, app_users)
        .join(_mailed(mail_feedback), "email_pseudonym", "left")
        .withColumn("is_valid", is_valid_email(F.col("email")))
        .withColumn("is_disposable", _is_disposable(domain, frozenset(disposable_domains)))
        .withColumn("is_relay", domain.rlike(rf"^(?:[^@]+\.)?(?:{'|'.join(RELAY_DOMAINS)})$"))
        .withColumn("is_role", F.substring_index(local, "+", 1).rlike(rf"^(?:{'|'.join(map(re.escape, sorted(ROLES)))})$"))
        .withColumn("is_bounced", F.coalesce("is_bounced", F.lit(False)))
        .withColumn("has_complained", F.coalesce("has_complained", F.lit(False)))
    )


def _mailed(mail_feedback: DataFrame) -> DataFrame:
    """(email_pseudonym, has_complained, is_bounced): what the mail tool heard of an address, ever."""

    def last(event: str) -> SparkColumn:
        return F.max(F.when(F.col("event") == event, F.col("occurred_at")))

    bounced, delivered = last("bounced_hard"), last("delivered")
    return mail_feedback.groupBy("email_pseudonym").agg(
        F.max(F.col("event") == "complained").alias("has_complained"),
        (bounced.isNotNull() & (delivered.isNull() | (delivered <= bounced))).alias("is_bounced"),
    )


def _is_disposable(domain: SparkColumn, listed: frozenset[str]) -> SparkColumn:
    @F.pandas_udf("boolean")  # type: ignore[call-overload, untyped-decorator]
    def is_listed(domains: pd.Series) -> pd.Series:
        return domains.map(lambda name: is_disposable_domain(name, listed), na_action="ignore")

    return is_listed(domain)  # type: ignore[no-any-return]


def is_disposable_domain(domain: str, listed: frozenset[str]) -> bool:
    """Whether the domain, as in a normalised address, or one above it is listed."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in listed for start in range(len(labels) - 1))

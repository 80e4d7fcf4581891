"""Push messages: to users of the app, on each of their devices that takes messages."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.export.channels.channel import Channel
from lakehouse.gold.keys import CUSTOMER
from lakehouse.silver import customer_identities
from lakehouse.silver.customer_identities import APP_USER
from lakehouse.sources import mobile_app
from lakehouse.sources.app_shop import is_apps


def reasons() -> dict[str, Column]:
    """Boolean over `with_reach`, by reason: there is no device."""
    return {"missing": F.col("has_device").isNull()}


def with_device(people: DataFrame, *tables: DataFrame) -> DataFrame:
    """`people` with `has_device`: true, or null of those without."""
    return people.join(devices(*tables).select(*CUSTOMER, F.lit(True).alias("has_device")), CUSTOMER, "left")


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


CHANNEL = Channel(
    row_kinds=("device", "product"),
    values={"push_token": lambda who: who["push_token"]},
    tables=(mobile_app.INSTALLS.bronze, mobile_app.INSTALLS.vault, mobile_app.USERS.vault, customer_identities.TABLE),
    is_for=is_apps,
    reasons=reasons,
    contacts=lambda reached, *tables: devices(*tables),
    with_reach=with_device,
)

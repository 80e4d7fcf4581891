"""`bronze.consent_statements`: what accounts, orders and users of the app said about mail, kept also when the source writes over it."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.parameters import Shops, by_shop
from lakehouse.sources.app_shop import apps_code
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, LONG, STRING, TIMESTAMP, Column, Table

ACCOUNT, ORDER, APP = "account", "order", "app"
TABLE = Table(
    name="bronze.consent_statements",
    grain="one statement as a source had it, added when it was first seen; none ever goes",
    key=("shop_code", "source", "source_id", "statement_no"),
    columns=(
        SHOP,
        Column("source", STRING, "where it stands: account and order (the shop's consent_meta_key), app", accepted=(ACCOUNT, ORDER, APP)),
        Column("source_id", STRING, "user id, order id, or the app's user id"),
        Column("statement_no", LONG, "1 for the first statement that was seen there, 2 for what it was changed to, and so on"),
        Column("value", STRING, "the text as stored; null: the account has the key no more"),
        Column("source_time", TIMESTAMP, "when it was said: when the order was made, what the app sends; null of an account, UTC"),
        Column("seen_on", DATE, "run date of the night that saw it first"),
        Column(
            "email_pseudonym",
            STRING,
            "keyed pseudonym of the address that the account or the guest's order had then: whose it is when they are gone; null where no"
            " address was known, and of the app",
        ),
    ),
    may_be_empty=True,
)
PLACE = ["shop_code", "source", "source_id"]


def build(
    user_meta: DataFrame,
    order_meta: DataFrame,
    users: DataFrame,
    orders: DataFrame,
    app_users: DataFrame,
    consent_statements: DataFrame,
    *,
    shops: Shops,
    run_date: date,
) -> DataFrame:
    """The statements that are known, and those that stand in the sources now and are other than the last known ones there."""
    now = F.struct("value", "source_time")
    current = _of_accounts(user_meta, users, shops).union(_of_orders(order_meta, orders, shops)).union(_of_app(app_users))
    statement = [name for name in TABLE.column_names if name not in PLACE]
    known = consent_statements.groupBy(*PLACE).agg(
        F.max_by(now, "statement_no").alias("last"),
        F.max("statement_no").alias("last_no"),
        F.collect_list(F.struct(*statement)).alias("known"),
    )
    found = current.select(*PLACE, now.alias("now"), F.col("email_pseudonym").alias("owner")).join(known, PLACE, "full_outer")
    # An order or a user of the app that is gone takes back nothing.
    is_new = F.col("now").isNotNull() & ~F.col("now").eqNullSafe(F.col("last"))
    is_gone = F.col("now").isNull() & (F.col("source") == ACCOUNT) & F.col("last.value").isNotNull()
    new = F.struct(
        (F.coalesce("last_no", F.lit(0)) + 1).cast("bigint").alias("statement_no"),
        F.col("now.value").alias("value"),
        F.col("now.source_time").alias("source_time"),
        F.lit(run_date).alias("seen_on"),
        F.col("owner").alias("email_pseudonym"),
    )
    so_far = F.coalesce("known", F.array().cast(found.schema["known"].dataType))
    every = F.when(is_new | is_gone, F.concat(so_far, F.array(new))).otherwise(so_far)
    statements = found.select(*PLACE, "owner", F.explode(every).alias("said")).select(*PLACE, "owner", "said.*")
    # Also of statements that an older version kept without it.
    return statements.withColumn("email_pseudonym", F.coalesce("email_pseudonym", "owner")).drop("owner")


def _of_accounts(user_meta: DataFrame, users: DataFrame, shops: Shops) -> DataFrame:
    owners = users.select("shop_code", F.col("id").alias("user_id"), "email_pseudonym")
    said = _first_value(user_meta, "user_id", "umeta_id", shops).join(owners, ["shop_code", "user_id"], "left")
    return said.select(
        "shop_code",
        F.lit(ACCOUNT).alias("source"),
        F.col("user_id").cast("string").alias("source_id"),
        "value",
        F.lit(None).cast("timestamp").alias("source_time"),
        "email_pseudonym",
    )


def _of_orders(order_meta: DataFrame, orders: DataFrame, shops: Shops) -> DataFrame:
    made = orders.select("shop_code", F.col("id").alias("order_id"), F.col("date_created_gmt").alias("source_time"), "email_pseudonym")
    said = _first_value(order_meta, "order_id", "id", shops).join(made, ["shop_code", "order_id"])
    order = F.col("order_id").cast("string").alias("source_id")
    return said.select("shop_code", F.lit(ORDER).alias("source"), order, "value", "source_time", "email_pseudonym")


def _of_app(app_users: DataFrame) -> DataFrame:
    return app_users.select(
        apps_code(),
        F.lit(APP).alias("source"),
        F.col("app_user_id").alias("source_id"),
        F.when(F.col("marketing_consent"), "yes").otherwise("no").alias("value"),
        F.col("consent_at").alias("source_time"),
        F.lit(None).cast("string").alias("email_pseudonym"),
    )


def _first_value(meta: DataFrame, of: str, meta_id: str, shops: Shops) -> DataFrame:
    """shop_code, `of`, value: of the shop's consent key the row that WordPress reads. No text is an empty one."""
    key = by_shop(shops, lambda shop: F.lit(shop.consent_meta_key))
    value = F.coalesce(F.min_by("meta_value", meta_id), F.lit(""))
    return meta.where(F.col("meta_key") == key).groupBy("shop_code", of).agg(value.alias("value"))

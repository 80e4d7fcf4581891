"""Who said yes or no to advertising: every statement that is known, one row each, and what follows from all of an address's."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze.consent_statements import ACCOUNT, APP, ORDER
from lakehouse.sources.channels import CHANNELS, EMAIL, PUSH
from lakehouse.sources.consent_words import LEFT_ALONE, YES
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, TIMESTAMP, Column, Table

SHOPS_MAIL, MAIL_TOOL = "shops_mail", "mail_tool"
SAID_YES, SAID_NO, NOTHING = "yes", "no", "none"
# A no without a time is later than every yes.
UNDATED = "9999-12-31 00:00:00"
MARKETING = "marketing"

TABLE = Table(
    name="silver.consents",
    grain="one statement",
    key=("shop_code", "source", "source_id", "subject", "statement_no"),
    columns=(
        SHOP,
        Column("subject", STRING, "keyed pseudonym of the e-mail address that it is about; for push of the app's user"),
        Column("channel", STRING, " or ".join(CHANNELS), accepted=CHANNELS),
        Column("purpose", STRING, "marketing, or the kind of the shop's own mails that somebody unsubscribed from"),
        Column("state", STRING, "yes, no, or none: the statement that stood there was taken away", accepted=(SAID_YES, SAID_NO, NOTHING)),
        Column(
            "source",
            STRING,
            "account and order (the shop's consent_meta_key), app, shops_mail (wc_email_unsubscribes), mail_tool",
            accepted=(ACCOUNT, ORDER, APP, SHOPS_MAIL, MAIL_TOOL),
        ),
        Column("source_id", STRING, "user id, order id, the app's user id, id of the row; of the mail tool the event"),
        Column("statement_no", LONG, "of several statements at one source the highest holds"),
        Column("source_time", TIMESTAMP, "when it was said, UTC; null of an account"),
        Column("evidence", STRING, "where it stands, in words"),
    ),
    may_be_empty=True,
)


def build(
    consent_statements: DataFrame,
    users: DataFrame,
    orders: DataFrame,
    app_users: DataFrame,
    mail_feedback: DataFrame,
    email_unsubscribes: DataFrame,
    mail_choices: DataFrame,
    email_deliverability: DataFrame,
) -> DataFrame:
    """Statements of accounts and orders are about the address that the account, or the guest, has now; where it is gone, about the one
    that it had.

    What the mail tool heard holds in every shop that knows the address. Yes is what is known to mean yes. On an account everything else
    that is not empty is a no; on an order a box that was left alone says nothing.
    """
    found = (
        _of_accounts(consent_statements, users)
        .unionByName(_of_orders(consent_statements, users, orders))
        .unionByName(_of_app(consent_statements, app_users))
        .unionByName(_of_shops_mail(email_unsubscribes, mail_choices))
        .unionByName(_of_mail_tool(mail_feedback, email_deliverability))
    )
    return found.where(F.col("subject").isNotNull())


def decisions(consents: DataFrame) -> DataFrame:
    """shop_code, subject, decision (yes or no) for e-mail, of the addresses about which anything was said.

    An account's statement decides over all orders; of several accounts with one address a no does. A no is not taken back by a key that
    is emptied or gone. Statements with a time: the latest decides, a no at the same moment. An unsubscribe or a complaint ends every yes
    but a later one with a time, which an account's never has. A kind of mail that somebody took up again is a yes only where no other kind
    is refused.
    """
    last = _latest(consents.where(F.col("channel") == EMAIL))
    by_account, dated = F.col("source") == ACCOUNT, F.col("source_time")
    is_no, is_yes, is_order = F.col("state") == SAID_NO, F.col("state") == SAID_YES, F.col("source") == ORDER

    def latest(condition: SparkColumn, undated: str | None = None) -> SparkColumn:
        return F.max(F.when(condition, F.coalesce(dated, F.lit(undated).cast("timestamp"))))

    told = last.groupBy("shop_code", "subject").agg(
        F.max(by_account & is_no).alias("account_no"),
        F.max(by_account & is_yes).alias("account_yes"),
        latest(is_order & is_yes).alias("order_yes"),
        latest(is_order & is_no, UNDATED).alias("order_no"),
        latest((F.col("source") == MAIL_TOOL) & is_no).alias("tool_no"),
        latest((F.col("source") == SHOPS_MAIL) & is_no, UNDATED).alias("kind_no"),
        latest((F.col("source") == SHOPS_MAIL) & is_yes).alias("kind_yes"),
    )
    of_account = F.col("account_no") | F.col("account_yes")
    of_orders = ~of_account
    kind_yes = F.when(F.col("kind_no").isNull(), F.col("kind_yes"))
    last_yes = F.greatest(kind_yes, F.when(of_orders, F.col("order_yes")))
    last_no = F.greatest("tool_no", "kind_no", F.when(of_orders, F.col("order_no")))
    no_stands = F.coalesce(last_no >= last_yes, last_no.isNotNull())
    decision = (
        F.when(F.col("account_no") | no_stands, SAID_NO).when(F.col("account_yes") | last_yes.isNotNull(), SAID_YES).otherwise(F.lit(None))
    )
    return told.select("shop_code", "subject", decision.alias("decision")).where(F.col("decision").isNotNull())


def _latest(consents: DataFrame) -> DataFrame:
    """Of each source of statements, and of each kind of the shop's mails, what holds: the last one, but no silence lifts a no."""
    place = F.when(F.col("source") == SHOPS_MAIL, F.col("purpose")).otherwise(F.col("source_id"))
    last = F.max_by(F.struct("state", "source_time"), "statement_no")
    said = F.max_by("state", F.when(F.col("state") != NOTHING, F.col("statement_no")))
    state = F.when((F.col("last.state") == NOTHING) & (F.col("said") == SAID_NO), SAID_NO).otherwise(F.col("last.state"))
    by_place = consents.groupBy("shop_code", "subject", "source", place.alias("place")).agg(last.alias("last"), said.alias("said"))
    return by_place.select("shop_code", "subject", "source", state.alias("state"), F.col("last.source_time").alias("source_time"))


def _word() -> SparkColumn:
    return F.lower(F.trim(F.coalesce("value", F.lit(""))))


def _of_accounts(statements: DataFrame, users: DataFrame) -> DataFrame:
    owners = users.select("shop_code", F.col("id").cast("string").alias("source_id"), F.col("email_pseudonym").alias("subject"))
    state = F.when(_word() == "", NOTHING).when(_word().isin(*YES), SAID_YES).otherwise(SAID_NO)
    said = statements.where(F.col("source") == ACCOUNT).join(owners, ["shop_code", "source_id"], "left")
    return _rows(_of_the_gone(said), state, F.concat(F.lit("account "), "source_id"))


def _of_orders(statements: DataFrame, users: DataFrame, orders: DataFrame) -> DataFrame:
    accounts = users.select("shop_code", F.col("id").alias("customer_user_id"), F.col("email_pseudonym").alias("account_email"))
    buyers = orders.join(accounts, ["shop_code", "customer_user_id"], "left").select(
        "shop_code",
        F.col("order_id").cast("string").alias("source_id"),
        F.coalesce("account_email", "email_pseudonym").alias("subject"),
        "is_misdated",
    )
    state = F.when(_word().isin(*YES), SAID_YES).when(_word().isin(*LEFT_ALONE), NOTHING).otherwise(SAID_NO)
    said = _of_the_gone(statements.where(F.col("source") == ORDER).join(buyers, ["shop_code", "source_id"], "left"))
    said = said.withColumn("source_time", F.when(~F.coalesce("is_misdated", F.lit(False)), F.col("source_time")))
    return _rows(said, state, F.concat(F.lit("order "), "source_id"))


def _of_the_gone(said: DataFrame) -> DataFrame:
    """WooCommerce makes the orders of an account that is deleted a guest's; what its owner refused stays refused."""
    return said.withColumn("subject", F.coalesce("subject", "email_pseudonym"))


def _of_app(statements: DataFrame, app_users: DataFrame) -> DataFrame:
    people = app_users.select(F.col("app_user_id").alias("source_id"), F.col("user_pseudonym").alias("subject"))
    said = statements.where(F.col("source") == APP).join(people, "source_id")
    return _rows(said, F.when(_word().isin(*YES), SAID_YES).otherwise(SAID_NO), F.lit("the app's file of users"), channel=PUSH)


def _of_shops_mail(email_unsubscribes: DataFrame, mail_choices: DataFrame) -> DataFrame:
    """Only added to: of each kind the row with the highest id is valid."""
    dated = email_unsubscribes.select("shop_code", F.col("id").alias("choice_id"), F.col("created_at").alias("source_time"))
    said = mail_choices.join(dated, ["shop_code", "choice_id"]).withColumns(
        {
            "subject": F.col("email_pseudonym"),
            "source": F.lit(SHOPS_MAIL),
            "source_id": F.col("choice_id").cast("string"),
            "statement_no": F.col("choice_id"),
        }
    )
    state = F.when(F.col("action") == "unsubscribed", SAID_NO).otherwise(SAID_YES)
    evidence = F.concat(F.lit("wc_email_unsubscribes "), "choice_id")
    return _rows(said, state, evidence, purpose=F.coalesce("email_kind", F.lit("")))


def _of_mail_tool(mail_feedback: DataFrame, known: DataFrame) -> DataFrame:
    """The latest complaint and the latest unsubscribe of an address, in each shop that knows it."""
    latest = (
        mail_feedback.where(F.col("event").isin("complained", "unsubscribed"))
        .groupBy("email_pseudonym", "event")
        .agg(F.max("occurred_at").alias("source_time"))
    )
    said = (
        known.select("shop_code", "email_pseudonym")
        .join(latest, "email_pseudonym")
        .withColumns(
            {
                "subject": F.col("email_pseudonym"),
                "source": F.lit(MAIL_TOOL),
                "source_id": F.col("event"),
                "statement_no": F.lit(1).cast("bigint"),
            }
        )
    )
    return _rows(said, F.lit(SAID_NO), F.concat(F.lit("the mail tool: "), "event"))


def _rows(
    said: DataFrame, state: SparkColumn, evidence: SparkColumn, purpose: SparkColumn | None = None, channel: str = EMAIL
) -> DataFrame:
    return said.select(
        "shop_code",
        "subject",
        F.lit(channel).alias("channel"),
        (F.lit(MARKETING) if purpose is None else purpose).alias("purpose"),
        state.alias("state"),
        "source",
        "source_id",
        "statement_no",
        "source_time",
        evidence.alias("evidence"),
    )

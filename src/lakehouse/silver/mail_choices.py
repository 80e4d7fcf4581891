"""What people chose about the shop's own mails (`wc_email_unsubscribes`), by the pseudonym of the address in place of its hash."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.privacy.emails import email_as_typed
from lakehouse.silver.addresses import addresses_as_typed
from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Table

TABLE = Table(
    name="silver.mail_choices",
    grain="one choice about one kind of mail, of an address that the shop knows",
    key=("shop_code", "choice_id"),
    columns=(
        SHOP,
        Column("choice_id", LONG, "id of the row; of each kind the highest is valid"),
        Column("email_pseudonym", STRING, "keyed pseudonym of the address"),
        Column("email_kind", STRING, "kind of mail"),
        Column("action", STRING, "unsubscribed or resubscribed"),
    ),
    may_be_empty=True,
)


def build(users: DataFrame, orders: DataFrame, app_users: DataFrame, email_unsubscribes: DataFrame) -> DataFrame:
    """From vault tables; neither address nor hash leaves. The shop hashed an address as somebody had typed it, in lower case."""
    typed = addresses_as_typed(users, orders, app_users)
    forms = F.array(F.lower(F.trim("email")), email_as_typed(F.col("email")))
    hashes = F.transform(F.array_distinct(forms), lambda form: F.sha2(form, 256))
    known = typed.select("shop_code", "email_pseudonym", F.explode(hashes).alias("email_hash")).distinct()
    return email_unsubscribes.join(known, ["shop_code", "email_hash"]).withColumnRenamed("id", "choice_id")

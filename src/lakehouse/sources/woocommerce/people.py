"""Accounts and who does not want mail."""

from lakehouse.sources.source import JdbcTable, Pseudonym
from lakehouse.table import LONG, STRING, TIMESTAMP, Column

USERS = JdbcTable(
    name="users",
    source_name="users",
    grain="one account",
    key=("id",),
    columns=(
        Column("id", LONG, "user id"),
        Column("user_email", STRING, "e-mail of the account as typed", personal="email"),
        Column("user_registered", TIMESTAMP, "when the account was made, UTC"),
    ),
    pseudonyms=(Pseudonym("email_pseudonym", "email", "user_email"), Pseudonym("user_pseudonym", "user", "id")),
    network_wide=True,
)

USER_META = JdbcTable(
    name="user_meta",
    source_name="usermeta",
    grain="one key of one account",
    key=("umeta_id",),
    columns=(
        Column("umeta_id", LONG, "id of the row"),
        Column("user_id", LONG, "the account"),
        Column("meta_key", STRING, "key"),
        Column("meta_value", STRING, "value as text; null here for personal keys"),
    ),
    meta_keys=("billing_country", "first_name", "locale"),
    personal_keys=("first_name",),
    network_wide=True,
)

# The columns that a network of sites has beside those of every site.
BLOCKED_USERS = JdbcTable(
    name="blocked_users",
    source_name="users",
    grain="one account that a network's administrator marked as spam or deleted",
    key=("id",),
    columns=(
        Column("id", LONG, "user id"),
        Column("spam", LONG, "1 if it is marked as spam"),
        Column("deleted", LONG, "1 if it is marked as deleted"),
    ),
    where="(`spam` = 1 OR `deleted` = 1)",
    network_wide=True,
    optional=True,
)

EMAIL_UNSUBSCRIBES = JdbcTable(
    name="email_unsubscribes",
    source_name="wc_email_unsubscribes",
    grain="one choice about one kind of mail; only added to, the highest id is valid",
    key=("id",),
    columns=(
        Column("id", LONG, "id of the row"),
        Column("email_hash", STRING, "SHA-256 (hex) of the address in lower case, trimmed", personal="email_hash"),
        Column("email_kind", STRING, "kind of mail", personal="choice"),
        Column("action", STRING, "unsubscribed or resubscribed", personal="choice"),
        Column("created_at", TIMESTAMP, "when it was chosen, UTC"),
    ),
    since=(11, 0),
)

TABLES = (USERS, USER_META, BLOCKED_USERS, EMAIL_UNSUBSCRIBES)

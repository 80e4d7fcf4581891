"""The key of the pseudonyms: one per lake. Another key would make every customer a stranger, so it is refused."""

import os
import secrets as randomness
from pathlib import Path

from lakehouse.errors import AccessError, ConfigError, WriteError
from lakehouse.io.config.secrets import resolve
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host import logs
from lakehouse.privacy.pseudonyms import fingerprint, pseudonym_of_email
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.sources.woocommerce.people import USERS
from lakehouse.table import STRING, Column, Table

# Where addresses stand beside their pseudonyms.
PEOPLE = {f"vault.woo__{USERS.name}": "user_email", f"vault.woo__{ORDERS.name}": "billing_email"}
LOOKED_AT = 100

TABLE = Table(
    name="ops.pseudonym_key",
    grain="the one key of this lake, by its fingerprint",
    key=("fingerprint",),
    columns=(Column("fingerprint", STRING, "HMAC of a fixed text under the key"),),
)


def pseudonym_key(settings: Settings, store: DeltaStore) -> str:
    """The key that the settings refer to.

    In env local, and for an empty lake only, a key file that is missing is made (mode 0600). AccessError (77) if the
    lake was made with another key, which the vault's own rows tell where `ops` is lost.
    """
    reference, is_new = _reference(settings), store.head(TABLE.name) is None
    if is_made(settings, store):
        _make(Path(reference.removeprefix("file:")))
    key = check_key(settings, store)
    if is_new:
        store.append_rows(TABLE, [{"fingerprint": fingerprint(key)}])
    return key


def is_made(settings: Settings, store: DeltaStore) -> bool:
    """Whether the next run makes the key file."""
    reference = _reference(settings)
    is_empty = store.head(TABLE.name) is None and all(store.head(table) is None for table in PEOPLE)
    may_be = is_empty and settings.env in ("local", "demo") and reference.startswith("file:")
    return may_be and not Path(reference.removeprefix("file:")).exists()


def check_key(settings: Settings, store: DeltaStore) -> str:
    """The key, if it can be read and is this lake's; AccessError (77) otherwise. Writes nothing."""
    key = resolve(_reference(settings))
    if len(key) < 32:
        raise AccessError("the pseudonym key is shorter than 32 characters", "make one: openssl rand -hex 32")
    known = {row["fingerprint"] for row in store.rows(TABLE)}
    if not (known == {fingerprint(key)} if known else _fits_vault(key, store)):
        raise AccessError(
            "the pseudonym key is not the one that this lake was made with", "put the lake's own key back: setting pseudonym_key"
        )
    return key


def _fits_vault(key: str, store: DeltaStore) -> bool:
    """Whether addresses in the vault have their pseudonyms by this key; one is enough, since the form of a few may have changed."""
    for table, column in PEOPLE.items():
        if store.head(table) is None:
            continue
        some = f"SELECT {column} AS email, email_pseudonym FROM {{rows}} WHERE email_pseudonym IS NOT NULL LIMIT {LOOKED_AT}"
        if found := store.question(some, rows=table):
            return any(pseudonym_of_email(key, row["email"]) == row["email_pseudonym"] for row in found)
    return True


def _reference(settings: Settings) -> str:
    if settings.pseudonym_key is None and "://" in settings.vault_root:
        raise ConfigError(
            "pseudonym_key is not set, and the key of a vault in a bucket can't lie beside it",
            "make one: openssl rand -hex 32; conf/README.md",
        )
    return settings.pseudonym_key or f"file:{settings.vault_root.rstrip('/')}.key"


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It appears whole: a key cut short would lock everybody out.
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(randomness.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise WriteError(f"cannot make the key file {path}: {error.strerror}") from None
    logs.info(f"made the pseudonym key {path}: keep a copy, without it the lake cannot go on")

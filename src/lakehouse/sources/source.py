"""The declaration of a table in a shop's database, and what follows from it: the query, its two lake tables."""

from collections.abc import Callable
from dataclasses import dataclass

from lakehouse.table import BOOLEAN, LONG, STRING, Column, Table

# How the root order of a row is found: the row is an order, names an order, or names an order item.
ORDER, ORDER_ID, ORDER_ITEM_ID = "order", "order_id", "order_item_id"
# How a table is read again: whole; orders that may have changed; what hangs on those.
SNAPSHOT, CURSOR, FOLLOW = "snapshot", "cursor", "follow"
WOO = "woo__"
# Makes an SQL condition on the orders to read for a column that holds their ids.
Within = Callable[[str], str]


@dataclass(frozen=True)
class Pseudonym:
    """A keyed pseudonym that landing adds: column `name`, computed from column `of` as a `kind` ("email", "user", "order", "app_user")."""

    name: str
    kind: str
    of: str


@dataclass(frozen=True)
class JdbcTable:
    """One source table: only the declared columns, and of key-value tables only the declared keys, are ever read.

    `source_name` is without the prefix. `personal_keys` are the meta keys whose value goes to the vault.
    `since` is the WooCommerce version that brought the table: an older shop has none, which is not an error.
    `optional`: only some shops have its columns; where they are not there, or not granted, it is empty.
    `looked_at`: columns of `where` that are never read themselves.
    `order_column` holds the id of the order that a row is or names. `network_wide`: all sites of a multisite share the table.
    Most tables of a shop `may_be_empty`; without orders, items and options it is half loaded. `lake_prefix` stands before the names of its
    tables in the lake; those of other sources than shops of WooCommerce may be missing there.
    """

    name: str
    source_name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    where: str = ""
    meta_keys: tuple[str, ...] = ()
    personal_keys: tuple[str, ...] = ()
    pseudonyms: tuple[Pseudonym, ...] = ()
    root: str | None = None
    since: tuple[int, ...] = ()
    order_column: str = "order_id"
    network_wide: bool = False
    may_be_empty: bool = True
    optional: bool = False
    looked_at: tuple[str, ...] = ()
    lake_prefix: str = WOO

    @property
    def reading(self) -> str:
        """How it is read again after the first night: snapshot, cursor or follow."""
        return {None: SNAPSHOT, ORDER: CURSOR}.get(self.root, FOLLOW)

    @property
    def takes_consent(self) -> bool:
        """Whether a shop's consent key (setting `consent_meta_key`) is read from here too."""
        return self.takes_roles or self.takes_order_keys

    @property
    def takes_roles(self) -> bool:
        """Whether the roles of accounts on a shop's site are read from here: their key has the shop's prefix."""
        return self.name == "user_meta"

    @property
    def takes_order_keys(self) -> bool:
        """Whether keys of orders that a shop's settings name are read from here."""
        return self.name in ("order_meta", "order_post_meta")

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def of_keys(self, extra_keys: tuple[str, ...] = (), quoted: Callable[[str], str] = "`{}`".format) -> str:
        """The condition that leaves the declared keys of a key-value table, and `extra_keys`; empty for other tables.

        `quoted` gives a column's name as the database wants it: in backticks for MySQL.
        """
        column = "option_name" if "option_name" in self.column_names else "meta_key"
        keys = ", ".join("'" + key.replace("'", "''") + "'" for key in (*self.meta_keys, *extra_keys))
        return f"{quoted(column)} IN ({keys})" if self.meta_keys else ""

    @property
    def needed_columns(self) -> list[str]:
        """What an account needs rights on."""
        return [*self.column_names, *self.looked_at]

    def query(self, prefix: str, extra_keys: tuple[str, ...] = (), within: str = "") -> str:
        """The SELECT that reads it, with backticks, without `*`.

        `extra_keys` are meta keys named by the shop's settings; `within` is a further condition: a part of the table.
        """
        condition = " AND ".join(part for part in (self._condition(extra_keys), within) if part)
        return self._select(prefix) + (f" WHERE {condition}" if condition else "")

    def of_orders(self, prefix: str, within: Within) -> str:
        """The condition for the rows of some orders; item meta finds its orders through the items."""
        if self.root != ORDER_ITEM_ID:
            return within(f"`{self.order_column}`")
        return f"`order_item_id` IN (SELECT `order_item_id` FROM `{prefix}woocommerce_order_items` WHERE {within('`order_id`')})"

    def probe(self, prefix: str) -> str:
        """A SELECT without rows: it fails where a declared column is missing or not granted."""
        return self._select(prefix) + " LIMIT 0"

    def _select(self, prefix: str) -> str:
        names = ", ".join(f"`{name}`" for name in self.column_names)
        return f"SELECT {names} FROM `{prefix}{self.source_name}`"

    def _condition(self, extra_keys: tuple[str, ...]) -> str:
        parts = [self.where, self.of_keys(extra_keys)]
        return " AND ".join(part for part in parts if part)

    @property
    def personal_columns(self) -> list[str]:
        """Names of the columns that are landed in the vault."""
        return [column.name for column in self.columns if column.personal]

    @property
    def bronze(self) -> Table:
        """The mirror: shop_code, the root order where there is one, the columns that are not personal, the pseudonyms."""
        kept = tuple(c for c in self.columns if not c.personal)
        added = tuple(Column(p.name, STRING, f"keyed pseudonym (HMAC-SHA256) of `{p.of}`; null if there is none") for p in self.pseudonyms)
        flags = (ANONYMISED,) * any(p.kind == "email" for p in self.pseudonyms) + (MISDATED,) * (self.root == ORDER)
        columns = (SHOP, *self._root_column, *kept, *added, *flags)
        return Table(
            f"bronze.{self.lake_prefix}{self.name}",
            self.grain,
            (SHOP.name, *self.key),
            columns,
            scope=self._scope,
            may_be_empty=self.may_be_empty,
            optional=self.lake_prefix != WOO,
        )

    @property
    def vault(self) -> Table | None:
        """The personal part, keyed as the mirror; None where nothing is personal."""
        if self.personal_keys:
            kept = self.columns
        elif self.personal_columns:
            kept = tuple(c for c in self.columns if c.personal or c.name in self.key or c.name == "order_id")
        else:
            return None
        added = tuple(Column(p.name, STRING, f"keyed pseudonym of `{p.of}`") for p in self.pseudonyms if p.kind == "email")
        columns = (SHOP, *self._root_column, *kept, *added)
        grain, key = f"personal part of: {self.grain}", (SHOP.name, *self.key)
        name, is_optional = f"vault.{self.lake_prefix}{self.name}", self.lake_prefix != WOO
        return Table(name, grain, key, columns, scope=self._scope, may_be_empty=True, optional=is_optional)

    @property
    def mirrors(self) -> list[Table]:
        """The tables that its rows are landed in: the mirror, and the personal part if there is one."""
        return [part for part in (self.bronze, self.vault) if part is not None]

    @property
    def _root_column(self) -> tuple[Column, ...]:
        return (ROOT_ORDER,) if self.root else ()

    @property
    def _scope(self) -> str | None:
        return ROOT_ORDER.name if self.root else None


SHOP = Column("shop_code", STRING, "code of the shop in the settings")
ROOT_ORDER = Column("_root_order_id", LONG, "root order: of a refund and all that hangs on it, the order that was refunded")
MISDATED = Column("is_misdated", BOOLEAN, "whether its date can't be: before 2000, or two days after the database's clock when it was read")
ANONYMISED = Column("is_anonymised", BOOLEAN, "true if the address is one that WooCommerce writes over an erased one")

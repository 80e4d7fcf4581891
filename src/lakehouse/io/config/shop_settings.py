"""Settings of one shop: how it is reached, how much of it is read, and what its data means."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.parameters import PREFIX
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce.special_orders import SUB_ORDER_KEYS

# Consent alone, or also article 13.2 of the ePrivacy directive: similar goods to who has bought, until somebody objects.
LegalGround = Literal["consent", "existing_customers"]
# What may stand in SQL between quotes.
MetaKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]+$")]
# A status means the same with and without the prefix that the database has before it.
SaleStatus = Annotated[str, AfterValidator(lambda status: status.strip().removeprefix(PREFIX))]


class ShopSettings(ConnectionSettings):
    """One shop: how its database is reached and what its data means."""

    # How it is reached.
    url: str = Field(pattern=r"^jdbc:mysql://[^/?#]+/[^/?#]+(\?.*)?$")
    prefix: str = Field(default="wp_", pattern=r"^[A-Za-z0-9_]+$")
    users_prefix: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_]+$")
    # How much of it is read again.
    window_days: int | None = Field(default=None, ge=0)
    reread_nights: int | None = Field(default=None, ge=1)
    reread_at_least_orders: int = Field(default=5_000, ge=0)
    max_delete_share: float = Field(default=0.2, ge=0, le=1)
    freeze: tuple[str, ...] = ()
    # The replica that it is read from.
    pause_replica: bool = True
    max_replica_lag_seconds: int = Field(default=600, ge=0)
    heartbeat_table: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?$")
    # What its data means.
    content_folder: str = Field(default="wp-content", pattern=r"^[A-Za-z0-9_./-]+$")
    counts_as_sale: tuple[SaleStatus, ...] = ("completed", "processing")
    customer_roles: tuple[str, ...] = ("customer",)
    consent_meta_key: MetaKey | None = None
    legal_ground: LegalGround | Mapping[Literal["marketing"], LegalGround] | None = None
    leave_out_role_addresses: bool = False
    sub_order_keys: tuple[MetaKey, ...] = ()
    test_order_values: Mapping[MetaKey, tuple[str, ...]] = {}
    # Patterns of names or slugs of categories that a plugin shows to some customers only.
    private_categories: tuple[str, ...] = ()

    def prefix_of(self, table: JdbcTable) -> str:
        """Before the table's name: in a multisite the users' tables have the network's prefix, all others the site's."""
        return (self.users_prefix or self.prefix) if table.network_wide else self.prefix

    @property
    def site_id(self) -> int | None:
        """Of a site of a multisite, by its prefix: 2 of `wp_2_`; None of a site on its own and of a network's first."""
        number = self.prefix.removeprefix(self.users_prefix or self.prefix).strip("_")
        return int(number) if number.isdigit() else None

    def ground_of(self, purpose: Literal["marketing"]) -> str:
        """On what legal ground mail of this purpose is sent to who said neither yes nor no."""
        chosen = self.legal_ground.get(purpose) if isinstance(self.legal_ground, Mapping) else self.legal_ground
        return chosen or "consent"

    @property
    def all_sub_order_keys(self) -> tuple[str, ...]:
        """Meta keys of an order whose children are copies of it for sellers: those of public plugins, and the shop's own."""
        return (*SUB_ORDER_KEYS, *self.sub_order_keys)

    def extra_keys(self, table: JdbcTable) -> tuple[str, ...]:
        """Meta keys that are read because the settings name them."""
        consent = (self.consent_meta_key,) if self.consent_meta_key and table.takes_consent else ()
        roles = (f"{self.prefix}capabilities",) if table.takes_roles else ()
        return (*consent, *roles, *(self.test_order_values if table.takes_order_keys else ()))

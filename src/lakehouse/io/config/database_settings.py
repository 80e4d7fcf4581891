"""Settings of one database that is no WooCommerce shop: an ERP, a portal, a table of sales. It is a shop of its own in silver and gold."""

from typing import Literal

from pydantic import Field, field_validator

from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.config.shop_settings import LegalGround
from lakehouse.sources.databases import KINDS
from lakehouse.sources.databases.kind import DatabaseKind


class DatabaseSettings(ConnectionSettings):
    """How it is reached, which tables it has (`kind`), and what its data means."""

    kind: str
    # The schema of tables whose declaration names none; of PostgreSQL only.
    schema_name: str = Field(default="public", min_length=1, max_length=63)
    max_delete_share: float = Field(default=0.2, ge=0, le=1)
    # Of amounts, where the tables don't say it.
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    price_includes_tax: bool = False
    counts_as_sale: tuple[str, ...] | None = None
    legal_ground: LegalGround | None = None
    leave_out_role_addresses: bool = False
    freeze: tuple[str, ...] = ()

    @property
    def tables(self) -> DatabaseKind:
        """The declarations that it is read by."""
        return KINDS[self.kind]

    @property
    def sale_statuses(self) -> tuple[str, ...]:
        """Those of the settings, else those of its kind."""
        return self.counts_as_sale if self.counts_as_sale is not None else self.tables.counts_as_sale

    def ground_of(self, _purpose: Literal["marketing"]) -> str:
        """On what legal ground mail of this purpose is sent to who said neither yes nor no."""
        return self.legal_ground or "consent"

    @property
    def is_postgres(self) -> bool:
        return self.address.engine == "postgresql"

    @field_validator("kind")
    @classmethod
    def _kind_is_declared(cls, value: str) -> str:
        if value not in KINDS:
            raise ValueError(f"there is no such kind; kinds are {', '.join(KINDS)} (docs/databases.md says how to add one)")
        return value

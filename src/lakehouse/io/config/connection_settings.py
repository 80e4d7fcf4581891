"""Settings that every database has: where it is, who reads it, how safe and how patient its connections are."""

import os
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lakehouse.errors import ConfigError
from lakehouse.io.config.database_address import Address


class ConnectionSettings(BaseModel):
    """How a database is reached, and in which time zone its clocks stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    user: str
    password: str
    tls: Literal["disable", "trust", "verify-ca", "verify-full"] = "disable"
    tls_ca: str | None = None
    connections: int = Field(default=2, ge=1, le=4)
    socket_timeout_seconds: int = Field(default=120, ge=1)
    statement_timeout_seconds: int = Field(default=3600, ge=1)
    time_zone: str = "UTC"

    @property
    def address(self) -> Address:
        """Engine, host and database of `url`. The password is not part of it."""
        return Address.of(self.url)

    @property
    def authority(self) -> str | None:
        """The whole path of the CA file. None: the authorities that the system knows."""
        if self.tls_ca is None:
            return None
        if not self.tls.startswith("verify"):
            raise ConfigError(f"tls_ca is set, but tls: {self.tls} looks at no certificate", "set tls: verify-full, or leave it out")
        return os.path.abspath(self.tls_ca)

    @field_validator("url")
    @classmethod
    def _url_only_says_where(cls, value: str) -> str:
        try:
            Address.of(value)
        except ConfigError as error:
            raise ValueError(f"{error}: {error.todo}") from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value} is not a time zone; write it like Europe/Amsterdam") from error
        return value

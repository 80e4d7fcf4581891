"""Questions to a shop's database that need no Spark: may we in, is everything there that is declared, which kind of shop is it."""

import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import pymysql

from lakehouse.errors import AccessError, DataError, LakehouseError, SourceAwayError
from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.config.database_address import Address
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.host import logs
from lakehouse.io.mysql.database_url import connect_arguments
from lakehouse.sources.source import JdbcTable

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

# MySQL has a number of its own (3159) for who must come with TLS, MariaDB has not.
DENIED, NO_DATABASE, NOT_THERE = {1044, 1045, 1698, 3159}, {1049}, {1054, 1142, 1143, 1146}
NO_TLS_THERE = 2026
ANSWER_SECONDS = 3


def connect(code: str, shop: ConnectionSettings) -> "Connection[Cursor]":
    """A connection that is as safe as the settings want it. AccessError (77): password, TLS or certificate; SourceAwayError (69)."""
    address = Address.of(shop.url)
    if shop.tls == "disable" and not address.is_loopback:
        _warn_of_plain_text(code, address.host)
    try:
        return pymysql.connect(**connect_arguments(shop))
    except pymysql.MySQLError as error:
        raise connection_error(code, shop, error) from None


def answers(shop: ConnectionSettings) -> bool:
    """Whether the database is there, told within seconds: one that lets in and then says nothing is not."""
    limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), ANSWER_SECONDS)
    try:
        pymysql.connect(**{**connect_arguments(shop), **limits}).close()
    except pymysql.MySQLError:
        return False
    return True


def connection_error(code: str, shop: ConnectionSettings, error: pymysql.MySQLError) -> LakehouseError:
    """What an error of a connection, new or in use, means to the reader."""
    number, address, where = error.args[0] if error.args else 0, Address.of(shop.url), f"shop {code}"
    cause = getattr(error, "original_exception", None)
    if number in DENIED:
        or_tls = ", and whether the database wants TLS (.tls)" if shop.tls == "disable" else ""
        return AccessError(f"{where}: access denied", f"check shops.{code}.user and .password{or_tls}")
    if number in NO_DATABASE:
        return DataError(f"{where}: no database {address.database}", f"check shops.{code}.url")
    if isinstance(cause, ssl.SSLCertVerificationError):
        todo = f"check shops.{code}.tls_ca and the host in shops.{code}.url"
        return AccessError(f"{where}: the certificate of {address.host} does not verify: {cause.verify_message}", todo)
    if number == NO_TLS_THERE:
        return AccessError(f"{where}: {address.host}:{address.port} offers no TLS", f"turn it on there, or change shops.{code}.tls")
    return SourceAwayError(f"{where}: {address.host}:{address.port} does not answer (error {number})", "try again later")


@cache
def _warn_of_plain_text(code: str, host: str) -> None:
    """Once a process: a shop is connected to many times a night."""
    logs.warn(f"shop {code}: the connection to {host} is not encrypted: password and customers' data can be read on the way; set tls")


class MysqlDatabase:
    """A read-only connection of short questions. Use it as a context manager."""

    def __init__(self, code: str, settings: ConnectionSettings) -> None:
        self.code, self._settings = code, settings
        self._connection = connect(code, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def now(self) -> datetime:
        """The database's own time, UTC."""
        return self.ask("SELECT UTC_TIMESTAMP()", "")[0][0].replace(tzinfo=UTC)  # type: ignore[no-any-return]

    def version(self) -> str:
        """The server's kind and version, as `MariaDB 10.11.14`."""
        return server_version(str(self.ask("SELECT VERSION()")[0][0]))

    def ask(self, sql: str, table: str = "", values: Sequence[str] = ()) -> tuple[tuple[Any, ...], ...]:
        """All rows of a short question. `table` is named in the error if it is missing or not granted."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall()
        except pymysql.MySQLError as error:
            raise self._translated(error, table) from None

    def _translated(self, error: pymysql.MySQLError, table: str) -> LakehouseError:
        code, text = (*error.args, 0, "")[:2] if error.args else (0, "")
        if code in NOT_THERE:
            todo = f"check shops.{self.code}.prefix; `lakehouse grants {self.code}` prints the rights that are needed"
            return DataError(f"shop {self.code}: {table}: missing or not granted: {text}", todo)
        return connection_error(self.code, self._settings, error)


def server_version(said: str) -> str:
    """Of what `VERSION()` says the kind and the number: MariaDB says so there, MySQL does not."""
    number = said.split("-")[0]
    return f"MariaDB {number}" if "mariadb" in said.lower() else f"MySQL {number}"


def never_tried(version: str) -> list[str]:
    """A note of a server of a kind that this project was never tried with; nothing of others."""
    return [f"{version}: never tried, all tests run on MariaDB (docs/databases.md)"] if version.startswith("MySQL") else []


class ShopDatabase(MysqlDatabase):
    """The same of a WooCommerce shop, whose tables have a prefix."""

    def __init__(self, code: str, shop: ShopSettings) -> None:
        super().__init__(code, shop)
        self.shop, self.prefix = shop, shop.prefix

    def options(self, names: Sequence[str]) -> dict[str, str]:
        """The shop's own settings by name; one that is not set is absent."""
        table = f"{self.prefix}options"
        marks = ", ".join(["%s"] * len(names))
        return dict(self.ask(f"SELECT `option_name`, `option_value` FROM `{table}` WHERE `option_name` IN ({marks})", table, names))

    def check(self, tables: Iterable[JdbcTable]) -> None:
        """DataError (65) naming the first declared table or column that is missing or that we may not read."""
        for table in tables:
            prefix = self.shop.prefix_of(table)
            self.ask(table.probe(prefix), f"{prefix}{table.source_name}")

"""Questions to a shop's database that need no Spark: may we in, is everything there that is declared, which kind of shop is it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pymysql

from lakehouse.errors import AccessError, ConfigError, DataError, LakehouseError, SourceAwayError
from lakehouse.io.secrets import resolve
from lakehouse.io.settings import ShopSettings
from lakehouse.sources.source import JdbcTable

CONNECT_SECONDS, READ_SECONDS = 10, 60
DENIED, NO_DATABASE, NOT_THERE = {1044, 1045, 1698}, {1049}, {1054, 1142, 1143, 1146}


@dataclass(frozen=True)
class Address:
    """Where a database is, taken from a jdbc:mysql URL."""

    host: str
    port: int
    database: str

    @staticmethod
    def of(url: str) -> "Address":
        parts = urlsplit(url.removeprefix("jdbc:"))
        secrets = {name for name, _ in parse_qsl(parts.query) if name.lower() in ("user", "password")}
        if secrets or parts.username or parts.password:
            raise ConfigError("the URL of a shop must not hold user or password", "set shops.<code>.user and .password")
        return Address(parts.hostname or "", parts.port or 3306, parts.path.strip("/"))


class ShopDatabase:
    """A read-only connection of short questions. Use it as a context manager."""

    def __init__(self, code: str, shop: ShopSettings) -> None:
        self.code, self.prefix, self._address = code, shop.prefix, Address.of(shop.url)
        try:
            self._connection = pymysql.connect(
                host=self._address.host,
                port=self._address.port,
                database=self._address.database,
                user=shop.user,
                password=resolve(shop.password),
                charset="utf8mb4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
            )
        except pymysql.MySQLError as error:
            raise self._translated(error, "") from None

    def __enter__(self) -> "ShopDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def options(self, names: Sequence[str]) -> dict[str, str]:
        """The shop's own settings by name; one that is not set is absent."""
        table = f"{self.prefix}options"
        marks = ", ".join(["%s"] * len(names))
        return dict(self._ask(f"SELECT `option_name`, `option_value` FROM `{table}` WHERE `option_name` IN ({marks})", table, names))

    def check(self, tables: Iterable[JdbcTable]) -> None:
        """DataError (65) naming the first declared table or column that is missing or that we may not read."""
        for table in tables:
            self._ask(table.probe(self.prefix), f"{self.prefix}{table.source_name}")

    def _ask(self, sql: str, table: str, values: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall()  # type: ignore[return-value]
        except pymysql.MySQLError as error:
            raise self._translated(error, table) from None

    def _translated(self, error: pymysql.MySQLError, table: str) -> LakehouseError:
        code, text = (*error.args, 0, "")[:2] if error.args else (0, "")
        where = f"shop {self.code}"
        if code in DENIED:
            return AccessError(f"{where}: access denied", f"check shops.{self.code}.user and .password")
        if code in NO_DATABASE:
            return DataError(f"{where}: no database {self._address.database}", f"check shops.{self.code}.url")
        if code in NOT_THERE:
            todo = f"check shops.{self.code}.prefix; `lakehouse grants {self.code}` prints the rights that are needed"
            return DataError(f"{where}: {table}: missing or not granted: {text}", todo)
        return SourceAwayError(f"{where}: {self._address.host}:{self._address.port} does not answer (error {code})", "try again later")

"""How a shop's database is reached: what both drivers are told about its address, account and certificate."""

import ssl
from typing import Any

from lakehouse.errors import AccessError, ConfigError
from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.config.database_address import Address
from lakehouse.io.config.secrets import resolve

CONNECT_SECONDS = 5
# For the answer to a short question, unless the shop's socket timeout is shorter.
READ_SECONDS = 60


def jdbc_url(shop: ConnectionSettings) -> str:
    """For MariaDB Connector/J. On a cluster the CA file must be on every machine."""
    address = Address.of(shop.url)
    host = f"[{address.host}]" if ":" in address.host else address.host
    options = [
        # `jdbc:mysql` decides Spark's dialect; with `jdbc:mariadb` it would quote names so that they come back as values.
        "permitMysqlScheme",
        "tinyInt1isBit=false",
        "sessionVariables=time_zone='+00:00'",
        "allowLocalInfile=false",
        "permitRedirect=false",  # a server must not send us to another one
        f"connectTimeout={CONNECT_SECONDS * 1000}",
        # Silent in the middle of a result, the driver waits three times: reading on, closing the result, closing the statement.
        f"socketTimeout={shop.socket_timeout_seconds * 1000 // 3}",
        f"sslMode={shop.tls}",
    ]
    if authority := _authority(shop):
        options.append(f"serverSslCert={authority}")
    return f"jdbc:mysql://{host}:{address.port}/{address.database}?{'&'.join(options)}"


def connect_arguments(shop: ConnectionSettings) -> dict[str, Any]:
    """For pymysql.connect and short questions, with the meaning of `jdbc_url`. AccessError (77): CA file or password can't be read."""
    address = Address.of(shop.url)
    read_seconds = min(READ_SECONDS, shop.socket_timeout_seconds)
    return {
        "host": address.host,
        "port": address.port,
        "database": address.database,
        "user": shop.user,
        "password": resolve(shop.password),
        "charset": "utf8mb4",
        "init_command": "SET time_zone = '+00:00'",
        "local_infile": False,
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": read_seconds,
        "write_timeout": read_seconds,
        # A context makes TLS a must; without one PyMySQL would use it or not as the server likes.
        **({"ssl_disabled": True} if shop.tls == "disable" else {"ssl": _context(shop)}),
    }


def _context(shop: ConnectionSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=_authority(shop))
    except (OSError, ValueError):
        raise AccessError(f"no certificate can be read from {shop.tls_ca}", "shops.<code>.tls_ca must be a PEM file") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on; certificates that MySQL makes itself would fail
    context.check_hostname = shop.tls == "verify-full"
    context.verify_mode = ssl.CERT_NONE if shop.tls == "trust" else ssl.CERT_REQUIRED
    return context


def _authority(shop: ConnectionSettings) -> str | None:
    """The CA file, for an option of the URL."""
    authority = shop.authority
    if "&" in (shop.tls_ca or ""):
        raise ConfigError("the path in tls_ca must not hold &", "rename the file")
    return authority

"""How a shop's database is reached: a strict reading of its URL, and what both drivers are told. Nothing of the URL is passed on as given.

A JDBC URL can switch a driver to reading local files, running statements at connect or trusting any server; so it only says where.
"""

import os
import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from lakehouse.errors import AccessError, ConfigError
from lakehouse.io.secrets import resolve

if TYPE_CHECKING:  # the settings check their URLs with this module
    from lakehouse.io.settings import ShopSettings

CONNECT_SECONDS = 5
# For the answer to a short question, unless the shop's socket timeout is shorter.
READ_SECONDS = 60
FORM = re.compile(
    r"jdbc:mysql://(?P<host>\[[^\]]*\]|[^/:@?#\[\]]+)(:(?P<port>\d{1,5}))?/(?P<database>[\w$-]+)(\?(?P<options>[^#]*))?", re.A
)
DNS_NAME = re.compile(r"([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?")
# Names that stand in many copied URLs. They do no harm, and they do nothing: what they are about is set here.
IGNORED = {
    *("permitmysqlscheme", "tinyint1isbit", "transformedbitisboolean", "yearisdatetype", "zerodatetimebehavior"),
    *("usecursorfetch", "defaultfetchsize", "useserverprepstmts", "cacheprepstmts", "rewritebatchedstatements"),
    *("characterencoding", "useunicode", "charset", "connectioncollation"),
    *("servertimezone", "timezone", "connectiontimezone", "forceconnectiontimezonetosession", "preserveinstants"),
    *("connecttimeout", "sockettimeout", "tcpkeepalive", "autoreconnect"),
}


@dataclass(frozen=True)
class Address:
    """Where a database is: one host (without brackets), its port, and the database's name."""

    host: str
    port: int
    database: str

    @property
    def is_loopback(self) -> bool:
        return self.host.lower().rstrip(".") == "localhost" or (_is_number(self.host) and ip_address(self.host).is_loopback)

    @staticmethod
    def of(url: str) -> "Address":
        """From jdbc:mysql://host[:port]/database. ConfigError (2) for any other form and for options that change what a driver may do."""
        found = FORM.fullmatch(url)
        if found is None or not _is_host(found["host"]) or not 1 <= int(found["port"] or 3306) <= 65535:
            todo = "one host without user and password; those are shops.<code>.user and .password"
            raise ConfigError("the URL of a shop must be jdbc:mysql://host[:port]/database", todo)
        for option in (found["options"] or "").split("&"):
            _check_option(unquote_plus(option.partition("=")[0]))
        return Address(found["host"].strip("[]"), int(found["port"] or 3306), found["database"])


def jdbc_url(shop: "ShopSettings") -> str:
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


def connect_arguments(shop: "ShopSettings") -> dict[str, Any]:
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


def _context(shop: "ShopSettings") -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=_authority(shop))
    except (OSError, ValueError):
        raise AccessError(f"no certificate can be read from {shop.tls_ca}", "shops.<code>.tls_ca must be a PEM file") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on; certificates that MySQL makes itself would fail
    context.check_hostname = shop.tls == "verify-full"
    context.verify_mode = ssl.CERT_NONE if shop.tls == "trust" else ssl.CERT_REQUIRED
    return context


def _authority(shop: "ShopSettings") -> str | None:
    """The whole path of the CA file. None: the authorities that the system knows."""
    if shop.tls_ca is None:
        return None
    if not shop.tls.startswith("verify"):
        raise ConfigError(
            f"shops.<code>.tls_ca is set, but tls: {shop.tls} looks at no certificate", "set tls: verify-full, or leave it out"
        )
    if "&" in shop.tls_ca:
        raise ConfigError("the path in shops.<code>.tls_ca must not hold &", "rename the file")
    return os.path.abspath(shop.tls_ca)


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return ":" in host and "%" not in host and _is_number(host[1:-1])  # no zone: it may hold any text
    return len(host) <= 253 and (DNS_NAME.fullmatch(host) is not None or _is_number(host))


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check_option(name: str) -> None:
    plain = name.strip().lower()
    if plain in IGNORED or not plain:
        return
    shown = f"option {name}" if re.fullmatch(r"\w{1,40}", name, re.A) else "unknown option"
    if "ssl" in plain or "tls" in plain or "cert" in plain or "trust" in plain:
        todo = "leave it out; set shops.<code>.tls and .tls_ca"
    elif plain in ("user", "username", "password"):
        todo = "leave it out; set shops.<code>.user and .password"
    else:
        todo = "leave it out: drivers are told what they need"
    raise ConfigError(f"the URL of a shop must not hold the {shown}", todo)

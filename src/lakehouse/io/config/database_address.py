"""Where a database is, by a strict reading of its URL. Nothing of the URL is passed on as given.

A JDBC URL can switch a driver to reading local files, running statements at connect or trusting any server; so it only says where.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote_plus

from lakehouse.errors import ConfigError

FORM = re.compile(
    r"jdbc:(?P<engine>mysql|postgresql)://(?P<host>\[[^\]]*\]|[^/:@?#\[\]]+)(:(?P<port>\d{1,5}))?/(?P<database>[\w$-]+)(\?(?P<options>[^#]*))?",
    re.A,
)
PORTS = {"mysql": 3306, "postgresql": 5432}
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
    """Where a database is: one host (without brackets), its port, the database's name, and which engine answers there."""

    host: str
    port: int
    database: str
    engine: str = "mysql"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by name or by number."""
        return self.host.lower().rstrip(".") == "localhost" or (_is_number(self.host) and ip_address(self.host).is_loopback)

    @staticmethod
    def of(url: str) -> "Address":
        """From jdbc:mysql://host[:port]/database, or jdbc:postgresql://….

        ConfigError (2) for any other form and for options that change what a driver may do.
        """
        found = FORM.fullmatch(url)
        port = 0 if found is None else int(found["port"] or PORTS[found["engine"]])
        if found is None or not _is_host(found["host"]) or not 1 <= port <= 65535:
            todo = "one host without user and password; those are shops.<code>.user and .password"
            raise ConfigError(
                "the URL must be jdbc:mysql://host[:port]/database, of PostgreSQL jdbc:postgresql://host[:port]/database", todo
            )
        for option in (found["options"] or "").split("&"):
            _check_option(unquote_plus(option.partition("=")[0]))
        return Address(found["host"].strip("[]"), port, found["database"], found["engine"])


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
    raise ConfigError(f"the URL must not hold the {shown}", todo)

"""How a PostgreSQL database is reached: what both drivers are told of its address, account and certificate; what their errors mean."""

import re
from typing import Any

from lakehouse.errors import AccessError, DataError, LakehouseError, SourceAwayError, java_error
from lakehouse.io.config.connection_settings import ConnectionSettings
from lakehouse.io.config.secrets import resolve

CONNECT_SECONDS = 5
# For the answer to a short question, unless the settings' socket timeout is shorter.
READ_SECONDS = 60
# The names of libpq and of the JDBC driver are the same.
SSL_MODES = {"disable": "disable", "trust": "require", "verify-ca": "verify-ca", "verify-full": "verify-full"}
AWAY = (
    r"Connection (refused|reset)|connection .*(failed|refused)|could not (connect|receive)|server closed the connection|I/O error"
    r"|terminating connection|shutting down|starting up|too many (clients|connections)|timeout expired|SocketTimeout|Read timed out"
    r"|This connection has been closed|remaining connection slots|EOF detected|connection attempt failed"
)
# Names may have blanks and points. A server of another language says the same by its SQLSTATE alone.
DENIED = r"permission denied for (?:materialized |foreign )?(?:table|schema|relation|view) [^\n\r\"]{1,130}"
# Of what a view computes. What comes after these words is a value.
NOT_COMPUTED = r"ERROR: (division by zero|[a-z ]+ out of range|(?:numeric )?field overflow|invalid input syntax for type [a-z ]+)"
MISSING = r'(?:relation|column|schema) (?:"[^"\n]+"|[\w.$]+) (?:of relation "[^"\n]+" )?does not exist'


class ReadCancelledError(LakehouseError):
    """The database ended the read: a replica has to go on with what its primary deleted. Reading all again, in a new snapshot, may do."""

    exit_code = 69


def jdbc_options(settings: ConnectionSettings) -> dict[str, str]:
    """For Spark's reader with PostgreSQL's JDBC driver. On a cluster the CA file must be on every machine."""
    address = settings.address
    host = f"[{address.host}]" if ":" in address.host else address.host
    options = {
        "sslmode": SSL_MODES[settings.tls],
        "connectTimeout": str(CONNECT_SECONDS),
        "socketTimeout": str(settings.socket_timeout_seconds),
        "tcpKeepAlive": "true",
        "ApplicationName": "lakehouse",
    }
    authority = settings.authority
    if settings.tls.startswith("verify"):
        options |= {"sslrootcert": authority} if authority else {"sslfactory": "org.postgresql.ssl.DefaultJavaSSLFactory"}
    return {
        "url": f"jdbc:postgresql://{host}:{address.port}/{address.database}",
        "driver": "org.postgresql.Driver",
        "user": settings.user,
        "password": resolve(settings.password),
        **options,
    }


def connect_arguments(settings: ConnectionSettings) -> dict[str, Any]:
    """For psycopg.connect and short questions, with the meaning of `jdbc_options`."""
    address, seconds = settings.address, min(READ_SECONDS, settings.socket_timeout_seconds)
    authority, verifies = settings.authority, settings.tls.startswith("verify")
    return {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "user": settings.user,
        "password": resolve(settings.password),
        "sslmode": SSL_MODES[settings.tls],
        **({"sslrootcert": authority or "system"} if verifies else {}),
        "gssencmode": "disable",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": seconds * 1000,
        "application_name": "lakehouse",
        "options": f"-c TimeZone=UTC -c statement_timeout={seconds * 1000} -c client_encoding=UTF8 -c row_security=off",
    }


def translated(text: str, code: str = "", state: str = "") -> LakehouseError:
    """What an error of either driver means. `code` is the database's in the settings, `state` the SQLSTATE where it is known.

    Texts may hold values of rows: none of them is passed on but names of tables and columns.
    """
    where, mine = (f"database {code}", f"databases.{code}") if code else ("the database", "databases.<code>")
    rights = f"`lakehouse grants {code or '<code>'}` prints the rights that are needed"
    if state == "40001" or "conflict with recovery" in text:
        return ReadCancelledError(f"{where}: the replica ended the read, because its primary deleted rows that the read still sees")
    if "invalid snapshot identifier" in text:
        return ReadCancelledError(f"{where}: the snapshot that is read is gone, since the server ended the connection that held it")
    if state == "57014" or "statement timeout" in text:
        return LakehouseError(
            f"{where}: a statement ran longer than statement_timeout_seconds", "raise it, or read when there is less to do"
        )
    if found := re.search(r'row-level security policy for table "[\w.$]+"', text):
        todo = "give the account BYPASSRLS, or let the kind read a view of the rows that it may see"
        return DataError(f"{where}: a {found.group(0)} hides rows from the account", todo)
    if (found := re.search(DENIED, text)) or state == "42501":
        return DataError(f"{where}: {found.group(0).strip() if found else 'a table or schema may not be read'}", rights)
    if (found := re.search(MISSING, text)) or state in ("42P01", "42703", "3F000"):
        said = found.group(0) if found else "a table, column or schema does not exist"
        return DataError(f"{where}: {said}", f"check {mine}.schema_name; {rights}")
    if found := re.search(r'materialized view "[^"\n]+" has not been populated', text):
        return DataError(f"{where}: {found.group(0)}", "fill it there: REFRESH MATERIALIZED VIEW")
    if (found := re.search(NOT_COMPUTED, text)) or state.startswith("22"):
        said = f" ({found.group(1).strip()})" if found else ""
        return DataError(f"{where}: it can't compute a value of a table or view that is read{said}", "correct the view or the value there")
    if re.search(r"password authentication failed|no pg_hba.conf entry|role .* does not exist|no password supplied", text):
        return AccessError(f"{where}: access denied", f"check {mine}.user, .password and .tls, and pg_hba.conf of the server")
    if re.search(r'database "[^"]*" does not exist', text):
        return DataError(f"{where}: there is no such database", f"check {mine}.url")
    if re.search(r"server does not support SSL", text):
        return AccessError(f"{where}: it offers no TLS", f"turn it on there, or change {mine}.tls")
    if re.search(
        r"certificate verify failed|PKIX path|root certificate|hostname .*(not|could not) .*verif|does not match host name", text, re.I
    ):
        return AccessError(f"{where}: its certificate does not verify", f"check {mine}.tls_ca, and the host in the URL")
    if state.startswith(("08", "57P", "53")) or re.search(AWAY, text, re.I):
        return SourceAwayError(f"{where} does not answer", "try again later")
    return LakehouseError(f"{where}: reading failed: {java_error(text) or state or 'unknown reason'}", "run it again")

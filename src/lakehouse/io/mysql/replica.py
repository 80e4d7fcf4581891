"""What a shop's database server says about its replication: which state of the shop it holds, and how old that is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from lakehouse.errors import AccessError, DataError, SourceAwayError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.shop_database import NOT_THERE, connect, connection_error

SYNTAX, UNKNOWN_VARIABLE, NO_RIGHT = 1064, 1193, 1227


@dataclass(frozen=True)
class Replica:
    """A server's replication. Where the user may not see it, `is_visible` is False and nothing else is known.

    Received and applied are GTID positions, or `file:position` in the primary's log where there are none. It is level if it applied
    all that it received.
    """

    is_visible: bool
    is_replica: bool = False
    receives: bool = False
    applies: bool = False
    received: str = ""
    applied: str = ""
    is_level: bool = False
    seconds_behind: int | None = None
    sql_error: int = 0

    @property
    def lag_seconds(self) -> float | None:
        """None: unknown. Seconds_Behind_Master says 0 as well while nothing arrives, so it counts only if the primary is heard."""
        if not self.receives:
            return None
        return 0.0 if self.is_level else self.seconds_behind

    @staticmethod
    def of(status: Mapping[str, Any], slave_position: str) -> "Replica":
        """From a row of SHOW SLAVE STATUS or of MySQL's SHOW REPLICA STATUS, and MariaDB's gtid_slave_pos."""
        old = {name.replace("Replica_", "Slave_").replace("Source", "Master"): value for name, value in status.items()}
        read = f"{old['Master_Log_File']}:{old['Read_Master_Log_Pos']}"
        executed = f"{old['Relay_Master_Log_File']}:{old['Exec_Master_Log_Pos']}"
        gtid = old.get("Gtid_IO_Pos")
        is_level = set(gtid.split(",")) == set(slave_position.split(",")) if gtid else read == executed
        receives, applies = (old[f"Slave_{thread}_Running"] == "Yes" for thread in ("IO", "SQL"))
        return Replica(
            is_visible=True,
            is_replica=True,
            receives=receives,
            applies=applies,
            received=gtid or read,
            applied=slave_position or executed,
            is_level=is_level,
            seconds_behind=old["Seconds_Behind_Master"],
            sql_error=old["Last_SQL_Errno"],
        )


@contextmanager
def connected(code: str, shop: ShopSettings) -> Iterator["Connection[Any]"]:
    """A connection for short questions. AccessError (77) if the user lacks the right to something, SourceAwayError (69) if it breaks."""
    try:
        with connect(code, shop) as connection:
            yield connection
    except pymysql.MySQLError as error:
        if error.args[0] == NO_RIGHT:
            raise AccessError(f"shop {code}: the user lacks the right to control the replica", f"grant it to shops.{code}.user") from None
        raise connection_error(code, shop, error) from None


def position(connection: "Connection[Any]") -> str:
    """The GTID position of the state that this server holds, which everybody may ask for; "" if it has none."""
    for name in ("gtid_current_pos", "gtid_binlog_pos", "gtid_executed"):
        rows = ask(connection, f"SELECT @@GLOBAL.{name} AS found")
        if rows and rows[0]["found"]:
            return "".join(rows[0]["found"].split())
    return ""


def replica_of(connection: "Connection[Any]") -> Replica:
    """How the server replicates. A primary is no replica; nothing is known of a server whose status the account may not see."""
    try:
        status = ask(connection, "SHOW SLAVE STATUS", "SHOW REPLICA STATUS")
    except pymysql.MySQLError as error:
        if error.args[0] != NO_RIGHT:
            raise
        return Replica(is_visible=False)
    if not status:
        return Replica(is_visible=True)
    slave_position = ask(connection, "SELECT @@GLOBAL.gtid_slave_pos AS found")
    return Replica.of(status[0], slave_position[0]["found"] if slave_position else "")


def ask(connection: "Connection[Any]", *statements: str) -> list[dict[str, Any]]:
    """The rows of the first statement that this kind of server knows; none if it knows none of them."""
    for statement in statements:
        try:
            with connection.cursor(DictCursor) as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except pymysql.MySQLError as error:
            if error.args[0] not in (SYNTAX, UNKNOWN_VARIABLE):
                raise
    return []


def checked_lag(code: str, shop: ShopSettings, connection: "Connection[Any]", replica: Replica) -> float | None:
    """Seconds that this server is behind its primary, None if that cannot be known; SourceAwayError (69) if it is too old."""
    todo = "look at SHOW SLAVE STATUS on it, then run again"
    if replica.is_replica and not replica.receives:
        raise SourceAwayError(f"shop {code}: the replica receives nothing from its primary: its IO thread does not run", todo)
    if replica.is_replica and not replica.applies and replica.sql_error:
        raise SourceAwayError(f"shop {code}: the replica stands still: its SQL thread stopped with error {replica.sql_error}", todo)
    lag, limit = replica.lag_seconds, shop.max_replica_lag_seconds
    if lag is None and shop.heartbeat_table:
        lag = _heartbeat_age(code, shop.heartbeat_table, connection)
    if lag is not None and lag > limit:
        todo = f"run again when it has caught up, or raise shops.{code}.max_replica_lag_seconds"
        raise SourceAwayError(f"shop {code}: the replica is {lag:.0f} seconds behind its primary, more than {limit}", todo)
    return lag


def _heartbeat_age(code: str, table: str, connection: "Connection[Any]") -> float:
    """Seconds since the newest row of a table like pt-heartbeat's, whose `ts` is UTC or states its zone."""
    name = ".".join(f"`{part}`" for part in table.split("."))
    try:
        newest = ask(connection, f"SELECT `ts`, UTC_TIMESTAMP(6) AS now FROM {name} ORDER BY `ts` DESC LIMIT 1")[0]
        beaten = datetime.fromisoformat(str(newest["ts"]))
    except (pymysql.MySQLError, IndexError, ValueError) as error:
        if isinstance(error, pymysql.MySQLError) and error.args[0] not in NOT_THERE:
            raise
        todo = f"check shops.{code}.heartbeat_table: it needs a column ts, a row and the right to read it"
        raise DataError(f"shop {code}: no time can be read from {table}", todo) from None
    beaten = beaten if beaten.tzinfo else beaten.replace(tzinfo=UTC)
    return max(0.0, (newest["now"].replace(tzinfo=UTC) - beaten).total_seconds())

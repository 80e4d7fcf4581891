"""What a shop's database says: what is read of it, how old that is, whose clock is wrong, what its user may do that no night needs."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from lakehouse.io.config.secrets import open_secrets
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.replica import Replica, ask, checked_lag, connected, replica_of
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.stages.ingest_shop.shop_source import check_shop, shop_notes

# Databases tell whole seconds, and an answer takes its time.
CLOCK_SECONDS = 5
# Reading, seeing the state of a replica, and pausing it (docs/operations.md); SUPER is what pauses an old one.
NEEDED = {"USAGE", "SELECT", "SHOW VIEW", "SLAVE MONITOR", "REPLICA MONITOR", "REPLICATION CLIENT", "BINLOG MONITOR"}
NEEDED |= {"REPLICATION SLAVE ADMIN", "REPLICATION REPLICA ADMIN", "SUPER"}


def check(code: str, shop: ShopSettings) -> str:
    """What was found, and notes. DataError (65), SourceAwayError (69) or AccessError (77) if it can't be read now."""
    source = check_shop(code, shop)
    with connected(code, shop) as connection:
        replica = replica_of(connection)
        lag = checked_lag(code, shop, connection, replica)
        rights = [str(next(iter(row.values()))) for row in ask(connection, "SHOW GRANTS")]
    with ShopDatabase(code, shop) as database:
        clock = clock_note(database.now(), datetime.now(UTC))
    found = f"{source.description}; {len(source.tables)} tables readable with the declared columns; {_age(replica, lag)}"
    access = [*rights_notes(code, rights), *open_secrets([shop.password])]
    return "\n".join([found, *shop_notes(source), *_lag_notes(code, replica, lag), *clock, *access])


def clock_note(theirs: datetime, ours: datetime) -> list[str]:
    """A line if the database's clock and this machine's differ."""
    seconds = (theirs - ours).total_seconds()
    if abs(seconds) <= CLOCK_SECONDS:
        return []
    side = "ahead of" if seconds > 0 else "behind"
    return [f"the database's clock is {abs(seconds):.0f} s {side} this machine's: set both by NTP, or times of runs and orders mislead"]


def rights_notes(code: str, grants: Iterable[str]) -> list[str]:
    """A line if the rights, in the words of SHOW GRANTS, are more than a night needs."""
    return more_than_reading(code, {right for grant in grants for right in _rights(grant)} - NEEDED)


def more_than_reading(code: str, rights: Iterable[str]) -> list[str]:
    """A line if there are any."""
    more = sorted(rights)
    return [f"its user may do more than read ({', '.join(more)}): `lakehouse grants {code}` prints what is needed"] if more else []


def _rights(grant: str) -> Iterator[str]:
    """Names of rights, without the columns that they are for. A role is granted by itself, and is none."""
    told = re.match(r"GRANT (.+?) ON ", re.sub(r"\([^)]*\)", "", grant))
    yield from (part.strip() for part in told[1].split(",")) if told else ()


def _age(replica: Replica, lag: float | None) -> str:
    if lag is not None:
        return f"{lag:.0f} s behind its primary"
    return "no replica" if replica.is_visible and not replica.is_replica else "how old it is can't be told"


def _lag_notes(code: str, replica: Replica, lag: float | None) -> list[str]:
    if lag is not None or replica.is_visible:
        return []
    return [f"whether it is a replica that lags can't be told: grant SLAVE MONITOR, or set shops.{code}.heartbeat_table"]

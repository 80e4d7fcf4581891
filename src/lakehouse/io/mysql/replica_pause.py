"""A shop stands still while it is read: the replica's SQL thread is stopped, reading done, and started again.

The replica goes on receiving meanwhile, so that nothing is lost and it catches up afterwards.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from lakehouse.errors import AccessError, LakehouseError, SourceAwayError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.host import logs
from lakehouse.io.mysql.replica import Replica, ask, checked_lag, connected, position, replica_of

STOP = ("STOP SLAVE SQL_THREAD", "STOP REPLICA SQL_THREAD")
START = ("START SLAVE SQL_THREAD", "START REPLICA SQL_THREAD")
# Seconds before each try to start again: after hours of reading the server may be restarting or short of connections.
WAITS = (0, 1, 5, 20, 60)
# Seconds that a replica gets to catch up after it stood still, and between two looks at it.
CATCH_UP_AT_MOST, LOOK_EVERY = 1800, 2


@dataclass(frozen=True)
class ReadConsistency:
    """Why the tables that are read fit together. Paused: they are one state, that of `position`. Watermark: the shop moves meanwhile."""

    mode: Literal["replica paused", "watermark"]
    position: str
    lag_seconds: float | None


@contextmanager
def paused(code: str, shop: ShopSettings, record_intent: Callable[[], None], record_end: Callable[[], None]) -> Iterator[ReadConsistency]:
    """Read inside. SourceAwayError (69) if the state is too old, if it moved in spite of the pause, or if it cannot be started again.

    Intent is recorded before the stop and the end after the start, so a run that finds an intent without an end calls `resume`.
    A replica that somebody else stopped is left alone; as they may start it at any moment, it is read by the watermark.
    """
    with connected(code, shop) as connection:
        found = replica_of(connection)
        lag = checked_lag(code, shop, connection, found)
        watermark = ReadConsistency("watermark", found.applied or position(connection), lag)
    if not (found.applies and shop.pause_replica):
        yield watermark
        return
    record_intent()
    try:
        stopped = _stop(code, shop)
    except LakehouseError:  # the answer was lost: it may be stopped
        resume(code, shop)
        record_end()
        raise
    if stopped is None:
        record_end()
        yield watermark
        return
    try:
        yield ReadConsistency("replica paused", stopped.applied, lag)
    finally:
        # The connection of the stop would be hours old by now, so that a new one is made.
        left = resume(code, shop)
        record_end()
    if left.applies or left.applied != stopped.applied:
        raise SourceAwayError(f"shop {code}: somebody started the replica while it was read", "run again")


def resume(code: str, shop: ShopSettings) -> Replica:
    """Start the SQL thread if it is stopped; what it was before. SourceAwayError (69) with what to do by hand if it does not start."""
    first: Replica | None = None
    reason = ""
    for seconds in WAITS:
        time.sleep(seconds)
        try:
            with connected(code, shop) as connection:
                found = replica_of(connection)
                first = first or found
                if found.applies or (found.is_visible and not found.is_replica):
                    return first
                ask(connection, *START)
                if replica_of(connection).applies:
                    return first
        except AccessError as error:
            reason = f": {error}"
            break
        except LakehouseError as error:
            reason = f": {error}"
    todo = f"run {START[0]} on the replica by hand; shops.{code}.user may lack the right to"
    raise SourceAwayError(f"shop {code}: the replica's SQL thread was stopped to read and does not start again{reason}", todo)


def catch_up(code: str, shop: ShopSettings) -> None:
    """Wait until it is as near to its primary as the settings want it, half an hour at most: that it stood still was our doing."""
    for waited in range(0, CATCH_UP_AT_MOST, LOOK_EVERY):
        with connected(code, shop) as connection:
            lag = replica_of(connection).lag_seconds
        if lag is None or lag <= shop.max_replica_lag_seconds:
            return
        if waited % 60 == 0:
            logs.info(f"{code}: the replica is {lag:.0f} seconds behind its primary; waiting until it has caught up")
        time.sleep(LOOK_EVERY)


def _stop(code: str, shop: ShopSettings) -> Replica | None:
    """The replica as it stands still; None without the right to stop it, or where it does not stay stopped."""
    try:
        with connected(code, shop) as connection:
            ask(connection, *STOP)
            found = replica_of(connection)
    except AccessError:
        return None
    return None if found.applies else found

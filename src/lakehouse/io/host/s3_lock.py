"""The lock of a lake in a bucket: one object, written on conditions, which is its holder's for the time of a lease.

The server alone decides who holds it and how old a lease is (its `Date` less the object's `Last-Modified`): drivers' clocks may differ.
Whoever holds it writes it again before the lease ends; who does not come to that may be gone, and the lock may be taken over.
"""

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, RLock, Thread
from typing import Any

from lakehouse.errors import BusyError, ConfigError, LakehouseError, LockLostError, SourceAwayError
from lakehouse.io.host import logs
from lakehouse.io.host.held_lock import HeldLock
from lakehouse.io.s3.s3_objects import QUICK, Found, RefusedError, S3Objects

NAME, NO_ETAG = ".lock", f'"{"0" * 32}"'
# The server tells both of its times in whole seconds.
INEXACT = timedelta(seconds=2)
# Several times within a lease, so that one renewal may fail.
RENEWALS = 4
# More often another run that starts is not faster.
TRIES = 5


@contextmanager
def s3_lock(lake_root: str, lease_seconds: int) -> Iterator["Lease"]:
    """Hold the lock while within. BusyError (75) if another run holds it; SourceAwayError (69) if the bucket does not answer."""
    if not lake_root.startswith(("s3://", "s3a://")):
        raise ConfigError(f"lock: s3 needs a lake_root in a bucket, not {lake_root}", "set lock: file")
    lease = Lease(S3Objects(lake_root, QUICK), lease_seconds)
    lease.take()
    ended = Event()
    keeper = Thread(target=lease.keep, args=[ended], daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        ended.set()
        lease.release()


def is_leased(lake_root: str) -> bool | None:
    """Whether somebody holds the lock now; None where the bucket does not say."""
    try:
        found = S3Objects(lake_root, QUICK).get(NAME)
    except LakehouseError:
        return None
    return found is not None and _left(found) > timedelta()


def prove(lake_root: str) -> None:
    """ConfigError (2) if the bucket does not keep conditions: two runs could hold its lock at once. A lock that is held stays as it is."""
    objects = S3Objects(lake_root, QUICK)
    with suppress(RefusedError):
        objects.put(NAME, json.dumps({"is_free": True}).encode(), is_new=True)
    found = objects.get(NAME)
    with suppress(RefusedError):
        objects.put(NAME, found.data if found else b"", instead_of=NO_ETAG)
        raise ConfigError(f"the bucket of {lake_root} writes whatever the condition is", "set lock: none; let the scheduler allow one run")


class Lease(HeldLock):
    """The lock of this process."""

    def __init__(self, objects: S3Objects, seconds: int) -> None:
        self.is_lost = False
        self._objects, self._seconds = objects, seconds
        self._holder = {"holder": uuid.uuid4().hex, "host": socket.gethostname(), "process": os.getpid(), "lease_seconds": seconds}
        self._etag, self._renewed, self._renewals = "", 0.0, 0
        self._lock = RLock()

    def take(self) -> None:
        """Once, before everything else."""
        for _ in range(TRIES):
            with suppress(RefusedError):  # there is one, but for the first run of a lake
                return self._write(is_new=True)
            found = self._objects.get(NAME)
            if found is None:
                continue
            if not self._is_ours(found):
                self._refuse_held(found)
            with suppress(RefusedError):  # somebody else was faster, or this is the answer to a second try of ours
                return self._write(instead_of=found.etag)
        raise BusyError(f"other runs are starting on {self._objects.root}", "try again later")

    def _refuse_held(self, found: Found) -> None:
        if (left := _left(found)) > timedelta():
            raise BusyError(
                f"another run is at work on {self._objects.root} ({_told(found)})",
                f"wait for it, then try again; if it was killed, its lease ends in {left.total_seconds():.0f} s",
            )
        if _says(found).get("is_free") is False:
            logs.warn(f"the lock's lease has ended without its run ({_told(found)}): it is taken over")

    def keep(self, ended: Event) -> None:
        """Renew the lease until the end, or until it is lost."""
        while not ended.wait(self._seconds / RENEWALS) and not self.is_lost:
            with suppress(LakehouseError):
                self._renew()

    def check(self) -> None:
        if self.is_lost or _now() - self._renewed > self._seconds:
            self.is_lost = True
            raise LockLostError(
                f"the lock of {self._objects.root} is lost: this run could not renew its lease in time, or another run took it over",
                "nothing more was written or shown; see that the bucket can be reached all the time, then run it again",
            )

    def confirm(self) -> None:
        while not self._is_renewed():
            self.check()
            time.sleep(1)
        self.check()

    def _is_renewed(self) -> bool:
        try:
            return self._renew()
        except SourceAwayError:
            return False

    def release(self) -> None:
        """The object stays and says that the lock is free. If that can't be said, the lease ends by itself."""
        with self._lock, suppress(LakehouseError, RefusedError):
            if not self.is_lost:
                self.is_lost = True  # before all: a renewal that is waiting for its turn would take it again
                self._write(instead_of=self._etag, is_free=True)

    def _renew(self) -> bool:
        """Whether the lease begins anew."""
        with self._lock:
            if self.is_lost:
                return False
            for _ in range(2):
                with suppress(RefusedError):
                    self._write(instead_of=self._etag)
                    return True
                found = self._objects.get(NAME)
                if found is None or not self._is_ours(found):
                    self.is_lost = True
                    logs.warn(f"the lock was lost ({'nobody' if found is None else _told(found)} has it)")
                    return False
                # What was refused was the second try of a renewal whose answer had got lost.
                self._etag = found.etag
            return False

    def _write(self, is_new: bool = False, instead_of: str | None = None, is_free: bool = False) -> None:
        started = _now()
        self._renewals += 1
        said = {**self._holder, "renewals": self._renewals, "is_free": is_free, "renewed_at": datetime.now(UTC).isoformat()}
        self._etag = self._objects.put(NAME, json.dumps(said).encode(), is_new=is_new, instead_of=instead_of)
        self._renewed = started

    def _is_ours(self, found: Found) -> bool:
        return _says(found).get("holder") == self._holder["holder"]


def _left(found: Found) -> timedelta:
    """Of a lease, by the server's clock. Nobody has one by other bytes: a lake copied from a disk has the file of its lock there."""
    said = _says(found)
    is_free = said.get("is_free") or "lease_seconds" not in said
    return timedelta() if is_free else timedelta(seconds=said["lease_seconds"]) + INEXACT - found.age


def _says(found: Found) -> dict[str, Any]:
    try:
        said = json.loads(found.data)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _told(found: Found) -> str:
    said = _says(found)
    return f"process {said.get('process')} of {said.get('host')}"


def _now() -> float:
    """Seconds that go on while the machine sleeps, as the lease does."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)

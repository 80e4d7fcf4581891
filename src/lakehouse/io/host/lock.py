"""One run at a time on a lake: open-source Delta does not protect two drivers from each other."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lakehouse.errors import BusyError, ConfigError, WriteError
from lakehouse.io.host.held_lock import HeldLock

# Seconds for which somebody who asks (`is_held`) can have it at most; a run that starts just then waits that long.
A_QUESTION = 0.2
LEASE_SECONDS = 120


@contextmanager
def lake_lock(lake_root: str, kind: str, lease_seconds: int = LEASE_SECONDS) -> Iterator[HeldLock]:
    """Hold the lake's lock. `file` is flock on the lake's folder: it is gone with the process, so a killed run leaves none.

    `s3` is an object in the lake's bucket with a lease of so many seconds, which is renewed. `none` is for schedulers that promise one
    run at a time themselves. BusyError (75) if another run holds the lock.
    """
    if kind == "none":
        yield HeldLock()
    elif kind == "s3":
        from lakehouse.io.host.s3_lock import s3_lock  # the library takes a quarter of a second to import

        with s3_lock(lake_root, lease_seconds) as lease:
            yield lease
    else:
        with _file_lock(lake_root):
            yield HeldLock()


@contextmanager
def _file_lock(lake_root: str) -> Iterator[None]:
    if "://" in lake_root:
        raise ConfigError(
            f"lock: file needs a local lake_root, not {lake_root}",
            "set lock: s3 for a bucket, or lock: none where the scheduler allows one run at a time",
        )
    try:
        Path(lake_root).mkdir(parents=True, exist_ok=True)
        file = (Path(lake_root) / ".lock").open("a")
    except OSError as error:
        raise WriteError(f"cannot write {lake_root}: {error.strerror}") from None
    with file:
        if not (_taken(file, fcntl.LOCK_EX) or _taken(file, fcntl.LOCK_EX, after=A_QUESTION)):
            raise BusyError(f"another run is at work on {lake_root}", "wait for it, then try again")
        yield


def is_held(lake_root: str, kind: str) -> bool | None:
    """Whether a run is at work on the lake: the lock is tried and let go at once, or its object is read. None where that can't be told."""
    if kind == "s3":
        from lakehouse.io.host.s3_lock import is_leased

        return is_leased(lake_root)
    if kind == "none" or "://" in lake_root:
        return None
    try:
        file = (Path(lake_root) / ".lock").open()
    except OSError:
        return False
    with file:
        return not _taken(file, fcntl.LOCK_SH)


def _taken(file: IO[str], kind: int, after: float = 0) -> bool:
    time.sleep(after)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

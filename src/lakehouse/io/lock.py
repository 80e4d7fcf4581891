"""One run at a time on a lake: open-source Delta does not protect two drivers from each other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse.errors import BusyError, ConfigError, WriteError


@contextmanager
def lake_lock(lake_root: str, kind: str) -> Iterator[None]:
    """Hold the lake's lock. `file` is flock on the lake's folder: it is gone with the process, so a killed run leaves none.

    `none` is for schedulers that promise one run at a time themselves. BusyError (75) if another run holds the lock.
    """
    if kind == "none":
        yield
        return
    if "://" in lake_root:
        raise ConfigError(
            f"lock: file needs a local lake_root, not {lake_root}", "set lock: none where the scheduler allows one run at a time"
        )
    try:
        Path(lake_root).mkdir(parents=True, exist_ok=True)
        file = (Path(lake_root) / ".lock").open("a")
    except OSError as error:
        raise WriteError(f"cannot write {lake_root}: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another run is at work on {lake_root}", "wait for it, then try again") from None
        yield

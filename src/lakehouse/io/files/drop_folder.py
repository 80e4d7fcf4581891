"""Where senders put their files: `<drop_root>/<sender>/<file>`. Nothing in it is trusted, neither names nor what they point at."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from lakehouse.io.host import logs

# A file that changed so lately may still be written.
SETTLED_SECONDS = 60
UNFINISHED = (".part", ".tmp")
# What is larger is not copied: somebody wants to fill our disk.
LARGEST = 64 << 30
CHUNK = 1 << 20


@dataclass(frozen=True)
class Arrival:
    """One entry of a sender's folder. `name` is safe to show and to store, `path` is where it lies.

    `arrived_at` is when it came or was changed here, whatever date the sender gave it. `state` is another text as soon as the file was
    written, moved or replaced. `problem`: why it is not opened.
    """

    sender: str
    name: str
    path: str
    size_bytes: int
    arrived_at: datetime
    state: str
    problem: str = ""


class Changing(Exception):
    """The file was written to while it was read, or is gone."""


class DropFolder(Protocol):
    """A folder here, or a prefix of a bucket."""

    def is_there(self) -> bool:
        """Whether the folder exists and can be read."""
        ...

    def arrivals(self, now: datetime) -> Iterator[Arrival]:
        """What is there, sender by sender, by name. What is still being written (by its name, or changed in the last minute) is not, nor
        what went away meanwhile. OSError if the folder can't be read."""
        ...

    def fetch(self, arrival: Arrival, to: Path) -> str:
        """Copy it; gives the SHA-256 of what was copied, 64 hex digits. Changing if it is not the file any more that was seen."""
        ...


class LocalDrop:
    """A folder of this machine, as `DropFolder`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def is_there(self) -> bool:
        return self._root.is_dir()

    def arrivals(self, now: datetime) -> Iterator[Arrival]:
        for folder in _entries(Path(self._root)):
            if not folder.is_dir(follow_symlinks=False):
                yield from _there("", folder, now, "it lies beside the senders' folders, not in one")
                continue
            try:
                entries = _entries(Path(folder.path))
            except OSError as error:
                logs.warn(f"{shown(folder.name)}: this sender's folder can't be read ({type(error).__name__})")
                continue
            for entry in entries:
                yield from _there(shown(folder.name), entry, now)

    def fetch(self, arrival: Arrival, to: Path) -> str:
        descriptor = os.open(arrival.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise Changing
            sha256 = copied(source, to)
            if _state(before) != arrival.state or _state(os.fstat(descriptor)) != arrival.state:
                raise Changing
        return sha256


def is_there(name: str, changed: datetime, now: datetime) -> bool:
    """Whether a file of this name that changed then is there yet."""
    return not name.endswith(UNFINISHED) and (now - changed).total_seconds() >= SETTLED_SECONDS


def copied(source: BinaryIO, to: Path) -> str:
    """Copy a stream to a file; its SHA-256."""
    to.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with to.open("wb") as target:
        while part := source.read(CHUNK):
            digest.update(part)
            target.write(part)
    return digest.hexdigest()


def shown(name: str) -> str:
    """A name as text that can stand in a log, a table or a page: what can't be printed is replaced."""
    text = os.fsencode(name).decode(errors="replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def too_large(size_bytes: int) -> str:
    """The problem of a file of this size; empty if it has none."""
    return f"it is larger than {LARGEST >> 30} GB" if size_bytes > LARGEST else ""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _there(sender: str, entry: os.DirEntry[str], now: datetime, problem: str = "") -> Iterator[Arrival]:
    """The entry, if it is there yet and still."""
    try:
        found = entry.stat(follow_symlinks=False)
        came = datetime.fromtimestamp(found.st_ctime, UTC)
    except (OSError, ValueError, OverflowError):
        return
    problem = problem or _problem(found)
    # A date that lies in the future, or in no calendar, says nothing about when the file changed.
    changed = datetime.fromtimestamp(found.st_mtime, UTC) if 0 <= found.st_mtime <= now.timestamp() else came
    if is_there(entry.name, changed, now) or (problem and not entry.name.endswith(UNFINISHED)):
        yield Arrival(sender, shown(entry.name), entry.path, found.st_size, came, _state(found), problem)


def _problem(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "it is a link, not a file"
    return too_large(found.st_size) if stat.S_ISREG(found.st_mode) else "it is no plain file"


def _state(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"

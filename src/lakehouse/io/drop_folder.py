"""Where senders put their files: `<drop_root>/<sender>/<file>`. Nothing in it is trusted, neither names nor what they point at."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

# A file that changed so lately may still be written.
SETTLED_SECONDS = 60
UNFINISHED = (".part", ".tmp")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Arrival:
    """One entry of a sender's folder. `name` is safe to show and to store.

    `state` is another text as soon as the file was written, moved or replaced. `problem`: why it is not opened.
    """

    sender: str
    name: str
    path: Path
    size_bytes: int
    arrived_at: datetime
    state: str
    problem: str = ""


class Changing(Exception):
    """The file was written to while it was read."""


def arrivals(root: Path, now: datetime) -> Iterator[Arrival]:
    """What is there, sender by sender, by name. What is still being written (by its name, or changed in the last minute) is not."""
    for folder in _entries(root):
        if not folder.is_dir(follow_symlinks=False):
            if not _is_unfinished(folder.name):
                yield _arrival("", folder, "it lies beside the senders' folders, not in one")
            continue
        for entry in _entries(Path(folder.path)):
            if _is_unfinished(entry.name):
                continue
            found = _arrival(shown(folder.name), entry, _problem(entry))
            if found.problem or (now - found.arrived_at).total_seconds() >= SETTLED_SECONDS:
                yield found


def fetch(arrival: Arrival, to: Path) -> str:
    """Copy it; gives the SHA-256 of what was copied, 64 hex digits. Changing if it is not the file any more that was seen."""
    to.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(arrival.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as source, to.open("wb") as target:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise Changing
        sha256 = _copy(source, target)
        if _state(before) != arrival.state or _state(os.fstat(descriptor)) != arrival.state:
            raise Changing
    return sha256


def shown(name: str) -> str:
    """A name as text that can stand in a log, a table or a page: what can't be printed is replaced."""
    text = os.fsencode(name).decode(errors="replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _is_unfinished(name: str) -> bool:
    return name.endswith(UNFINISHED)


def _problem(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "it is a link, not a file"
    return "" if entry.is_file(follow_symlinks=False) else "it is no plain file"


def _arrival(sender: str, entry: os.DirEntry[str], problem: str) -> Arrival:
    found = entry.stat(follow_symlinks=False)
    arrived_at = datetime.fromtimestamp(found.st_mtime, UTC)
    return Arrival(sender, shown(entry.name), Path(entry.path), found.st_size, arrived_at, _state(found), problem)


def _state(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := source.read(CHUNK):
        digest.update(part)
        target.write(part)
    return digest.hexdigest()

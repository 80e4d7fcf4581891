"""Where replies to senders are put: `<outbox_root>/<sender>/`. Somebody, or a mail tool, sends them on."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

REPLY = ".reply.md"


class FileStore(Protocol):
    """Files by their path below a root; one is written whole or not at all."""

    def write(self, path: str, data: bytes) -> None:
        """Write the file, over an older one if there is one."""
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Delete the files whose path begins so."""
        ...


class Outbox:
    """Replies to senders, beside each other in a folder for each sender."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def put(self, sender: str, file_name: str, reply: str, beside: Mapping[str, bytes]) -> None:
        """The reply to a file, and other files by their names."""
        for name, data in {f"{file_name}{REPLY}": reply.encode(), **beside}.items():
            self._store.write(f"{_plain(sender)}/{_plain(name)}", data)

    def clear(self, sender: str, file_name: str) -> None:
        """What was said about an earlier delivery of this name does not hold any more."""
        for suffix in (REPLY, ".template"):
            self._store.delete_prefix(f"{_plain(sender)}/{_plain(file_name)}{suffix}")


class LocalStore:
    """A folder of this machine, as `FileStore`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, data: bytes) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.tmp")
        unfinished.write_bytes(data)
        os.replace(unfinished, file)

    def delete_prefix(self, prefix: str) -> None:
        file = self._root / prefix
        for old in file.parent.glob(f"{file.name}*"):
            old.unlink(missing_ok=True)


def _plain(name: str) -> str:
    """A name that stays in its folder, is no pattern and is short enough, whatever the sender called the file."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
    return plain.lstrip(".")[:180] or "_"

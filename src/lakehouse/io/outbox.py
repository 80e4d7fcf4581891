"""Where replies to senders are put: `<outbox_root>/<sender>/`. Somebody, or a mail tool, sends them on."""

import os
from collections.abc import Mapping
from pathlib import Path

REPLY = ".reply.md"


class Outbox:
    """Writes whole files only: who looks never sees half of a reply."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, sender: str, file_name: str, reply: str, beside: Mapping[str, bytes]) -> None:
        """The reply to a file, and other files by their names."""
        folder = self._root / _plain(sender)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{_plain(file_name)}{REPLY}", reply.encode())
        for name, data in beside.items():
            _write(folder / _plain(name), data)

    def clear(self, sender: str, file_name: str) -> None:
        """What was said about an earlier delivery of this name does not hold any more."""
        folder = self._root / _plain(sender)
        for old in [folder / f"{_plain(file_name)}{REPLY}", *folder.glob(f"{_plain(file_name)}.template*")]:
            old.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_bytes(data)
    os.replace(unfinished, path)


def _plain(name: str) -> str:
    """A name that stays in its folder, is no pattern and is short enough, whatever the sender called the file."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
    return plain.lstrip(".")[:180] or "_"

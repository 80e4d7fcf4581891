"""A disk that is full: a small file system in memory, mounted over a folder, with a file in it that takes the room."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

SIZE = 256 << 20
BLOCK = 4096
MS_NODEV, MNT_DETACH = 4, 2
_libc = ctypes.CDLL(None, use_errno=True)


class FullDisk:
    """Use it as a context manager; the folder is another one meanwhile, and empty first."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ballast = folder, folder / ".ballast"

    def __enter__(self) -> "FullDisk":
        target = os.fsencode(self._folder)
        if _libc.mount(b"tmpfs", target, b"tmpfs", MS_NODEV, f"size={SIZE}".encode()) != 0:
            raise OSError(ctypes.get_errno(), "mounting is not allowed here")
        return self

    def __exit__(self, *_: object) -> None:
        _libc.umount2(os.fsencode(self._folder), MNT_DETACH)

    def leave(self, free: int) -> None:
        """Take all room but so many bytes."""
        there = os.statvfs(self._folder)
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(there.f_bavail * there.f_frsize - free, BLOCK))

    def make_room(self) -> None:
        self._ballast.unlink()


def can_mount() -> bool:
    """Whether `in_own_namespace` works here."""
    return subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0


# Root of a namespace of its own may mount; nobody else sees what.
UNSHARE = ["unshare", "--mount", "--map-root-user"]


def in_own_namespace(*arguments: str) -> str:
    """What this Python with these arguments prints where it may mount."""
    return subprocess.run([*UNSHARE, sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout

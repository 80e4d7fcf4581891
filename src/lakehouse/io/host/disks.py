"""Disks without room: not every library says that this is what it lacked."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse.errors import MAKE_ROOM, WriteError, known
from lakehouse.io.config.settings import Settings, sqlite_file

# Bytes. A disk with less than that has no room for anything that a run writes.
LITTLE = 16 << 20


@contextmanager
def translate_disk_full(settings: Settings) -> Iterator[None]:
    """Within it, an error of unknown cause is a WriteError (73) if a disk that runs write to has no room.

    Snappy, for one, only says that it can't be loaded when its library did not fit into the folder for temporary files.
    """
    try:
        yield
    except Exception as error:
        full = None if known(error) else first_full(places_of(settings))
        if full is None:
            raise
        raise WriteError(f"no space left on the disk of {full}", MAKE_ROOM) from error


def places_of(settings: Settings) -> list[str]:
    """What a run writes to on this machine. Python passes over a TMPDIR that is full; Java's files are in /tmp whatever it says."""
    roots = [settings.lake_root, settings.vault_root, settings.export_root, settings.outbox_root or ""]
    others = [str(sqlite_file(settings.tracking_uri) or ""), os.environ.get("TMPDIR", ""), "/tmp"]
    return [place for place in (*roots, *others) if place and "://" not in place]


def first_full(places: Iterable[str]) -> str | None:
    """The first of them with little room, by the nearest folder above it that is there."""
    return next((place for place in places if shutil.disk_usage(nearest(place)).free < LITTLE), None)


def nearest(place: str) -> Path:
    """The folder or file itself, else the nearest folder above it that is there: they are on one disk."""
    return next(path for path in (Path(place).absolute(), *Path(place).absolute().parents) if path.exists())

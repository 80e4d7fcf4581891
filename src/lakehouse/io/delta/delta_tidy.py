"""Maintenance of one Delta table on this machine's disks by delta-rs. None of it changes a row."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.io.delta.delta_files import with_metadata


def compact(path: str, metadata: str) -> int:
    """Put the rows of small files into large ones, in one commit that changes no row; gives how many files there are fewer."""
    done = DeltaTable(path).optimize.compact(commit_properties=with_metadata(metadata))
    return int(done["numFilesRemoved"]) - int(done["numFilesAdded"])


def checkpoint(path: str) -> None:
    """Sum the log up in one file, so that who opens the table reads no older commits."""
    DeltaTable(path).create_checkpoint()


def vacuum(path: str, hours: int, keep: Iterable[int], metadata: str) -> int:
    """Delete files that went out of the table, or were never in it, so many hours ago or longer, unless a version of `keep` has them.

    Gives their number. Files of the change feed go by their age alone.
    """
    table = DeltaTable(path)
    options: dict[str, Any] = {"retention_hours": hours, "enforce_retention_duration": False, "full": True}
    options["keep_versions"] = [version for version in sorted(set(keep)) if _can_be_told(path, version)]
    # What an earlier one deleted is listed again for as long as the log knows that it was in the table once.
    gone = [name for name in table.vacuum(dry_run=True, **options) if (Path(path) / unquote(name)).exists()]
    if not gone:
        return 0
    table.vacuum(dry_run=False, commit_properties=with_metadata(metadata), **options)
    return len(gone)


def _can_be_told(path: str, version: int) -> bool:
    """Whether the log still says which files a version has."""
    try:
        DeltaTable(path, version=version)
    except DeltaError:
        return False
    return True

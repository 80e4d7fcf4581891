"""What the log of a Delta table on this machine's disks says about single commits. Only the files in question are opened."""

import json
import os
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

# Commits that leave the rows as they were.
MAINTENANCE = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES")
LastCommit = tuple[str, int, int]


def last_commit(path: str, known: LastCommit | None = None) -> LastCommit | None:
    """Name, time and inode of the log's last commit: a table that was made anew has another one. None where no table is.

    `known` is the answer of the last time: the log is listed only if that commit is not the last one any more.
    """
    log = Path(path) / "_delta_log"
    if known is not None and _is_last(path, known):
        return known
    try:
        name = max((entry.name for entry in os.scandir(log) if entry.name.endswith(".json") and entry.name[:20].isdigit()), default="")
        return _commit(log / name) if name else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_last(path: str, known: LastCommit) -> bool:
    try:
        return _commit(Path(path) / "_delta_log" / known[0]) == known and not _commit_file(path, _version(known[0]) + 1).exists()
    except (FileNotFoundError, NotADirectoryError):
        return False  # made anew, with fewer commits


def is_maintenance(path: str, version: int) -> bool:
    """Whether the commit left the rows as they were. A commit that the log does not hold any more did not."""
    return _info(path, version).get("operation") in MAINTENANCE


def committed_at(path: str, version: int) -> datetime | None:
    """When, UTC, by what it says or by its file, whichever is older; None if the log does not hold the commit."""
    try:
        written = _commit_file(path, version).stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None
    return datetime.fromtimestamp(min(written, _info(path, version).get("timestamp", inf) / 1000), UTC)


def last_checkpoint(path: str) -> int:
    """The version of the newest checkpoint; -1 if there is none."""
    try:
        return int(json.loads((Path(path) / "_delta_log" / "_last_checkpoint").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return -1


def drop_commits(path: str, older_than: timedelta) -> int:
    """Delete commits that the last checkpoint sums up and that are old; gives their number. Versions before it can't be read any more.

    Young ones stay, so that a reader who has the table open finds what was committed since.
    """
    last, before = last_checkpoint(path), (datetime.now(UTC) - older_than).timestamp()
    names = [name for name in os.listdir(Path(path) / "_delta_log") if name.endswith((".json", ".crc", ".checkpoint.parquet"))]
    numbered = [(name, name.removeprefix(".").split(".")[0]) for name in names]
    summed_up = [Path(path) / "_delta_log" / name for name, number in numbered if number.isdigit() and int(number) < last]
    old = [file for file in summed_up if file.stat().st_mtime < before]
    for file in old:
        file.unlink()
    return len(old)


def _info(path: str, version: int) -> dict[str, Any]:
    """What the commit says about itself. Writers put that into the first line."""
    try:
        with _commit_file(path, version).open(encoding="utf-8") as lines:
            return next((info for line in lines if (info := json.loads(line).get("commitInfo"))), {})
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _commit_file(path: str, version: int) -> Path:
    return Path(path) / "_delta_log" / f"{version:020}.json"


def _version(name: str) -> int:
    return int(name[:20])


def _commit(file: Path) -> LastCommit:
    found = file.stat()
    return file.name, found.st_mtime_ns, found.st_ino

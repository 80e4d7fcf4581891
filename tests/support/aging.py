"""Tables made to look as if all that was done to them had been done days earlier."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DAY = 86400


def age(table: Path, days: float) -> None:
    """Every commit and every file so far is so much older. Checkpoints, which hold times too, go: the log must be whole."""
    log = table / "_delta_log"
    for sum_of_log in [*log.glob("*.checkpoint*.parquet"), *log.glob("_last_checkpoint"), *log.glob("*.crc"), *log.glob(".*.crc")]:
        sum_of_log.unlink(missing_ok=True)
    for commit in log.glob("*.json"):
        modified = commit.stat().st_mtime
        commit.write_text("".join(f"{json.dumps(action)}\n" for action in _older(commit, days)), encoding="utf-8")
        os.utime(commit, (modified - days * DAY,) * 2)
    for file in table.rglob("*.parquet"):
        os.utime(file, (file.stat().st_mtime - days * DAY,) * 2)


def age_lake(root: Path, days: float) -> None:
    """All tables below a lake's or vault's root."""
    for log in root.glob("*/*/_delta_log"):
        age(log.parent, days)


def _older(commit: Path, days: float) -> Iterator[dict[str, Any]]:
    milliseconds = int(days * DAY * 1000)
    for line in commit.read_text(encoding="utf-8").splitlines():
        action = json.loads(line)
        for kind, time in (("commitInfo", "timestamp"), ("add", "modificationTime"), ("remove", "deletionTimestamp")):
            if kind in action and action[kind].get(time):
                action[kind][time] -= milliseconds
        yield action

"""What a shop's customers got of campaigns on a day, read from the packs as the tools of marketing do."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from lakehouse.sources.channels import EMAIL, PUSH


@dataclass(frozen=True)
class Sent:
    """One campaign on one day. `picks`: person → the products that it showed, best first; `emails`: person → address of the mail."""

    campaign: str
    picks: Mapping[int, tuple[int, ...]]
    emails: Mapping[int, str]


def sent_packs(export: Path, truth: Path, run_date: date) -> list[Sent]:
    """Of every campaign whose newest pack is of that run date. Who is held out is in no file, so nobody sends anything there."""
    return [sent for latest in sorted(export.glob("*/latest.json")) if (sent := _sent(latest, truth, run_date)) is not None]


def _sent(latest: Path, truth: Path, run_date: date) -> Sent | None:
    said = json.loads(latest.read_text(encoding="utf-8"))
    if said["run_date"] != run_date.isoformat():
        return None
    folder = latest.parent / said["pack"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = [folder / name for name in sorted(manifest["files"])]
    if manifest["channel"] == EMAIL:
        people = pd.read_parquet(truth / "people.parquet", columns=["person", "email"]).dropna()
        persons = dict(zip(people["email"].str.lower(), people["person"], strict=True))
        mails = [(row, persons.get(row["email"].lower())) for file in files for row in _rows_of_mails(file)]
        known = [(int(person), row) for row, person in mails if person is not None]
        return Sent(said["campaign"], {person: _picks(row) for person, row in known}, {person: row["email"] for person, row in known})
    if manifest["channel"] == PUSH:
        users = pd.read_parquet(truth / "app_users.parquet")
        owners = dict(zip("token-" + users["app_user_id"], users["person"], strict=True))
        told = [(int(owners[token]), product) for file in files for token, product in _messages(file)]
        return Sent(said["campaign"], {person: (product,) for person, product in told if person >= 0}, {})
    return None


def _rows_of_mails(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _picks(row: Mapping[str, str]) -> tuple[int, ...]:
    return tuple(int(value) for name, value in row.items() if name.startswith("product_id_") and value)


def _messages(file: Path) -> Iterator[tuple[str, int]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        message: dict[str, Any] = json.loads(line)["message"]
        yield message["token"], int(message["data"]["product_id"])

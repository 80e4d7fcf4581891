"""Where the packs of a campaign are: `<root>/<campaign>/<run date>/<run>/`, and `latest.json` that names the one to take."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

LATEST = "latest.json"


class Packs(Protocol):
    """The packs of one campaign. A pack is named `<run date>/<run>`. WriteError (73) where the place can't be written."""

    place: str

    def sweep(self) -> None:
        """What runs that died left half written goes."""
        ...

    def standing(self, run_date: str, made_from: str, at: datetime) -> str | None:
        """The newest whole pack of that date that was made from the same (`made_from` of its manifest), its files as they were written, and
        that has not expired at that time."""
        ...

    def unfinished(self, pack: str) -> AbstractContextManager[Path]:
        """A folder for the pack's files that nobody else sees; when it is left, they are kept for `promote`."""
        ...

    def promote(self, pack: str) -> None:
        """Let the kept pack appear, with `_SUCCESS` last. Safe to repeat."""
        ...

    def manifest(self, pack: str) -> dict[str, Any] | None:
        """Of a pack that is whole; None where there is none."""
        ...

    def latest(self) -> dict[str, Any] | None:
        """What `latest.json` says."""
        ...

    def swap_latest(self, latest: Mapping[str, Any]) -> None:
        """Let `latest.json` name another pack, at once, unless it names one of a later run date."""
        ...

    def delete(self, pack: str) -> None:
        """Delete a pack, and `latest.json` if it names it. One that is not there is fine."""
        ...


def latest_of(pack: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What `latest.json` says of a pack: where it is, and what a reader may want to know before opening it."""
    names = ("campaign", "run_id", "run_date", "expires", "profile", "contract_version", "rows")
    return {"pack": pack, **{name: manifest.get(name) for name in names}}


def is_older(new: Mapping[str, Any], there: Mapping[str, Any] | None) -> bool:
    """Whether `latest.json` names a pack of a later run date than the new one's."""
    return there is not None and str(there.get("run_date")) > str(new.get("run_date"))


def is_made_from(manifest: Mapping[str, Any], made_from: str, at: datetime) -> bool:
    """Whether a pack was made from the same and has not expired; one that has is about to be deleted."""
    try:
        return manifest.get("made_from") == made_from and datetime.fromisoformat(str(manifest.get("expires"))) > at
    except ValueError:
        return False


def as_json(values: Mapping[str, Any]) -> bytes:
    """UTF-8 with sorted names, so that equal values give equal bytes."""
    return (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()


def parsed(data: bytes) -> dict[str, Any] | None:
    """The object of a manifest or of `latest.json`; None for what is none."""
    try:
        values = json.loads(data)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None

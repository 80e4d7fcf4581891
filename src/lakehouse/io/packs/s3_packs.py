"""Packs of a campaign in a bucket.

Nothing is moved or written over: a pack's files are put where they will be, and it is one as soon as `_SUCCESS` stands beside them.
"""

import base64
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from lakehouse.errors import WriteError
from lakehouse.io.packs.pack_files import MANIFEST, SUCCESS
from lakehouse.io.packs.packs import LATEST, as_json, is_made_from, is_older, parsed
from lakehouse.io.s3.s3_objects import RefusedError, S3Objects

# Somebody else writes `latest.json` at the same time only by mistake.
TRIES = 5


class S3Packs:
    """As `Packs`. Who may read them is the bucket's policy. Errors are those of S3Objects."""

    def __init__(self, root: str, campaign: str) -> None:
        self.place = f"{root.rstrip('/')}/{campaign}"
        self._objects = S3Objects(self.place)

    def sweep(self) -> None:
        """What runs that died left without `_SUCCESS` goes."""
        names = self._objects.names()
        whole = {name.removesuffix(f"/{SUCCESS}") for name in names if name.endswith(f"/{SUCCESS}")}
        for name in names:
            if name.count("/") == 2 and name.rpartition("/")[0] not in whole:
                self._objects.delete(name)

    def standing(self, run_date: str, made_from: str, at: datetime) -> str | None:
        """As `Packs.standing`."""
        ends = [name for name in self._objects.names(f"{run_date}/") if name.endswith(f"/{SUCCESS}")]
        for pack in sorted((name.removesuffix(f"/{SUCCESS}") for name in ends), reverse=True):
            manifest = self.manifest(pack)
            if manifest is not None and is_made_from(manifest, made_from, at) and self._is_as_written(pack, manifest):
                return pack
        return None

    @contextmanager
    def unfinished(self, pack: str) -> Iterator[Path]:
        """A folder of this machine for the pack's files, for this user alone. When it is left they are in the bucket, and no pack yet."""
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
            for file in sorted(Path(folder).iterdir()):
                if file.name != SUCCESS:
                    self._objects.put_file(f"{pack}/{file.name}", file)

    def promote(self, pack: str) -> None:
        """Let the pack appear. Safe to repeat; of a pack that was never written it does nothing."""
        if self._read(f"{pack}/{MANIFEST}") is not None:
            with suppress(RefusedError):  # it appeared before
                self._objects.put(f"{pack}/{SUCCESS}", b"", is_new=True)

    def manifest(self, pack: str) -> dict[str, Any] | None:
        """Of a pack that is whole; None where there is none."""
        return self._read(f"{pack}/{MANIFEST}") if self._objects.get(f"{pack}/{SUCCESS}") is not None else None

    def latest(self) -> dict[str, Any] | None:
        """What `latest.json` says."""
        return self._read(LATEST)

    def swap_latest(self, latest: Mapping[str, Any]) -> None:
        """Let `latest.json` name another pack, at once, unless it names one of a later run date. Who was faster is not written over."""
        for _ in range(TRIES):
            found = self._objects.get(LATEST)
            there = None if found is None else parsed(found.data)
            if there == latest or is_older(latest, there):
                return
            with suppress(RefusedError):
                self._objects.put(LATEST, as_json(latest), is_new=found is None, instead_of=found.etag if found else None)
                return
        raise WriteError(f"{self.place}/{LATEST} is written by somebody else all the time", "see who writes it, then run it again")

    def delete(self, pack: str) -> None:
        """Delete a pack, and `latest.json` if it names it. It is no pack any more before its files go."""
        if (self.latest() or {}).get("pack") == pack:
            self._objects.delete(LATEST)
        self._objects.delete(f"{pack}/{SUCCESS}")
        for name in self._objects.names(f"{pack}/"):
            self._objects.delete(name)

    def _is_as_written(self, pack: str, manifest: Mapping[str, Any]) -> bool:
        """By the checksums that the bucket keeps: no file is read for that."""
        try:
            expected = {name: base64.b64encode(bytes.fromhex(facts["sha256"])).decode() for name, facts in manifest["files"].items()}
        except (KeyError, AttributeError, TypeError, ValueError):
            return False
        return all(self._objects.sha256(f"{pack}/{name}") == sha256 for name, sha256 in expected.items())

    def _read(self, name: str) -> dict[str, Any] | None:
        found = self._objects.get(name)
        return None if found is None else parsed(found.data)

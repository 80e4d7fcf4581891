"""Packs in a folder of this machine. A pack appears by a rename."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from lakehouse.errors import WriteError
from lakehouse.io.packs.pack_files import MANIFEST, SUCCESS
from lakehouse.io.packs.packs import LATEST, as_json, is_made_from, is_older, parsed

UNFINISHED = ".unfinished"


class LocalPacks:
    """As `Packs`. Nobody else on the machine can read them but members of the `group`, if one is given."""

    def __init__(self, root: str, campaign: str, group: str | None = None) -> None:
        self._folder, self._group = Path(root) / campaign, group
        self.place = str(self._folder)

    def sweep(self) -> None:
        with self._told():
            # Packs of before had no folder for each run: what a run of then left hidden lies beside the dates.
            for left in [*self._folder.glob(".*"), *self._folder.glob("*/.*")]:
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)

    def standing(self, run_date: str, made_from: str, at: datetime) -> str | None:
        packs = sorted(path for path in (self._folder / run_date).glob("*") if path.is_dir() and not path.name.startswith("."))
        for path in reversed(packs):
            pack = f"{run_date}/{path.name}"
            manifest = self.manifest(pack)
            if manifest is not None and is_made_from(manifest, made_from, at) and self._is_as_written(path, manifest):
                return pack
        return None

    @contextmanager
    def unfinished(self, pack: str) -> Iterator[Path]:
        folder = self._hidden(pack)
        with self._told():
            self._make_folders(folder.parent)
            folder.mkdir(mode=0o700)
            yield folder
            for path in folder.iterdir():
                _to_disk(path)
                self._give(path)
            self._give(folder)

    def promote(self, pack: str) -> None:
        with self._told():
            if self._hidden(pack).exists():
                os.rename(self._hidden(pack), self._folder / pack)

    def manifest(self, pack: str) -> dict[str, Any] | None:
        folder = self._folder / pack
        return _read(folder / MANIFEST) if (folder / SUCCESS).exists() else None

    def latest(self) -> dict[str, Any] | None:
        return _read(self._folder / LATEST)

    def swap_latest(self, latest: Mapping[str, Any]) -> None:
        if is_older(latest, self.latest()):
            return
        with self._told():
            unfinished = self._folder / f".{LATEST}{UNFINISHED}"
            unfinished.write_bytes(as_json(latest))
            self._give(unfinished)
            _to_disk(unfinished)
            os.replace(unfinished, self._folder / LATEST)

    def delete(self, pack: str) -> None:
        with self._told():
            if (self.latest() or {}).get("pack") == pack:
                (self._folder / LATEST).unlink(missing_ok=True)
            folder = self._folder / pack
            if folder.exists():
                # Not a pack any more from now on, however long its files take.
                (folder / SUCCESS).unlink(missing_ok=True)
                shutil.rmtree(folder)
            if folder.parent.exists() and not any(folder.parent.iterdir()):
                folder.parent.rmdir()

    def _hidden(self, pack: str) -> Path:
        date, _, run = pack.partition("/")
        return self._folder / date / f".{run}{UNFINISHED}"

    def _is_as_written(self, folder: Path, manifest: Mapping[str, Any]) -> bool:
        try:
            return all(_sha256(folder / name) == facts["sha256"] for name, facts in manifest["files"].items())
        except (OSError, KeyError, AttributeError, TypeError):
            return False

    def _make_folders(self, folder: Path) -> None:
        """The folder and those above it that are not there; others keep the rights that somebody gave them."""
        for path in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            path.mkdir(mode=0o700)
            self._give(path)

    def _give(self, path: Path) -> None:
        """Readable for the group, or for nobody else."""
        if self._group is not None:
            shutil.chown(path, group=self._group)
        of_group = 0 if self._group is None else 0o050 if path.is_dir() else 0o040
        path.chmod((0o700 if path.is_dir() else 0o600) | of_group)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except LookupError as error:
            if self._group is None or self._group not in str(error):
                raise
            raise WriteError(f"cannot write {self.place}: there is no group {self._group}", "check export_group") from None
        except OSError as error:
            raise WriteError(f"cannot write {self.place}: {error.strerror}", "check export_root and export_group") from None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return parsed(path.read_bytes())
    except OSError:
        return None


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

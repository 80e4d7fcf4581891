"""A folder of files that appears at once or not at all: CSV, manifest, and `_SUCCESS` last."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lakehouse.errors import WriteError

UNFINISHED, SUPERSEDED = ".unfinished", ".superseded"
# A cell that starts so is run as a formula by spreadsheets (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def prepare_pack(
    folder: Path,
    file_name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    facts: Mapping[str, object],
    group: str | None = None,
) -> dict[str, object]:
    """Write `file_name`, manifest.json and _SUCCESS to a hidden place beside `folder`, for promote_pack; gives the manifest.

    RFC 4180: comma, CRLF, quotes doubled, UTF-8 without BOM; line breaks within a field become spaces. Nobody else on the machine can
    read them but members of the `group`, if one is given. WriteError (73) if that can't be done.
    """
    unfinished = _unfinished(folder)
    try:
        _mend(folder.parent)
        _make_folders(folder.parent, group)
        unfinished.mkdir(mode=0o700)
        manifest = write_pack(unfinished, file_name, header, rows, facts)
        for path in (*unfinished.iterdir(), unfinished):
            _give(path, group)
    except LookupError:
        raise WriteError(f"cannot write {folder}: there is no group {group}", "check export_group") from None
    except OSError as error:
        raise WriteError(f"cannot write {folder}: {error.strerror}", "check export_root and export_group") from None
    return manifest


def write_pack(
    folder: Path, file_name: str, header: Sequence[str], rows: Iterable[Sequence[str | None]], facts: Mapping[str, object]
) -> dict[str, object]:
    """The files of a pack, `_SUCCESS` last, in a folder that lets nobody else in; gives the manifest."""
    count = _write_csv(folder / file_name, header, rows)
    files = {file_name: {"sha256": _sha256(folder / file_name), "rows": count}}
    manifest = {**facts, "schema_version": 1, "rows": count, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "_SUCCESS").touch()
    return manifest


def _make_folders(folder: Path, group: str | None) -> None:
    """The folder and those above it that are not there; others keep the rights that somebody gave them."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700)
        _give(path, group)


def _give(path: Path, group: str | None) -> None:
    """Readable for the group, or for nobody else."""
    if group is not None:
        shutil.chown(path, group=group)
    of_group = 0 if group is None else 0o050 if path.is_dir() else 0o040
    path.chmod((0o700 if path.is_dir() else 0o600) | of_group)


def stands(folder: Path, made_from: str) -> bool:
    """Whether a whole pack is there that was made from the same (`made_from` of its manifest), its files as they were written.

    What runs that died left beside it goes first.
    """
    try:
        _mend(folder.parent)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest.get("made_from") != made_from or not (folder / "_SUCCESS").exists():
            return False
        return all(_sha256(folder / name) == facts["sha256"] for name, facts in manifest["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def promote_pack(folder: Path) -> None:
    """Let the prepared pack appear under its name, in place of one that is there. Between two renames there is none."""
    superseded = folder.with_name(f".{folder.name}{SUPERSEDED}")
    try:
        if folder.exists():
            os.rename(folder, superseded)
        os.rename(_unfinished(folder), folder)
        shutil.rmtree(superseded, ignore_errors=True)
    except OSError as error:
        raise WriteError(f"cannot write {folder}: {error.strerror}", "check export_root") from None


def _unfinished(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{UNFINISHED}")


def _mend(packs: Path) -> None:
    """What runs that died left beside the packs goes, of whatever date; a pack that was to be replaced, and was not, is put back."""
    for old in packs.glob(f".*{SUPERSEDED}"):
        pack = packs / old.name.removeprefix(".").removesuffix(SUPERSEDED)
        if pack.exists():
            shutil.rmtree(old)
        else:
            os.rename(old, pack)
    for left in packs.glob(f".*{UNFINISHED}"):
        shutil.rmtree(left)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    count = 0
    # Its folder lets nobody in yet.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([safe(value) for value in row])
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def safe(value: str | None) -> str:
    """The cell's text on one line, with an apostrophe in front where a spreadsheet would run it as a formula."""
    text = " ".join((value or "").splitlines())
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) else text


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

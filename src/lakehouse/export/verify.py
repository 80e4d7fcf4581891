"""Is a pack whole, and within its tool's limits? For whoever receives it: needs the pack alone, no lake."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lakehouse.errors import DataError
from lakehouse.export.profile import MEGABYTE, Profile
from lakehouse.io.packs.pack_files import MANIFEST, SCHEMA_VERSION, SUCCESS, is_formula
from lakehouse.io.packs.packs import LATEST, parsed

NEEDED = {"expires", "files", "unique", "columns", "slots", "format", "delimiter"}
TAKE_ANOTHER = "take the pack again from where it was written; if it stays so, tell whoever runs the lake"


def find_pack(place: Path) -> Path:
    """The folder of a pack: the one given, or that which `latest.json` in it names. DataError (65) if there is none."""
    if (place / LATEST).is_file():
        latest = parsed((place / LATEST).read_bytes())
        if latest is None or not isinstance(latest.get("pack"), str):
            raise DataError(f"{place / LATEST} can't be read: it names no pack", TAKE_ANOTHER)
        return place / str(latest["pack"])
    if not (place / MANIFEST).is_file():
        raise DataError(f"{place} is no pack: it has no {MANIFEST}", TAKE_ANOTHER)
    return place


def problems(folder: Path, profile: Profile | None, now: datetime) -> Iterator[str]:
    """What is wrong with the pack, in sentences that hold no value of a row; nothing if it is as its manifest says.

    With a profile, also what its tool would not take.
    """
    manifest = _manifest(folder)
    if manifest is None:
        yield f"{MANIFEST} is not one that this version understands"
        return
    if not (folder / SUCCESS).is_file():
        yield f"there is no {SUCCESS}: the pack is not whole"
    if datetime.fromisoformat(manifest["expires"]) <= now:
        yield f"it expired on {manifest['expires']}"
    files: Mapping[str, Any] = manifest["files"]
    control: Mapping[str, Any] = manifest.get("control", {})
    for name in sorted({path.name for path in folder.iterdir()} - {*files, *control, MANIFEST, SUCCESS}):
        yield f"{name} is no file of the pack"
    if profile is not None:
        yield from _other_profile(manifest, profile)
    seen: dict[str, set[bytes]] = {name: set() for name in manifest["unique"]}
    for name, facts in {**control, **files}.items():
        if not (folder / name).is_file():
            yield f"{name} is missing"
            continue
        yield from _other_bytes(folder / name, facts)
        if name in control:
            continue
        try:
            yield from _wrong_rows(folder / name, facts["rows"], manifest, profile, seen)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            yield f"{name} can't be read as {manifest['format']} in UTF-8 ({type(error).__name__})"


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found = parsed((folder / MANIFEST).read_bytes())
    except OSError:
        return None
    return found if found is not None and found.get("schema_version") == SCHEMA_VERSION and found.keys() >= NEEDED else None


def _other_profile(manifest: Mapping[str, Any], profile: Profile) -> Iterator[str]:
    if manifest["columns"] != profile.header(manifest["slots"]):
        yield f"its columns are not those of profile {profile.name}, version {profile.version}"
    if (manifest["format"], manifest["delimiter"]) != (profile.format, profile.delimiter):
        yield f"its form is not that of profile {profile.name}"
    for name, facts in manifest["files"].items():
        if facts["bytes"] > profile.max_megabytes * MEGABYTE:
            yield f"{name} is larger than {profile.max_megabytes:g} MB"
        if profile.max_rows is not None and facts["rows"] > profile.max_rows:
            yield f"{name} has more than {profile.max_rows} rows"


def _other_bytes(path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    if path.stat().st_size != facts["bytes"]:
        yield f"{path.name} has {path.stat().st_size} bytes, not {facts['bytes']}"
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != facts["sha256"]:
            yield f"{path.name} has other bytes than were written"


def _wrong_rows(path: Path, rows: int, manifest: Mapping[str, Any], profile: Profile | None, seen: dict[str, set[bytes]]) -> Iterator[str]:
    count, limit = 0, None if profile is None else profile.max_text_bytes
    for count, row in enumerate(_rows(path, manifest), 1):
        if row is None:
            yield f"{path.name}, row {count}: it has not the columns of the others"
            continue
        for name, values in seen.items():
            digest = hashlib.sha256(row.get(name, "").encode()).digest()
            if row.get(name) and digest in values:
                yield f"{path.name}, row {count}: its {name} stands twice in the pack"
            values.add(digest)
        if manifest["format"] == "csv" and any(map(is_formula, row.values())):
            yield f"{path.name}, row {count}: a spreadsheet would run a cell as a formula"
        if limit is not None and any(len(value.encode()) > limit for value in row.values()):
            yield f"{path.name}, row {count}: a text has more than {limit} bytes"
    if count != rows:
        yield f"{path.name} has {count} rows, not {rows}"


def _rows(path: Path, manifest: Mapping[str, Any]) -> Iterator[dict[str, str] | None]:
    """Each row's texts by column, those within objects of JSONL by a name with dots; None for one of other columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if manifest["format"] == "jsonl":
            for line in file:
                values = json.loads(line)
                yield dict(_texts("", values)) if isinstance(values, dict) else None
            return
        lines = csv.reader(file, delimiter=manifest["delimiter"], strict=True)
        header = next(lines, [])
        if header != manifest["columns"]:
            yield None
        for cells in lines:
            yield dict(zip(header, cells, strict=True)) if len(cells) == len(header) else None


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _texts(f"{name}.{number}", inner)

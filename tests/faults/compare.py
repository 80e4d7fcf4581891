"""Whether a lake, its campaign packs, replies and registry are those of an undisturbed night. Uses no Spark and no code under test."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.faults.delta_files import Row, Version, read_delta, tables_below

# Who wrote a row and when: another run, another time.
TECHNICAL = {"run_id", "recorded_at", "seen_at", "published_at", "checked_at", "changed_at", "read_at", "started_at", "ended_at"}
# One row or more for each run: they have laws, not fingerprints.
RUN_RECORDS = {
    "ops.runs",
    "ops.packs",
    "ops.pack_products",
    "ops.publications",
    "ops.shop_reads",
    "ops.reconciliations",
    "ops.quality_results",
    "ops.incidents",
}
# What is of the run, and what follows from the ids of tables, which are those of one lake.
IN_MANIFEST = ("run_id", "created", "expires", "data_versions", "made_from", "pack")
PACK = re.compile(r"^([^/]+/\d{4}-\d\d-\d\d)/[^/.][^/]*/")


def differences(found: Path, reference: Path) -> list[str]:
    """What is not as in the reference, in words without values; empty if nothing is."""
    tables, expected = _tables(found), _tables(reference)
    return [
        *_other_tables(tables, expected),
        *_broken_laws(tables),
        *_other_incidents(tables, expected),
        *_other_files(found, reference),
        *_other_packs(found / "export", reference / "export"),
        *_registry(next(found.rglob("mlflow.db")), next(reference.rglob("mlflow.db"))),
        *_leftovers(found),
    ]


def fingerprint(version: Version) -> str:
    """Of the rows, in any order, without technical columns."""
    return sha256("\n".join(sorted(map(repr, _contents(version)))).encode()).hexdigest()


def _tables(work: Path) -> dict[str, Version]:
    found = {**tables_below(work / "lake"), **tables_below(work / "vault")}
    return {name: read_delta(folder) for name, folder in found.items()}


def _contents(version: Version) -> list[tuple[Any, ...]]:
    names = [name for name in sorted(version.columns) if name not in TECHNICAL]
    return [tuple(row[name] for name in names) for row in version.rows]


def _other_tables(tables: dict[str, Version], expected: dict[str, Version]) -> Iterator[str]:
    for name in sorted((tables.keys() ^ expected.keys()) - RUN_RECORDS):
        yield f"{name}: {'not in' if name in tables else 'only in'} the reference"
    for name in sorted((tables.keys() & expected.keys()) - RUN_RECORDS):
        ours, theirs = tables[name], expected[name]
        if name == "ops.files":
            ours, theirs = _newest_files(ours), _newest_files(theirs)
        if fingerprint(ours) != fingerprint(theirs):
            mine, others = (Counter(map(repr, _contents(version))) for version in (ours, theirs))
            more, fewer = (mine - others).total(), (others - mine).total()
            yield f"{name}: {more} rows that the reference has not, {fewer} that only it has{_columns_apart(ours, theirs)}"


def _columns_apart(ours: Version, theirs: Version) -> str:
    names = sorted({*ours.columns, *theirs.columns} - TECHNICAL)
    values = [{name: Counter(repr(row.get(name)) for row in version.rows) for name in names} for version in (ours, theirs)]
    return "; columns " + ", ".join(name for name in names if values[0][name] != values[1][name])


def _newest_files(version: Version) -> Version:
    """Of each delivery its newest row: that one counts."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in sorted(version.rows, key=lambda row: row["recorded_at"]):
        newest[row["sender"], row["file_name"], row["arrived_at"]] = row
    return Version(version.table_id, version.number, version.columns, list(newest.values()))


def _broken_laws(tables: dict[str, Version]) -> Iterator[str]:
    runs = tables["ops.runs"].rows
    ends = Counter(row["run_id"] for row in runs if not row["step"] and row["status"] != "started")
    starts = Counter(row["run_id"] for row in runs if not row["step"] and row["status"] == "started")
    if ends != starts or set(ends.values()) != {1}:
        yield f"ops.runs: {len(starts)} runs began once or more, {ends.total()} ends"
    newest = max((row for row in runs if not row["step"]), key=lambda row: row["ended_at"])
    if newest["status"] != "succeeded":
        yield f"ops.runs: the last run {newest['status']}"
    # A feed may load two files in a run, the second without a change; a row that was written twice says the same seconds.
    yield from _doubled(tables, "ops.runs", ("run_id", "step", "status", "table_version", "seconds"))
    yield from _doubled(tables, "ops.publications", ("run_id", "table_name"))
    yield from _doubled(tables, "ops.shop_reads", ("run_id", "shop_code"))
    yield from _doubled(tables, "ops.files", ("sender", "file_name", "arrived_at", "run_id"))
    yield from _doubled(tables, "ops.quality_results", ("run_id", "table_name", "table_version", "check"))
    yield from _doubled(tables, "ops.model_changes", ("run_id", "to_version"))
    for row in tables["ops.files"].rows if "ops.files" in tables else []:
        parts = row["rows_loaded"] + row["rows_duplicate"] + row["rows_expired"] + row["rows_quarantined"]
        if row["rows_read"] != parts:
            yield f"ops.files: {row['sender']}: {row['rows_read']} rows read, {parts} accounted for"
    yield from _quarantine_laws(tables, runs)
    yield from _doubled(tables, "ops.packs", ("campaign", "run_date", "run_id", "event"))
    published: dict[str, tuple[Any, ...]] = {}
    for row in sorted(tables["ops.publications"].rows, key=lambda row: row["published_at"]):
        published[row["table_name"]] = (row["table_id"], row["table_version"])
    for name, version in tables.items():
        is_shown = name.split(".")[0] in ("bronze", "vault", "silver", "gold", "recommendations")
        if is_shown and published.get(name) != (version.table_id, version.number):
            yield f"{name}: readers don't see its latest version"


def _other_incidents(tables: dict[str, Version], expected: dict[str, Version]) -> Iterator[str]:
    """What a night met is over when another succeeded, unless an undisturbed one meets it too."""
    ours, theirs = (_open_incidents(found.get("ops.incidents")) for found in (tables, expected))
    if ours != theirs:
        yield f"ops.incidents: {sorted(ours ^ theirs)} open here or in the reference only"


def _open_incidents(version: Version | None) -> set[str]:
    newest = {row["incident_key"]: row for row in sorted(version.rows if version else [], key=lambda row: row["recorded_at"])}
    return {key for key, row in newest.items() if row["event"] != "recovered"}


def _quarantine_laws(tables: dict[str, Version], runs: list[Row]) -> Iterator[str]:
    """As many rows of a step and a run as the ledger says."""
    rejected = Counter[tuple[str, str]]()
    for row in runs:
        if row["rows_rejected"] and row["status"] == "succeeded":
            rejected[row["step"].split("[")[0], row["run_id"]] += row["rows_rejected"]
    there = Counter[tuple[str, str]]()
    for name, version in tables.items():
        if name.startswith("quarantine.") and "__" in name:
            table = name.removeprefix("quarantine.").replace("__", ".", 1)
            there.update((table, row["run_id"]) for row in version.rows)
    if there != rejected:
        tables_apart = sorted({table for table, _ in ((there - rejected) + (rejected - there))})
        yield f"quarantine: {there.total()} rows, the ledger counted {rejected.total()}: {', '.join(tables_apart)}"


def _doubled(tables: dict[str, Version], name: str, key: tuple[str, ...]) -> Iterator[str]:
    rows = tables[name].rows if name in tables else []
    counts = Counter(tuple(row[column] for column in key) for row in rows)
    if twice := [values for values, count in counts.items() if count > 1]:
        yield f"{name}: {len(twice)} keys ({', '.join(key)}) stand more than once"


def _other_files(found: Path, reference: Path) -> Iterator[str]:
    """Replies to senders, and the vault's copies of files."""
    for place in ("outbox", "vault/files"):
        ours, theirs = (_files(root / place) for root in (found, reference))
        for name in sorted(ours.keys() | theirs.keys()):
            if ours.get(name) != theirs.get(name):
                yield f"{place}/{name}: " + ("other bytes" if name in ours and name in theirs else "only one of the two has it")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _other_packs(found: Path, reference: Path) -> Iterator[str]:
    """Of each campaign and date the newest pack, whatever its run. What was left half written is told by itself."""
    ours, theirs = (_newest_packs(_files(root)) for root in (found, reference))
    for name in sorted(ours.keys() | theirs.keys()):
        if name.endswith(("manifest.json", "latest.json")) and name in ours and name in theirs:
            one, other = (_manifest(files[name]) for files in (ours, theirs))
            if one != other:
                yield f"export/{name}: differs in {', '.join(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))}"
        elif ours.get(name) != theirs.get(name):
            yield f"export/{name}: " + ("other bytes" if name in ours and name in theirs else "only one of the two has it")


def _newest_packs(files: dict[str, bytes]) -> dict[str, bytes]:
    """Names of runs begin with their time, so the files of later ones come last."""
    return {PACK.sub(r"\1/", name): data for name, data in sorted(files.items())}


def _manifest(data: bytes) -> dict[str, Any]:
    return {name: value for name, value in json.loads(data).items() if name not in IN_MANIFEST}


def _registry(found: Path, reference: Path) -> Iterator[str]:
    questions = {
        "champions": "select alias, version from registered_model_aliases",
        "versions": "select version, status from model_versions order by version",
        "trainings that count": "select count(*) from tags where key = 'run_succeeded' and value = 'yes'",
        "runs that never ended": "select count(*) from runs where status = 'RUNNING'",
        "champions without a run": "select count(*) from registered_model_aliases a left join model_versions v on a.version = v.version"
        " and a.name = v.name left join runs r on r.run_uuid = v.run_id where r.run_uuid is null",
    }
    with sqlite3.connect(found) as ours, sqlite3.connect(reference) as theirs:
        for name, question in questions.items():
            one, other = (database.execute(question).fetchall() for database in (ours, theirs))
            if one != other:
                yield f"registry: {name}: {one}, in the reference {other}"


def _leftovers(work: Path) -> Iterator[str]:
    if (work / "vault" / "_staging").exists():
        yield "vault/_staging is left"
    if list((work / "vault" / "_scratch").glob("*")):
        yield "vault/_scratch is not empty"
    for place in ("export", "outbox", "vault", "mlflow"):
        for path in (work / place).rglob(".*"):
            if not path.name.endswith(".crc") and "_delta_log" not in path.parts:
                yield f"{path.relative_to(work)} is left"

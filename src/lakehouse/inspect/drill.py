"""A disaster drill: is everything that is derived made again from bronze and the vault, row by row? On a copy, never on the lake."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.checksum import Checksum, checksum_columns
from lakehouse.errors import ConfigError, DataError
from lakehouse.flow import GOLD, RECOMMENDATIONS, SILVER, Step
from lakehouse.inspect.text_tables import as_table
from lakehouse.io.config.settings import Settings, load_settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.host.lock import lake_lock
from lakehouse.io.spark.session import is_small_lake, spark_session
from lakehouse.lake import Lake
from lakehouse.night import NIGHT
from lakehouse.ops.history import History
from lakehouse.ops.ledger import SUCCEEDED
from lakehouse.runs.orchestrator import run_stages
from lakehouse.runs.stage import StageCall

# What remembers is no copy of anything else: it is a source itself, and is kept.
DERIVED = tuple(step for step in (*SILVER, *GOLD, *RECOMMENDATIONS) if not step.remembers)
FOLDER = "_drill"
# What a copy does without: pages for people, and what runs leave for a moment.
LEFT_OUT = shutil.ignore_patterns("_data_docs", "_staging", "_scratch", "_drill*", ".lock")


@dataclass(frozen=True)
class Rebuilt:
    """A table of the copy beside the one that readers see."""

    name: str
    rows: int
    is_equal: bool


def drill(env: str) -> str:
    """The table of what was made again, as text. DataError (65) if anything differs; ConfigError (2) for a lake that is elsewhere.

    The copy is beside the vault's tables, since it holds the vault, and is gone at the end, whatever comes of it.
    """
    settings = load_settings(env)
    lake = Lake(settings)
    if not lake.store.tables.is_local:
        raise ConfigError("a drill copies the lake, and this one is not on this machine", "copy it to a disk, and name that by its roots")
    as_of = _last_run_date(lake)
    with tempfile.TemporaryDirectory(dir=settings.vault_root, prefix=FOLDER) as folder:
        copy = _copied(settings, Path(folder))
        store = _store(copy)
        for step in DERIVED:
            store.drop(step.name)
        stages = [StageCall.of(stage, {}, when_due=False) for stage in NIGHT if stage.name in ("refresh", "score")]
        run_stages(copy, "drill", as_of, lambda: stages)
        found = [_compared(step, lake, store) for step in DERIVED if step.name in lake.published]
    return _told(found, as_of)


def _last_run_date(lake: Lake) -> date:
    """Of the last run that built what is dated; what it made is what has to be made again."""
    runs = (run for run in History(lake.store).runs if run.status == SUCCEEDED and run.command in ("night", "score"))
    if (last := next(runs, None)) is None:
        raise DataError("no night has succeeded on this lake, so there is nothing to make again", "run `lakehouse night`")
    return last.run_date


def _copied(settings: Settings, folder: Path) -> Settings:
    """The settings of a copy of the lake and the vault, which tells nobody of anything."""
    roots = {name: folder / name for name in ("lake_root", "vault_root")}
    with lake_lock(settings.lake_root, settings.lock, settings.lock_lease_seconds):
        for name, to in roots.items():
            shutil.copytree(getattr(settings, name), to, ignore=LEFT_OUT)
    key = settings.pseudonym_key or f"file:{Path(f'{settings.vault_root}.key').resolve()}"
    changed = {name: str(to) for name, to in roots.items()}
    silent = {"alerts": (), "metrics_file": None, "pseudonym_key": key, "export_root": str(folder / "export")}
    return settings.model_copy(update={**changed, **silent})


def _store(settings: Settings) -> DeltaStore:
    return DeltaStore(spark_session(settings, is_small=is_small_lake(settings)), TableResolver.of(settings), settings.small_rows)


def _compared(step: Step, lake: Lake, copy: DeltaStore) -> Rebuilt:
    seen = _checksum(step, lake.store, lake.published[step.name])
    head = copy.head(step.name)
    return Rebuilt(step.name, seen.rows, head is not None and _checksum(step, copy, head) == seen)


def _checksum(step: Step, store: DeltaStore, head: TableVersion) -> Checksum:
    (sums,) = store.read(step.name, head.version).agg(*checksum_columns(step.writes.columns)).collect()
    return Checksum.of(sums.asDict())


def _told(found: Sequence[Rebuilt], as_of: date) -> str:
    cells = [["table", "rows", "made again"], *([each.name, str(each.rows), "equal" if each.is_equal else "differs"] for each in found)]
    text = as_table(cells[0], cells[1:])
    if different := [each.name for each in found if not each.is_equal]:
        todo = "code or settings changed since the last night: run one, then drill again; if it stays so, report it"
        raise DataError(f"made again from bronze and the vault, {', '.join(different)} differ from what readers see\n{text}", todo)
    return f"{text}\n\nall {len(found)} tables were made again from bronze and the vault as of {as_of}, and are equal"

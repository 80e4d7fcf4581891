"""What a run cleans up when it fails, and what it cleans up after earlier runs that were interrupted."""

import shutil
from collections.abc import Callable
from pathlib import Path

from lakehouse.errors import RERUN, RERUN_OR_REPORT, known
from lakehouse.flow import STEPS
from lakehouse.io.delta.delta_files import is_local
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host import logs
from lakehouse.io.spark.classic_session import scratch_folder
from lakehouse.ops.ledger import ABANDONED, FAILED, RUNS, SUCCEEDED, Entry, Ledger
from lakehouse.ops.quarantine import RUN_ID
from lakehouse.pipeline.declared import OPS, quarantines

BROKE_OFF = (FAILED, ABANDONED)


def give_up(error: BaseException, ledger: Ledger, seconds: float, clear: Callable[[], None]) -> None:
    """Clear staging and record why the run failed. If that fails too, it is only a warning, so that `error` is not hidden."""
    # Staging first: on a full disk that makes room for the row.
    for action in (clear, lambda: ledger.record(_failure(error, seconds))):
        try:
            action()
        except Exception as problem:
            logs.warn(f"the failed run could not be put in order ({type(problem).__name__}); the next run does that")


def _failure(error: BaseException, seconds: float) -> Entry:
    """The step that was at work, exit code, reason and what to do. An error of a library is named by its type alone: its text may hold
    values of rows."""
    if cause := known(error):
        message, todo = f"{cause.exit_code}: {cause}", cause.todo
    elif isinstance(error, KeyboardInterrupt):
        message, todo = "70: interrupted", RERUN
    else:
        message, todo = f"70: {type(error).__name__}", RERUN_OR_REPORT
    return Entry("", FAILED, logs.current_step, seconds, message=message, todo=todo)


def emptied_scratch(vault_root: str) -> Path | None:
    """A folder for the data that Spark writes to disk when its memory is full. What killed runs left in it is deleted first.

    The data may be personal, so the folder is in the vault. None if the vault is in an object store, since Spark then uses the disks of its
    cluster. None also if this process has a session already.
    """
    if not is_local(vault_root):
        return None
    scratch, used = Path(vault_root).resolve() / "_scratch", scratch_folder()
    if used == str(scratch):
        return None
    shutil.rmtree(scratch, ignore_errors=True)
    if used is not None:
        return None
    # The JVM of a killed run may go on for some seconds and still write here, so the folder may exist again.
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def tell_lost_ops(store: DeltaStore) -> None:
    """Warn if the lake has tables but no ledger: then `ops` was lost, and the warning lists what went with it. Call it before any write."""
    if store.head(RUNS.name) is not None or all(store.head(step.name) is None for step in STEPS):
        return
    lost = "; ".join(f"{table.name} ({table.grain})" for table in OPS)
    logs.warn(f"the lake has tables and no ops: all is read and built in full. What nobody knows any more: {lost}")


def drop_unrecorded_rejects(store: DeltaStore) -> None:
    """Delete the rows that a failed or killed run wrote to quarantine for steps that it did not record. These steps are done again.

    Quarantine is read only if the newest run did not succeed.
    """
    ends = store.rows(RUNS, ("run_id", "status", "ended_at"), "step = ''")
    if not ends or max(ends, key=lambda row: row["ended_at"])["status"] not in BROKE_OFF:
        return
    broke_off = {row["run_id"] for row in ends if row["status"] in BROKE_OFF}
    recorded = {(row["step"].split("[")[0], row["run_id"]) for row in store.rows(RUNS, ("step", "run_id"), f"status = '{SUCCEEDED}'")}
    for table, name in quarantines().items():
        if store.head(name) is None:
            continue
        left = {run_id for run_id in store.arrow(name, [RUN_ID.name])[RUN_ID.name].unique().to_pylist() if run_id in broke_off}
        if ids := sorted(run_id for run_id in left if (table, run_id) not in recorded):
            among = ", ".join(f"'{run_id}'" for run_id in ids)
            store.replace_where(name, store.read(name).limit(0), f"{RUN_ID.name} in ({among})")

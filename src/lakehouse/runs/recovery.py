"""What a run does about its own end when it fails, and about what runs before it left half done."""

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
    """Clear staging and record why the run failed. What goes wrong with that does not hide `error`: the next run does it again."""
    # Staging first: on a full disk that makes room for the row.
    for action in (clear, lambda: ledger.record(_failure(error, seconds))):
        try:
            action()
        except Exception as problem:
            logs.warn(f"the failed run could not be put in order ({type(problem).__name__}); the next run does that")


def _failure(error: BaseException, seconds: float) -> Entry:
    """Which step was at work, exit code and reason, what to do. The text of an error that we did not write may hold values of rows."""
    if cause := known(error):
        message, todo = f"{cause.exit_code}: {cause}", cause.todo
    elif isinstance(error, KeyboardInterrupt):
        message, todo = "70: interrupted", RERUN
    else:
        message, todo = f"70: {type(error).__name__}", RERUN_OR_REPORT
    return Entry("", FAILED, logs.current_step, seconds, message=message, todo=todo)


def emptied_scratch(vault_root: str) -> Path | None:
    """The place for what Spark has no memory for: it may be personal, so it is under the vault, and what killed runs left there goes.

    None where the vault is in an object store, so that it is on the cluster's disks, or where this process has its session already.
    """
    if not is_local(vault_root):
        return None
    scratch, used = Path(vault_root).resolve() / "_scratch", scratch_folder()
    if used == str(scratch):
        return None
    shutil.rmtree(scratch, ignore_errors=True)
    if used is not None:
        return None
    # A JVM that outlives its Python by seconds may still write there.
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def tell_lost_ops(store: DeltaStore) -> None:
    """Before a run writes anything: whether `ops` was lost, which tables without a ledger show, and what nobody can know any more."""
    if store.head(RUNS.name) is not None or all(store.head(step.name) is None for step in STEPS):
        return
    lost = "; ".join(f"{table.name} ({table.grain})" for table in OPS)
    logs.warn(f"the lake has tables and no ops: all is read and built in full. What nobody knows any more: {lost}")


def drop_unrecorded_rejects(store: DeltaStore) -> None:
    """Take away what a run that failed or was killed left in quarantine for a step that it did not record: the step is done again.

    Only after such a run is anything looked at.
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

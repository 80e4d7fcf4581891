"""Whether a night trains, and what the lake itself knows of it. Asking MLflow takes seconds to import; a plan does without."""

from datetime import date

from lakehouse.io.delta.delta_reader import DeltaReader
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import RUNS, SUCCEEDED
from lakehouse.ops.model_changes import model_changes


def why_due(every_days: int, run_date: date, has_champion: bool, last: date | None) -> str:
    """Why a night of that date trains, if it does. `last`: the run date of the last training."""
    if last is None:
        return "no training has counted yet" if has_champion else "no model yet"
    if not has_champion:
        return "no champion yet"
    return f"the last one was of {last}" if (run_date - last).days >= every_days else ""


def outlook(lake: Lake, history: History, run_date: date) -> str:
    """What a night of that date would do, by what the lake recorded. The night alone sees an alias that was moved in MLflow itself."""
    changes, last, every_days = model_changes(lake.store), last_training(lake.store), lake.settings.train_every_days
    reason = why_due(every_days, run_date, bool(changes), last)
    told = f"; champion: version {changes[-1].to_version}" if changes else ""
    return f"due, {reason}{told}" if reason else f"not due, every {every_days} days, the last one was of {last}{told}"


def last_training(store: DeltaReader) -> date | None:
    """Run date of the newest training that was not lost with its run; None if there was none."""
    trained = store.rows(RUNS, ("run_id", "run_date", "ended_at"), f"step = 'train' AND status = '{SUCCEEDED}'")
    done = {row["run_id"] for row in store.rows(RUNS, ("run_id",), f"step = '' AND status = '{SUCCEEDED}'")} if trained else set()
    newest = max((row for row in trained if row["run_id"] in done), key=lambda row: row["ended_at"], default=None)
    return None if newest is None else newest["run_date"]

"""Whether a night trains, and what the lake itself knows of it. Asking MLflow takes seconds to import; a plan does without."""

from datetime import date

from lakehouse.io.delta_reader import DeltaReader
from lakehouse.io.ledger import RUNS, SUCCEEDED


def is_due(every_days: int, run_date: date, has_champion: bool, last: date | None) -> bool:
    """Whether a night of that date trains: no model was ever promoted, or the last training (its run date) is `every_days` old."""
    return not has_champion or last is None or (run_date - last).days >= every_days


def last_training(store: DeltaReader) -> date | None:
    """Run date of the newest training that was not lost with its run; None if there was none."""
    trained = store.rows(RUNS, ("run_id", "run_date", "ended_at"), f"step = 'train' AND status = '{SUCCEEDED}'")
    done = {row["run_id"] for row in store.rows(RUNS, ("run_id",), f"step = '' AND status = '{SUCCEEDED}'")} if trained else set()
    newest = max((row for row in trained if row["run_id"] in done), key=lambda row: row["ended_at"], default=None)
    return None if newest is None else newest["run_date"]

"""Bronze → silver → gold: every step of the flow whose inputs, code or parameters changed."""

import os

from lakehouse.flow import GOLD, SILVER
from lakehouse.io import logs
from lakehouse.io.session import is_small_lake
from lakehouse.lanes import run_steps
from lakehouse.tasks.audit import audit
from lakehouse.tasks.run import Run


def refresh(run: Run) -> None:
    """Steps of a small lake keep one processor busy each; one step of a large lake keeps all of them busy."""
    lanes = os.cpu_count() or 1 if is_small_lake(run.settings.lake_root) else 1
    run_steps(run.runner.run, (*SILVER, *GOLD), lanes, lambda step: logs.at(step.name))
    audit(run)

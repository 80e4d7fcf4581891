"""Bronze → silver → gold: every step of the flow whose inputs, code or parameters changed."""

from lakehouse.flow import GOLD, SILVER
from lakehouse.io import logs
from lakehouse.io.session import is_small_lake, lanes
from lakehouse.lanes import run_steps
from lakehouse.tasks.audit import audit
from lakehouse.tasks.run import Run


def refresh(run: Run) -> None:
    run_steps(run.runner.run, (*SILVER, *GOLD), lanes(is_small_lake(run.settings)), lambda step: logs.at(step.name))
    audit(run)

"""Bronze → silver → gold: every step of the flow whose inputs, code or parameters changed."""

from lakehouse.flow import GOLD, SILVER
from lakehouse.tasks.audit import audit
from lakehouse.tasks.run import Run


def refresh(run: Run) -> None:
    for step in (*SILVER, *GOLD):
        run.runner.run(step)
    audit(run)

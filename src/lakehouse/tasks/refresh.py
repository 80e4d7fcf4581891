"""Bronze → silver → gold: every step of the flow whose inputs, code or parameters changed."""

from lakehouse.flow import GOLD, SILVER
from lakehouse.io import logs
from lakehouse.io.session import is_small_lake, lanes
from lakehouse.lanes import run_steps
from lakehouse.tasks.stage import RunContext, StageResult
from lakehouse.tasks.step_runner import step_runner


def refresh(run: RunContext) -> StageResult:
    runner = step_runner(run)
    run_steps(runner.run, (*SILVER, *GOLD), lanes(is_small_lake(run.settings)), lambda step: logs.at(step.name))
    return StageResult(outputs=runner.outputs)

"""Bronze → silver → gold: every step of the flow whose inputs, code or parameters changed."""

from lakehouse.flow import GOLD, SILVER
from lakehouse.io.host import logs
from lakehouse.io.spark.session import is_small_lake, lanes
from lakehouse.pipeline.lanes import run_steps
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.stages.quarantined_revenue import check_revenue
from lakehouse.stages.step_runner import step_runner


def refresh(run: RunContext) -> StageResult:
    """Build silver and gold tables whose inputs changed, then count what is in quarantine; gives their versions."""
    runner = step_runner(run)
    run_steps(runner.run, (*SILVER, *GOLD), lanes(is_small_lake(run.settings)), lambda step: logs.set_current_step(step.name))
    logs.set_current_step("revenue")
    check_revenue(run)
    return StageResult(outputs=runner.outputs)

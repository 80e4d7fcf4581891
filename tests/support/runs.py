"""Runs with one stage, which a test writes down."""

from collections.abc import Callable, Collection
from datetime import date

from lakehouse.io.config.settings import Settings
from lakehouse.runs.orchestrator import run_stages
from lakehouse.runs.stage import RunContext, StageCall, StageResult


def run_one(
    settings: Settings, command: str, run_date: date, act: Callable[[RunContext], StageResult | None], accepted: Collection[str] = ()
) -> StageResult:
    """A run of this command whose one stage is `act`. One that gives None has done nothing."""
    (result,) = run_stages(settings, command, run_date, lambda: [StageCall(command, lambda run: act(run) or StageResult())], accepted)
    return result

"""Runs with one stage, which a test writes down."""

from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

from lakehouse.io.config.settings import Settings
from lakehouse.runs.orchestrator import run_stages
from lakehouse.runs.stage import RunContext, StageCall, StageResult
from tests.conftest import SPARK


def settings_in(folder: Path) -> Settings:
    """Of a lake in an empty folder, with a shop that nobody asks."""
    places = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export")}
    shops = {"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}}
    return Settings.model_validate({"env": "local", "tracking_uri": "sqlite://", "shops": shops, "spark": SPARK, **places})


def run_one(
    settings: Settings, command: str, run_date: date, act: Callable[[RunContext], StageResult | None], accepted: Collection[str] = ()
) -> StageResult:
    """A run of this command whose one stage is `act`. One that gives None has done nothing."""
    (result,) = run_stages(settings, command, run_date, lambda: [StageCall(command, lambda run: act(run) or StageResult())], accepted)
    return result

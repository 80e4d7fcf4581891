"""From a command to its run. Heavy libraries are imported inside, so that --help is quick."""

import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse.errors import WriteError
from lakehouse.inspect.text_tables import ReportFormat, RowFormat

if TYPE_CHECKING:
    from lakehouse.runs.stage import RunContext, StageCall, StageResult

SWITCH_SECONDS = 0.0005
# How a day is typed.
DAY = ["%Y-%m-%d"]
# The option of every command that lists something.
Format = Annotated[RowFormat, typer.Option("--format", help="For people, with a header and commas, or one JSON object a line.")]
# The option of every command that tells something else.
Report = Annotated[ReportFormat, typer.Option("--format", help="In words, or as one JSON object.")]
# The option of every command that does something as of a day.
RunDate = Annotated[
    datetime | None,
    typer.Option(formats=DAY, help="As-of date of decay, windows and file names; default: today (UTC). What is mirrored is always of now."),
]
# The option of every command that reads settings.
Env = Annotated[str, typer.Option(envvar="LAKEHOUSE_ENV", help="Environment: the settings are conf/base.yaml and conf/ENV.yaml.")]


def print_answer(text: str, beside: str = "") -> None:
    """Nothing at all for an answer without a line, as that of no rows in JSON. What stands beside the answer goes to stderr."""
    if text:
        typer.echo(text)
    if beside:
        typer.echo(beside, err=True)


def run_task(command: str, env: str, task: "Callable[[RunContext], StageResult]", run_date: datetime | None = None) -> str:
    """The text that the task gives, which is the one stage of a run of this command."""
    from lakehouse.runs.stage import StageCall

    (result,) = run_command(command, env, lambda: [StageCall(command, task)], run_date)
    return result.text


def run_command(
    command: str,
    env: str,
    calls: "Callable[[], Sequence[StageCall]]",
    run_date: datetime | None = None,
    accepted: Collection[str] = (),
    workflow: str = "",
) -> "list[StageResult]":
    """The results of the stages, as a run of this command: settings, lock, ledger, publication. Without a run date: today (UTC).

    `calls` gives the stages; it is asked when the run has begun, for it imports heavy libraries. `accepted` are checks (table:check)
    that may fail. `workflow`: id of the workflow of which the run is a task.
    """
    from lakehouse.io.config.settings import load_settings
    from lakehouse.io.host.lock import lake_lock

    # Threads that wait for Spark's answers go on at once, also beside one that computes: each of hundreds of answers would wait 5 ms.
    sys.setswitchinterval(SWITCH_SECONDS)
    as_of = run_date.date() if run_date else datetime.now(UTC).date()
    settings = load_settings(env)
    with ExitStack() as held:
        try:
            # The lock comes before the heavy libraries, so that a second run is told at once.
            lock = held.enter_context(lake_lock(settings.lake_root, settings.lock, settings.lock_lease_seconds))
        except WriteError:
            from lakehouse.runs.incident_notifier import IncidentNotifier

            with IncidentNotifier(settings, command, as_of, "").of_the_start():
                raise
        from lakehouse.runs.audit import refuse_unknown_checks
        from lakehouse.runs.orchestrator import run_stages

        refuse_unknown_checks(accepted)
        return run_stages(settings, command, as_of, calls, accepted, lock, workflow)

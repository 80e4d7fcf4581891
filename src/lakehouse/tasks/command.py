"""From a command to its run. Heavy libraries are imported inside, so that --help is quick."""

import signal
import sys
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from lakehouse.errors import WriteError

if TYPE_CHECKING:
    from lakehouse.tasks.run import Run

T = TypeVar("T")
SWITCH_SECONDS = 0.0005
# The option of every command that reads settings.
Env = Annotated[str, typer.Option(help="Environment: the settings are conf/base.yaml and conf/ENV.yaml.")]


def run_task(command: str, env: str, task: "Callable[[Run], T]", run_date: datetime | None = None, accepted: Collection[str] = ()) -> T:
    """What the task gives, as a run of this command: settings, lock, ledger, publication. Without a run date: today (UTC).

    `accepted` are checks (table:check) that may fail in this run.
    """
    from lakehouse.io.lock import lake_lock
    from lakehouse.io.settings import load_settings

    # Threads that wait for Spark's answers go on at once, also beside one that computes: each of hundreds of answers would wait 5 ms.
    sys.setswitchinterval(SWITCH_SECONDS)
    # A scheduler that ends a run lets it put things back in order, a stopped replica first of all, and record that it failed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_of = run_date.date() if run_date else datetime.now(UTC).date()
    settings = load_settings(env)
    with ExitStack() as held:
        try:
            # The lock comes before the heavy libraries, so that a second run is told at once.
            held.enter_context(lake_lock(settings.lake_root, settings.lock))
        except WriteError:
            from lakehouse.tasks.telling import Telling

            with Telling(settings, command, as_of, "").of_the_start():
                raise
        from lakehouse.tasks.audit import refuse_unknown_checks
        from lakehouse.tasks.run import open_run

        refuse_unknown_checks(accepted)
        with open_run(settings.model_copy(update={"lock": "none"}), command, as_of) as run:
            run.accepted.update(accepted)
            done = task(run)
    return done

"""`lakehouse backfill`. Heavy libraries are imported inside the command."""

from datetime import datetime
from typing import Annotated

import typer

from lakehouse.cli.command import DAY, Env, RunDate, run_task


def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help="First day, as it stands in the files' names.")],
    last: Annotated[datetime, typer.Option("--to", formats=DAY, help="Last day, included.")],
    env: Env = "local",
    run_date: RunDate = None,
) -> None:
    """Read vendors' files of those days again from drop_root, by the contracts as they are now, and recompute dated gold.

    New files are landed first. Nothing is doubled and no older file beats a newer one, so it can be repeated, overlap, and come in any
    order. What it can't do: bring back a file that is gone from drop_root, or a day of a shop, whose mirror is always of now. Lists and
    campaign packs stay as they are until `lakehouse score` and `lakehouse export`, or the next night.
    """
    from lakehouse.stages.backfill import backfill as task

    typer.echo(run_task("backfill", env, lambda run: task(run, first.date(), last.date()), run_date))

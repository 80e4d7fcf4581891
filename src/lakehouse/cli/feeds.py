"""Commands around vendors' files: `lakehouse feeds` and `lakehouse quarantine`. Heavy libraries are imported inside the commands."""

from typing import Annotated

import typer

from lakehouse.cli.command import Env, Format, print_answer, run_task
from lakehouse.inspect.text_tables import RowFormat

app = typer.Typer(
    no_args_is_help=True,
    help="Rows and files that were not taken over, and why.\n\n"
    "`show` only looks. `replay` reads files of a feed again, by the contract as it is now, as a run that holds the lake's lock.",
)


def feeds(
    env: Env = "local",
    files: Annotated[int, typer.Option(help="Also show the newest so many files.")] = 0,
    output: Format = RowFormat.TABLE,
) -> None:
    """What vendors sent: the newest file of each feed, what became of it, and what is overdue."""
    from lakehouse.inspect import feeds_report

    print_answer(feeds_report.feeds(env, files, output))


@app.command()
def show(
    table: Annotated[str | None, typer.Argument(help="A feed, as app_users, or a table, as silver.orders. Without: all of them.")] = None,
    rows: Annotated[int, typer.Option(help="So many rows beside the summary.")] = 20,
    env: Env = "local",
    output: Format = RowFormat.TABLE,
) -> None:
    """How many rows stand in quarantine, why, and the first of them: file, line and column, never a value."""
    from lakehouse.inspect import feeds_report

    print_answer(feeds_report.quarantine(env, table, rows, output))


@app.command()
def replay(
    table: Annotated[str, typer.Argument(help="A feed, as app_users.")],
    accept_deletes: Annotated[
        bool, typer.Option("--accept-deletes", help="Also load a snapshot that waits because it would delete too much.")
    ] = False,
    env: Env = "local",
) -> None:
    """Read a feed's files again that have rows in quarantine; what is good now is loaded and published."""
    from lakehouse.inspect import feeds_report
    from lakehouse.stages.ingest_files.land_files import replay as task

    name = feeds_report.feed_name(table)
    run_task("quarantine replay", env, lambda run: task(run, name, accept_deletes))

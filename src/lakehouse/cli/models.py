"""Commands around the model registry: `lakehouse models`. Heavy libraries are imported inside the commands."""

from typing import Annotated

import typer

from lakehouse.cli.command import Env, Format, print_answer, run_task
from lakehouse.inspect.text_tables import RowFormat

app = typer.Typer(
    no_args_is_help=True,
    help="The versions in the model registry, and which of them scores.\n\n"
    "`list` and `show` only look. `promote` and `rollback` change the champion by hand, as runs that hold the lake's lock; "
    "who did it, when and why is kept in ops.model_changes.",
)

Version = Annotated[str, typer.Argument(help="A version as `lakehouse models list` shows it.")]


@app.command("list")
def list_versions(env: Env = "local", output: Format = RowFormat.TABLE) -> None:
    """Every registered version, newest first: trained on, champion or not, metrics, what the gate said and why."""
    from lakehouse.inspect import model_versions

    print_answer(model_versions.overview(env, output))


@app.command()
def show(version: Version, env: Env = "local", output: Format = RowFormat.TABLE) -> None:
    """One version: its run, tags, parameters, metrics, and the Delta versions that it was trained from."""
    from lakehouse.inspect import model_versions

    print_answer(model_versions.details(env, version, output))


@app.command()
def diff(version: Version, env: Env = "local") -> None:
    """What a version would change for customers: places that stay, categories, stock, ten examples. Changes nothing itself."""
    from lakehouse.stages import models

    typer.echo(run_task("models diff", env, lambda run: models.diff(run, version)))


@app.command()
def promote(
    version: Version,
    reason: Annotated[str, typer.Option(help="Why; kept in ops.model_changes.")],
    env: Env = "local",
) -> None:
    """Make a version the champion, whatever the gate said of it. The next score run uses it."""
    from lakehouse.stages import models

    typer.echo(run_task("models promote", env, lambda run: models.promote(run, version, reason)))


@app.command()
def rollback(reason: Annotated[str, typer.Option(help="Why; kept in ops.model_changes.")] = "", env: Env = "local") -> None:
    """Back to the champion before the present one; a second time: one further back, not forth. The next score run uses it."""
    from lakehouse.stages import models

    typer.echo(run_task("models rollback", env, lambda run: models.rollback(run, reason)))

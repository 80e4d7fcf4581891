"""Questions to a lake at three in the morning: `lakehouse status`, `plan`, `lineage`, `why`. They write nothing and need no lock."""

from typing import Annotated

import typer

from lakehouse.cli.command import Env, Format, Report, RunDate, print_answer
from lakehouse.inspect.text_tables import ReportFormat, RowFormat


def status(
    env: Env = "local",
    runs: Annotated[int, typer.Option(help="How many runs to show.")] = 5,
    output: Report = ReportFormat.TEXT,
) -> None:
    """Is everything fine? What runs, what failed and what to do, what readers see; then the last runs, shops and feeds."""
    from lakehouse.inspect import status_text

    typer.echo(status_text.status(env, runs, output))


def plan(
    env: Env = "local",
    run_date: RunDate = None,
    output: Format = RowFormat.TABLE,
) -> None:
    """What a night would read and build, how long that usually takes, and what stands in its way. Writes nothing.

    As csv and json: the steps; all else goes to stderr then.

    Ends with 0 if nothing blocks, else with the exit code that the night would end with.
    """
    from lakehouse.inspect.plan import plan as task

    found = task.plan(env, None if run_date is None else run_date.date())
    print_answer(*found.as_text(output))
    if found.exit_code:
        raise typer.Exit(found.exit_code)


def lineage(
    name: Annotated[str, typer.Argument(metavar="TABLE|EXPORT", help="A table as silver.orders; export.email; or train.")],
    version: Annotated[int | None, typer.Option(help="An older version of the table; default: the one that readers see.")] = None,
    env: Env = "local",
    output: Report = ReportFormat.TEXT,
) -> None:
    """Which positions of shops and which files made a table or a campaign pack, through which versions, by which runs."""
    from lakehouse.inspect import lineage_text

    typer.echo(lineage_text.lineage(env, name, version, output))


def why(
    customer: Annotated[str, typer.Argument(help="The customer_key, as in silver.customers; never an address.")],
    shop: Annotated[str | None, typer.Option(help="Code of the shop, for a customer of several.")] = None,
    env: Env = "local",
    output: Report = ReportFormat.TEXT,
) -> None:
    """Why a customer gets what the lists show: history, places with their reasons, what rules took out, consent, and who leaves it out."""
    from lakehouse.inspect.customer import why_text

    typer.echo(why_text.told(env, customer, shop, output))


def drill(env: Env = "local") -> None:
    """A disaster drill on a copy: silver, gold and recommendations are deleted there, made again from bronze and the vault, and compared.

    The lake itself is only read. The copy needs as much room as the lake, beside the vault's tables, and is gone afterwards. Ends with 65
    if a table differs. docs/operations.md says what to do when a part of a lake is really lost.
    """
    from lakehouse.inspect import drill as task

    typer.echo(task.drill(env))

"""The `lakehouse` command. Heavy libraries are imported inside the commands, so that --help is quick."""

import gc
import signal
import sys
from typing import Annotated

import typer

from lakehouse.cli.audience import audience
from lakehouse.cli.backfill import backfill
from lakehouse.cli.backtest import backtest
from lakehouse.cli.campaigns import app as campaigns_app
from lakehouse.cli.command import Env, Format, print_answer
from lakehouse.cli.feeds import app as quarantine_app
from lakehouse.cli.feeds import feeds
from lakehouse.cli.models import app as models_app
from lakehouse.cli.night import add_commands_of_the_night
from lakehouse.cli.questions import drill, lineage, plan, status, why
from lakehouse.cli.rules import app as rules_app
from lakehouse.demo.cli import app as demo_app
from lakehouse.errors import RERUN, RERUN_OR_REPORT, LakehouseError, known
from lakehouse.inspect.text_tables import RowFormat

app = typer.Typer(
    help="From a live WooCommerce database to campaign files that marketing can trust, every night.\n\n"
    "Start with `lakehouse night`; look at the result with `lakehouse tables` and `lakehouse sql`. "
    "Exit codes: 0 ok, 2 usage or settings, 65 data, 69 source away (try again), 70 unexpected, 73 cannot write, "
    "75 another run is at work (try again), 77 access.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(demo_app, name="demo", help="A made-up shop on this machine, to try everything on.")
app.add_typer(models_app, name="models")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(campaigns_app, name="campaigns")
app.add_typer(rules_app, name="rules")
for _command in (plan, status, lineage, why, backfill, feeds, audience, backtest, drill):
    app.command()(_command)

add_commands_of_the_night(app)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("lakehouse"))
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """What stands before the command."""


@app.command()
def tables(env: Env = "local", output: Format = RowFormat.TABLE) -> None:
    """The published tables: version, rows and what a row is."""
    from lakehouse.inspect import published_tables

    print_answer(published_tables.tables(env, output))


@app.command()
def describe(
    table: Annotated[str | None, typer.Argument(help="A table, as silver.orders.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All tables, as the data dictionary (Markdown).")] = False,
    output: Format = RowFormat.TABLE,
) -> None:
    """What a table's columns, key and rules mean, from its declaration. Needs no lake. As csv and json: its columns."""
    from lakehouse.inspect import dictionary

    if not every and table is None:
        raise typer.BadParameter("name a table or say --all")
    print_answer(dictionary.described(None if every else table, output))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='As "select * from silver.orders limit 5".')],
    env: Env = "local",
    output: Format = RowFormat.TABLE,
    out: Annotated[str | None, typer.Option(help="File to write to, in place of the screen.")] = None,
    engine: Annotated[str, typer.Option(help="auto, spark (always Spark) or duckdb (an error where only Spark can answer).")] = "auto",
) -> None:
    """Query the published tables by their names, in Spark SQL. Times are UTC.

    What DuckDB is known to answer as Spark does is answered by it, at once. Else Spark is started, and a line on stderr says why.
    """
    from lakehouse.inspect import published_tables

    text = published_tables.query(env, query, output, engine)
    if out is None:
        print_answer(text)
    else:
        published_tables.save(text, out)


@app.command()
def flow(output: Format = RowFormat.TABLE) -> None:
    """What is made from what: every step with its inputs and how it is written."""
    from lakehouse.inspect import dictionary

    print_answer(dictionary.flow_page(output))


@app.command()
def grants(
    shop: Annotated[str, typer.Argument(help="Code of the shop, or of a database of another kind.")] = "nl",
    env: Env = "local",
    store: Annotated[
        str, typer.Option(help="Where the shop keeps its orders: hpos, or legacy (posts). `lakehouse doctor` tells.")
    ] = "hpos",
) -> None:
    """The SQL that gives the shop's read-only user the rights that the ingest needs, column by column."""
    from lakehouse.inspect import published_tables

    typer.echo(published_tables.grant_statements(env, shop, store))


@app.command()
def doctor(env: Env = "local", output: Format = RowFormat.TABLE) -> None:
    """Check Java, jars, disks, Spark, secrets, catalog, unfinished runs and the shops' databases; says what to do about each problem."""
    from lakehouse.inspect.doctor.doctor import doctor as check

    if code := check(env, output):
        raise typer.Exit(code)


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Ends by SystemExit only if something went wrong: a Databricks wheel task fails on any SystemExit."""
    # Python looks for circles of objects each time that 700 more are there than a moment ago. Libraries and packs bring millions that
    # are none: a fifth of the time of the imports.
    gc.set_threshold(100_000, 20, 100)
    code = _exit_code(arguments)
    if code:
        sys.exit(code)


def _exit_code(arguments: list[str] | None) -> int:
    # A scheduler that ends a run lets it put things back in order, a stopped replica first of all, and record that it failed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except LakehouseError as error:
        return _fail(error.exit_code, str(error), error.todo)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(70, "interrupted", RERUN)
    except Exception as error:
        if hasattr(error, "format_message"):
            return _fail(2, error.format_message(), "see `lakehouse --help`")
        if cause := known(error):
            return _fail(cause.exit_code, str(cause), cause.todo)
        return _fail(70, f"unexpected {_kind(error)}: {_where(error)}", RERUN_OR_REPORT)


def _fail(code: int, message: str, todo: str) -> int:
    """The one line at the end of a failure: code, what, where, what to do."""
    context = _context()
    print(f"lakehouse: error {code}{context}: {message}" + (f" -> {todo}" if todo else ""), file=sys.stderr)
    return code


def _context() -> str:
    progress = sys.modules.get("lakehouse.io.host.logs")
    step, run_id = (progress.current_step, progress.current_run) if progress else ("", "")
    return (f" at {step}" if step else "") + (f" (run {run_id})" if run_id else "")


def _kind(error: BaseException) -> str:
    """The exception's class; of one from Java its class there, of one from Spark its error condition too."""
    java = getattr(error, "java_exception", None)
    name = java.getClass().getName() if java is not None else type(error).__name__
    condition = error.getCondition() if hasattr(error, "getCondition") else None
    return f"{name} ({condition})" if condition else str(name)


def _where(error: BaseException) -> str:
    """The place in our code, never the message: it may hold values of rows."""
    import traceback

    frames = [f for f in traceback.extract_tb(error.__traceback__) if "lakehouse" in f.filename]
    return f"{frames[-1].filename.split('/')[-1]}:{frames[-1].lineno}" if frames else ""

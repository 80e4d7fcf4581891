"""Commands around the rules of lists: `lakehouse rules`. Heavy libraries are imported inside the commands."""

from datetime import datetime
from typing import Annotated

import typer

from lakehouse.cli.command import DAY, Env, Format, print_answer, run_task
from lakehouse.inspect.text_tables import RowFormat

app = typer.Typer(
    no_args_is_help=True,
    help="Rules of lists and packs (conf/rules): what is hidden, pinned, capped, boosted. docs/rules.md explains them.\n\n"
    'What they did is in ops.rule_effects: `lakehouse sql "select * from ops.rule_effects"`.',
)


@app.command()
def test(output: Format = RowFormat.TABLE) -> None:
    """Try the golden cases that stand in the rule files. Needs no lake; ends with 2 if a file is wrong or a case fails."""
    from lakehouse.errors import ConfigError
    from lakehouse.inspect.rules.cases import as_text, try_cases

    cases, told = try_cases()
    print_answer(as_text(cases, output), told)
    if failed := sum(not case.holds for case in cases):
        raise ConfigError(f"{failed} golden cases of conf/rules fail", "correct the rule, or the case if what the rules give is right")


@app.command()
def diff(
    env: Env = "local",
    on: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Rules that hold on that run date; default: the date of the published lists."),
    ] = None,
) -> None:
    """What the rules as they stand in the files would do to the published lists: places that stay, categories, ten customers, places that
    each rule takes or moves. Changes nothing itself."""
    from lakehouse.inspect.rules.diff import diff as of_rules

    typer.echo(run_task("rules diff", env, lambda run: of_rules(run, on.date() if on else None)))

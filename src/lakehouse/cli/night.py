"""`lakehouse night`, and a command for each of its stages, from the page of the night."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse.cli.campaigns import verify
from lakehouse.cli.command import Env, RunDate, run_command
from lakehouse.night import NIGHT, PUBLISH, Stage

if TYPE_CHECKING:
    from lakehouse.runs.stage import StageCall

Accept = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TABLE:CHECK",
        help="A check that may fail in this run, because somebody looked and it is right; as the failure names it. Repeatable.",
    ),
]
OF_ALL = {"env": (Env, "local"), "run_date": (RunDate, None), "accept": (Accept, None)}
# By the names that stages use: what typer makes of an option, and its default.
OPTIONS = {
    "in_full": (
        Annotated[
            bool, typer.Option("--full", help="Read all orders, not only those that may have changed and tonight's part of the old ones.")
        ],
        False,
    ),
    "accept_deletes": (
        Annotated[
            list[str] | None,
            typer.Option(
                metavar="TABLE",
                help="A table that may lose more rows than max_delete_share, as orders (with all that hangs on them). Repeatable.",
            ),
        ],
        None,
    ),
    "workflow": (
        Annotated[
            str,
            typer.Option(
                metavar="ID",
                help="As one task of a workflow: go on from what its tasks before did, and leave showing it to `lakehouse publish`. "
                "The id is the scheduler's, the same for all tasks and their repairs.",
            ),
        ],
        "",
    ),
    "when_due": (Annotated[bool, typer.Option("--when-due", help="Only when a night would do it; `lakehouse plan` says why.")], False),
}


# Commands under the name of a stage.
OF_STAGE = {"export": {"verify": verify}}


def add_commands_of_the_night(app: typer.Typer) -> None:
    """The whole night first, then its stages in their order."""
    names = ", ".join(stage.name + (" when due" if stage.due else "") for stage in NIGHT)
    text = (
        f"The whole night as one run: {names}.\n\n"
        "Readers see the new tables only after all of it succeeded. A re-run is always safe, also after a kill."
    )
    _add(app, "night", text, [option for stage in NIGHT for option in stage.options], _all)
    for stage in NIGHT:
        in_workflow = [] if stage.after_publication else ["workflow"]
        options = [*stage.options, *(["when_due"] if stage.due else []), *in_workflow]
        _add(app, stage.name, stage.help, options, _alone(stage), OF_STAGE.get(stage.name, {}))
    app.command(PUBLISH, help="Show what the tasks of a workflow did, all at once. Only for schedulers that run stages as tasks.")(publish)


def publish(
    workflow: Annotated[str, typer.Option(metavar="ID", help="The id that its tasks were given.")],
    env: Env = "local",
    run_date: RunDate = None,
) -> None:
    """The last task of a workflow: it has no stage of its own."""
    run_command(PUBLISH, env, lambda: [], run_date, workflow=workflow)


def _all(given: dict[str, Any]) -> "Sequence[StageCall]":
    from lakehouse.runs.stage import calls_of_the_night

    return calls_of_the_night(given)


def _alone(stage: Stage) -> "Callable[[dict[str, Any]], Sequence[StageCall]]":
    def calls(given: dict[str, Any]) -> "Sequence[StageCall]":
        from lakehouse.runs.stage import StageCall

        return [StageCall.of(stage, given, given.get("when_due", False))]

    return calls


def _add(
    app: typer.Typer,
    name: str,
    text: str,
    options: Sequence[str],
    calls: "Callable[[dict[str, Any]], Sequence[StageCall]]",
    below: "Mapping[str, Callable[..., None]] | None" = None,
) -> None:
    """A command that does stages as one run. `calls` gives them, with the values of the options. `below`: commands under its name."""

    def command(context: typer.Context, env: str, run_date: datetime | None, accept: list[str] | None, **given: Any) -> None:
        if context.invoked_subcommand is not None:
            return
        values = given | ({"accept_deletes": given["accept_deletes"] or ()} if "accept_deletes" in given else {})
        run_command(name, env, lambda: calls(values), run_date, accept or (), values.get("workflow", ""))

    every = OF_ALL | {option: OPTIONS[option] for option in options}
    keyword = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("context", keyword, annotation=typer.Context)
    # typer reads a function's options from these.
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [context, *(inspect.Parameter(each, keyword, default=default, annotation=kind) for each, (kind, default) in every.items())]
    )
    command.__annotations__ = {"context": typer.Context, **{each: kind for each, (kind, _) in every.items()}}
    if not below:
        app.command(name, help=text)(command)
        return
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    group.callback(help=text)(command)
    for each, function in below.items():
        group.command(each)(function)
    app.add_typer(group, name=name)

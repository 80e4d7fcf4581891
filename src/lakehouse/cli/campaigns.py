"""`lakehouse campaigns`, and `lakehouse export verify`. Heavy libraries are imported inside the commands."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.campaign_results import results
from lakehouse.cli.command import DAY, Env, Format, print_answer
from lakehouse.inspect.text_tables import RowFormat

app = typer.Typer(
    no_args_is_help=True, help="Campaigns (conf/campaigns): which are due, who their packs reached and left out, what they added."
)
app.command()(results)


@app.command("list")
def list_all(
    env: Env = "local",
    run_date: Annotated[datetime | None, typer.Option(formats=DAY, help="Due on that date; default: today (UTC).")] = None,
    output: Format = RowFormat.TABLE,
) -> None:
    """All campaigns: channel, profile, whether a night of the date makes a pack, and the newest pack."""
    from lakehouse.inspect import campaigns

    day = run_date.date() if run_date else datetime.now(UTC).date()
    print_answer(campaigns.campaigns(env, day, output))


@app.command()
def show(name: Annotated[str, typer.Argument(help="The campaign.")], env: Env = "local", output: Format = RowFormat.TABLE) -> None:
    """Who the newest pack of a campaign left out: reason by reason, in the order in which they are looked at, and as a funnel."""
    from lakehouse.inspect import campaigns

    print_answer(campaigns.campaign(env, name, output))


def verify(
    pack: Annotated[Path, typer.Argument(help="The folder of a pack, or of a campaign: then the pack that latest.json names.")],
    profile: Annotated[str | None, typer.Option(help="Also hold it against the limits of this profile.")] = None,
) -> None:
    """Is a pack whole and as it was written, and does it fit its tool? Needs no lake and no settings of one; ends with 65 if not."""
    from lakehouse.errors import DataError
    from lakehouse.export.declared_campaigns import read_campaigns
    from lakehouse.export.verify import TAKE_ANOTHER, find_pack, problems

    chosen = None if profile is None else read_campaigns().profile(profile)
    folder = find_pack(pack)
    found = list(problems(folder, chosen, datetime.now(UTC)))
    for problem in found:
        typer.echo(f"problem  {problem}")
    if found:
        raise DataError(f"{folder} has {len(found)} problems", TAKE_ANOTHER)
    typer.echo(f"ok       {folder}")

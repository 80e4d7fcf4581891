"""`lakehouse campaigns results`. Heavy libraries are imported inside the command."""

from typing import Annotated

import typer

from lakehouse.cli.command import Env, Format, print_answer
from lakehouse.inspect.text_tables import RowFormat


def results(
    name: Annotated[
        str,
        typer.Argument(help="The campaign; * for the hold-out from all campaigns. Without: each campaign as a whole.", show_default=False),
    ] = "",
    wished: Annotated[
        float, typer.Option(help="The uplift that you would like to see, as a share: how many members does that take?")
    ] = 0.1,
    env: Env = "local",
    output: Format = RowFormat.TABLE,
) -> None:
    """What a campaign with a hold-out added: per member, by country, segment and list, how sure that is, and how long it takes to know."""
    from lakehouse.inspect.results import campaign_results

    told = campaign_results.results(env, name, wished, output) if name else campaign_results.overview(env, wished, output)
    print_answer(told)

"""`lakehouse audience`. Heavy libraries are imported inside the command."""

from typing import Annotated

import typer

from lakehouse.cli.command import Env, RunDate, run_task


def audience(
    product: Annotated[
        str, typer.Argument(help="As packs write it (product_key, nl-123), as nl:123, or an SKU that one product has.", metavar="PRODUCT")
    ],
    at_most: Annotated[
        int, typer.Option("-n", "--at-most", min=1, help="So many customers at most, those who are left out not counted.")
    ] = 10_000,
    country: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only customers of this country (ISO 3166-1, as NL). Repeatable.")
    ] = None,
    like: Annotated[
        str, typer.Option("--campaign", help="The pack has this campaign's channel, profile, purpose, languages, cap and hold-out.")
    ] = "email",
    env: Env = "local",
    run_date: RunDate = None,
) -> None:
    """A pack of the customers who are most likely to buy one product: for a deal, a surplus, something new.

    Customers are ranked by how often each is expected to buy it in the next 28 days: how much the customer buys, times the chance that
    the champion gives the product among all that may be shown. Who bought it before is ranked too. Consent, bounces, caps and hold-outs
    leave people out as in every campaign, and the next best take their places. Best first.

    The pack is in EXPORT_ROOT/audience_SHOP_PRODUCT_CAMPAIGN/, with a latest.json as those of campaigns; `lakehouse campaigns show
    audience_SHOP_PRODUCT_CAMPAIGN` tells who was left out, `lakehouse export verify` checks it. A second run on the same data makes
    nothing new.

    Examples: lakehouse audience nl-123 -n 500 --country NL --country BE;  lakehouse audience COFFEE-1KG --campaign push
    """
    from lakehouse.errors import ConfigError

    countries = [code.upper() for code in country or ()]
    if wrong := [code for code in countries if not (len(code) == 2 and code.isascii() and code.isalpha())]:
        raise ConfigError(f"{', '.join(wrong)} is no country", "give two letters of ISO 3166-1, as NL")
    from lakehouse.stages.audience.audience import audience as task

    typer.echo(run_task("audience", env, lambda run: task(run, product, at_most, countries, like), run_date))

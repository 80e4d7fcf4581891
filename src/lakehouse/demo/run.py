"""`lakehouse demo run`: the shop, one night, a day of trade, another night, what its campaigns added, and where to look."""

import csv
import json
import os
import time
from datetime import date
from pathlib import Path

import typer

from lakehouse.demo.next_day import live_next_day
from lakehouse.demo.reader import exports, make_reader
from lakehouse.demo.settings_folder import make_settings
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.server import start as start_server
from lakehouse.demo.store.shop import create_shop
from lakehouse.demo.vendor_files import write_files
from lakehouse.demo.world.truth import State, read_state
from lakehouse.experiment.words import WISHED_SHARE
from lakehouse.sources.mobile_app import INSTALLS, USERS

DATABASE = "shop"


def run(folder: Path, customers: int, products: int, days: int, seed: int, end: date, uplift: float) -> None:
    """Make what is missing, then two nights around a simulated day. A second run goes on from the day that the first one ended with.

    The first night is as of the shop's last day, so that its packs are there when the next day begins. Whom they reach comes more often by
    the share `uplift`.
    """
    begin = time.monotonic()
    server = start_server(folder / "mariadb")
    say(f"database on 127.0.0.1:{server.port}", begin)
    state = _shop(folder, server, customers, products, days, seed, end)
    variables = make_reader(folder, server, state)
    roots = {f"LAKEHOUSE_{name.upper()}_ROOT": str(folder / name) for name in ("drop", "outbox")}
    os.environ.update({**variables, **roots, "LAKEHOUSE_CONF": str(make_settings(folder))})
    nights = time.monotonic()
    # Messages need somebody's app; what else vendors send is for `lakehouse demo files`.
    write_files(folder / "drop", folder / "truth", state, only=(USERS, INSTALLS))
    _night(state.today)
    begin = time.monotonic()
    day, counts = live_next_day(folder, server, state, uplift)
    say(f"{day} happened in the shop: " + ", ".join(f"{kind} {count}" for kind, count in counts.items()), begin)
    _night(day)
    say("two nights and a day of trade", nights)
    _show(folder, variables, server, uplift)


def say(what: str, begin: float) -> None:
    """A step and what it took."""
    typer.echo(f"{time.monotonic() - begin:6.1f} s  {what}")


def _shop(folder: Path, server: Server, customers: int, products: int, days: int, seed: int, end: date) -> State:
    begin = time.monotonic()
    try:
        state = read_state(folder / "truth")
    except FileNotFoundError:
        truth = folder / "truth"
        create_shop(server, DATABASE, customers=customers, products=products, days=days, seed=seed, end=end, truth=truth)
        state = read_state(folder / "truth")
        say(f"shop made: {customers} customers, {products} products, {days} days until {end}", begin)
        return state
    say(f"shop there already, it is the evening of {state.today}", begin)
    return state


def _night(run_date: date) -> None:
    from lakehouse.io.config.settings import load_settings
    from lakehouse.runs.orchestrator import run_stages
    from lakehouse.runs.stage import calls_of_the_night

    begin = time.monotonic()
    run_stages(load_settings("demo"), "night", run_date, calls_of_the_night)
    say(f"night of {run_date}", begin)


def _show(folder: Path, variables: dict[str, str], server: Server, uplift: float) -> None:
    from lakehouse.inspect.results.campaign_results import overview

    campaign = Path(variables["LAKEHOUSE_EXPORT_ROOT"]) / "email"
    pack = campaign / json.loads((campaign / "latest.json").read_text(encoding="utf-8"))["pack"]
    typer.echo(f"\nCampaign file {pack / 'customers.csv'}, beside it manifest.json and _SUCCESS. Ten of its lines (addresses are made up):")
    with (pack / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:10]
        for row in rows:
            typer.echo(
                f"  {row['email']:<36} {row['first_name']:<10} {row['country_code']}  {row['product_name_1']} | {row['product_name_2']}"
            )
    typer.echo("\nLook further:")
    if needed := exports(folder, server, variables):
        typer.echo(f"  {needed}")
    typer.echo(f"  export LAKEHOUSE_ENV=demo LAKEHOUSE_CONF={folder / 'conf'}      the demo's own settings and campaigns")
    typer.echo("  .venv/bin/lakehouse tables      what there is")
    typer.echo('  .venv/bin/lakehouse sql "select * from gold.daily_sales order by sales_date desc limit 5"')
    typer.echo("  .venv/bin/lakehouse status      what the nights did")
    typer.echo("  .venv/bin/lakehouse campaigns show email      who gets the mail, and why others do not")
    typer.echo("  .venv/bin/lakehouse campaigns results email   the same by country, segment and list; docs/campaign-results.md")
    if rows:
        product = f"nl-{rows[0]['product_id_1']}"
        typer.echo(f"  .venv/bin/lakehouse audience {product} -n 100   a pack of those who are most likely to buy one product")
    typer.echo(
        f"  .venv/bin/mlflow ui --backend-store-uri {variables['LAKEHOUSE_TRACKING_URI']}      the trainings, on http://127.0.0.1:5000"
    )
    typer.echo("  .venv/bin/lakehouse demo stop   stops the shop's database; `make demo` starts it again")
    typer.echo(
        f"\nWhat the campaigns added until now. True is: whom they reach comes {uplift:.0%} more often. A day is too short to see it.\n"
    )
    typer.echo(overview("demo", WISHED_SHARE))

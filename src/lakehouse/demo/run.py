"""`lakehouse demo run`: the shop, one night, a day of trade, another night, and where to look."""

import csv
import json
import os
import time
from datetime import date, timedelta
from pathlib import Path

import typer

from lakehouse.demo.day.day import simulate_day
from lakehouse.demo.reader import exports, make_reader
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.server import start as start_server
from lakehouse.demo.store.shop import create_shop
from lakehouse.demo.world.truth import State, read_state

DATABASE = "shop"


def run(folder: Path, customers: int, products: int, days: int, seed: int, end: date) -> None:
    """Make what is missing, then two nights around a simulated day. A second run goes on from the day that the first one ended with."""
    begin = time.monotonic()
    server = start_server(folder / "mariadb")
    say(f"database on 127.0.0.1:{server.port}", begin)
    state = _shop(folder, server, customers, products, days, seed, end)
    variables = make_reader(folder, server, state)
    os.environ.update(variables)
    nights = time.monotonic()
    first = state.today + timedelta(days=1)
    _night(first)
    begin = time.monotonic()
    counts = simulate_day(server, state.database, day=first, seed=state.plan.seed, truth=folder / "truth")
    say(f"{first} happened in the shop: " + ", ".join(f"{kind} {count}" for kind, count in counts.items()), begin)
    second = first + timedelta(days=1)
    _night(second)
    say("two nights and a day of trade", nights)
    _show(folder, variables, server)


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


def _show(folder: Path, variables: dict[str, str], server: Server) -> None:
    campaign = Path(variables["LAKEHOUSE_EXPORT_ROOT"]) / "email"
    pack = campaign / json.loads((campaign / "latest.json").read_text(encoding="utf-8"))["pack"]
    typer.echo(f"\nCampaign file {pack / 'customers.csv'}, beside it manifest.json and _SUCCESS. Ten of its lines (addresses are made up):")
    with (pack / "customers.csv").open(encoding="utf-8", newline="") as file:
        for row in list(csv.DictReader(file))[:10]:
            typer.echo(
                f"  {row['email']:<36} {row['first_name']:<10} {row['country_code']}  {row['product_name_1']} | {row['product_name_2']}"
            )
    typer.echo("\nLook further:")
    if needed := exports(folder, server, variables):
        typer.echo(f"  {needed}")
    typer.echo("  export LAKEHOUSE_ENV=demo       the demo's own settings: conf/demo.yaml")
    typer.echo("  .venv/bin/lakehouse tables      what there is")
    typer.echo('  .venv/bin/lakehouse sql "select * from gold.daily_sales order by sales_date desc limit 5"')
    typer.echo("  .venv/bin/lakehouse status      what the nights did")
    typer.echo("  .venv/bin/lakehouse campaigns show email      who gets the mail, and why others do not")
    typer.echo(
        f"  .venv/bin/mlflow ui --backend-store-uri {variables['LAKEHOUSE_TRACKING_URI']}      the trainings, on http://127.0.0.1:5000"
    )
    typer.echo("  .venv/bin/lakehouse demo stop   stops the shop's database; `make demo` starts it again")

"""`lakehouse demo run`: the shop, one night, a day of trade, another night, and where to look."""

import csv
import os
import secrets
import time
from datetime import date, timedelta
from pathlib import Path

import typer

from lakehouse.demo.day.day import simulate_day
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.server import start as start_server
from lakehouse.demo.store.shop import create_reader, create_shop, tables_of
from lakehouse.demo.world.truth import State, read_state
from lakehouse.demo.world.variant import Store

DATABASE, READER, DEFAULT_PORT = "shop", "reader", 33306


def run(folder: Path, customers: int, products: int, days: int, seed: int, end: date) -> None:
    """Make what is missing, then two nights around a simulated day. A second run goes on from the day that the first one ended with."""
    begin = time.monotonic()
    server = start_server(folder / "mariadb")
    say(f"database on 127.0.0.1:{server.port}", begin)
    state = _shop(folder, server, customers, products, days, seed, end)
    variables = _reader(folder, server, state)
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
    _show(folder, second, variables, server)


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


def _reader(folder: Path, server: Server, state: State) -> dict[str, str]:
    """Give the read-only user exactly the declared columns; the variables under which this lake is found."""
    from lakehouse.sources.woocommerce.grants import grants
    from lakehouse.sources.woocommerce.stores import HPOS, LEGACY

    password_file = folder / "reader_password"
    if not password_file.exists():
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
    account = f"'{READER}'@'127.0.0.1'"
    statements = grants(state.database, state.prefix, account, LEGACY if state.store is Store.LEGACY else HPOS)
    there = tables_of(server, state.database)
    rights = [statement for table, statement in statements.items() if state.prefix + table in there]
    create_reader(server, state.database, READER, password_file.read_text(), rights)
    roots = {name: str(folder / name.removesuffix("_root")) for name in ("lake_root", "vault_root", "export_root")}
    variables = {f"LAKEHOUSE_{name.upper()}": root for name, root in roots.items()}
    variables["LAKEHOUSE_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    variables["LAKEHOUSE_SHOPS__NL__URL"] = f"jdbc:mysql://127.0.0.1:{server.port}/{state.database}"
    variables["LAKEHOUSE_SHOPS__NL__PASSWORD"] = f"file:{password_file}"
    return variables


def _night(run_date: date) -> None:
    from lakehouse.io.config.settings import load_settings
    from lakehouse.runs.orchestrator import run_stages
    from lakehouse.runs.stage import calls_of_the_night

    begin = time.monotonic()
    run_stages(load_settings("local"), "night", run_date, calls_of_the_night())
    say(f"night of {run_date}", begin)


def _show(folder: Path, run_date: date, variables: dict[str, str], server: Server) -> None:
    pack = Path(variables["LAKEHOUSE_EXPORT_ROOT"]) / "email" / run_date.isoformat()
    typer.echo(f"\nCampaign file {pack / 'customers.csv'}, beside it manifest.json and _SUCCESS. Ten of its lines (addresses are made up):")
    with (pack / "customers.csv").open(encoding="utf-8", newline="") as file:
        for row in list(csv.DictReader(file))[:10]:
            typer.echo(
                f"  {row['email']:<36} {row['first_name']:<10} {row['country_code']}  {row['product_name_1']} | {row['product_name_2']}"
            )
    typer.echo("\nLook further:")
    if server.port != DEFAULT_PORT or folder != Path(".demo"):
        typer.echo("  export " + " ".join(f"{name}={value}" for name, value in variables.items()) + "   # not where conf/local.yaml looks")
    typer.echo("  .venv/bin/lakehouse tables      what there is")
    typer.echo('  .venv/bin/lakehouse sql "select * from gold.daily_sales order by sales_date desc limit 5"')
    typer.echo("  .venv/bin/lakehouse status      what the nights did")
    typer.echo(
        f"  .venv/bin/mlflow ui --backend-store-uri {variables['LAKEHOUSE_TRACKING_URI']}      the trainings, on http://127.0.0.1:5000"
    )
    typer.echo("  .venv/bin/lakehouse demo stop   stops the shop's database; `make demo` starts it again")

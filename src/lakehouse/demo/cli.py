"""Commands around the demo shop: `lakehouse demo`. Heavy libraries are imported inside the commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.demo.world.variant import Charset, Store

DATABASE = "shop"
app = typer.Typer(
    no_args_is_help=True,
    help="A seeded WooCommerce shop in a private MariaDB, for trying the lakehouse without anybody's data.\n\n"
    "`run` does everything once. `shop` makes it, `day` lets the next day happen, `stop` and `start` its database. "
    "All of it is in one folder: delete that and it is gone.",
)
Folder = Annotated[Path, typer.Option(help="Where the database (`mariadb`) and what is true about the shop (`truth`) are kept.")]


Customers = Annotated[int, typer.Option(min=20, help="People who have joined by the end; a fifth more join in the year after.")]
Products = Annotated[int, typer.Option(min=20, help="Products that exist by the end; more are launched later, one a day.")]
Days = Annotated[int, typer.Option(min=30, help="Days of trade.")]
Seed = Annotated[int, typer.Option(help="The same seed and sizes give the same shop, row by row.")]
End = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day of trade.")]
Uplift = Annotated[
    float,
    typer.Option(min=0, max=10, help="Whom a campaign's pack reaches comes more often on the day after it, by this share; 0: no effect."),
]
LAST_DAY = datetime(2026, 11, 15)


@app.command()
def run(
    customers: Customers = 2000,
    products: Products = 400,
    days: Days = 365,
    seed: Seed = 7,
    end: End = LAST_DAY,
    uplift: Uplift = 0.2,
    folder: Folder = Path(".demo"),
) -> None:
    """All of it: the shop (if it is not there yet), a night, a day of trade, another night, what two campaigns added until then, and
    where to look. What `make demo` runs."""
    from lakehouse.demo.run import run as run_all

    run_all(folder, customers, products, days, seed, end.date(), uplift)


@app.command()
def shop(
    customers: Customers = 2000,
    products: Products = 400,
    days: Days = 365,
    seed: Seed = 7,
    end: End = LAST_DAY,
    folder: Folder = Path(".demo"),
    prefix: Annotated[str, typer.Option(help="Prefix of the shop's tables.")] = "wp_",
    store: Annotated[Store, typer.Option(help="Where orders are kept: own tables, posts, or own tables and stale posts.")] = Store.HPOS,
    charset: Annotated[Charset, typer.Option(help="How text is declared; with latin1 its bytes are UTF-8 all the same.")] = Charset.UTF8MB4,
) -> None:
    """Make a shop anew: people with tastes and rhythms, a catalogue, and all they bought. An older one in the folder is replaced."""
    from lakehouse.demo.reader import exports, make_reader
    from lakehouse.demo.store.server import start as start_server
    from lakehouse.demo.store.shop import create_shop
    from lakehouse.demo.world.truth import read_state

    with _step("database started"):
        server = start_server(folder / "mariadb")
    with _step(f"shop made: {customers} customers, {products} products, {days} days until {end:%Y-%m-%d}"):
        counts = create_shop(
            server,
            DATABASE,
            customers=customers,
            products=products,
            days=days,
            seed=seed,
            end=end.date(),
            prefix=prefix,
            truth=folder / "truth",
            store=store,
            charset=charset,
        )
        variables = make_reader(folder, server, read_state(folder / "truth"))
    typer.echo(f"{counts['wc_orders']} orders and refunds, {sum(counts.values())} rows; truth in {folder / 'truth'}")
    typer.echo(f"look around: mariadb --socket={server.socket} --user=root {DATABASE}   (for programs: 127.0.0.1:{server.port})")
    typer.echo("read it: .venv/bin/lakehouse night --env demo")
    if needed := exports(folder, server, variables):
        typer.echo(f"before that: {needed}")


@app.command()
def day(uplift: Uplift = 0.2, folder: Folder = Path(".demo")) -> None:
    """Let the next day happen: new orders, and changes of every kind to old ones (refunds, edits, deletions), to products and accounts.

    Campaigns have an effect if their packs, in the folder's `export`, are of the shop's last day: run the night as of that day before.
    """
    from lakehouse.demo.next_day import live_next_day
    from lakehouse.demo.store.server import start as start_server
    from lakehouse.demo.world.truth import read_state

    state = read_state(folder / "truth")
    with _step("database started"):
        server = start_server(folder / "mariadb")
    with _step(f"{state.today + timedelta(days=1)} happened"):
        _, counts = live_next_day(folder, server, state, uplift)
    typer.echo(", ".join(f"{kind} {count}" for kind, count in counts.items()))


@app.command()
def files(folder: Folder = Path(".demo")) -> None:
    """What the shop's vendors send on its last day: app users, orders, installations, price lists, bounces. One list is wrong."""
    from lakehouse.demo.vendor_files import write_files
    from lakehouse.demo.world.truth import read_state

    with _step(f"files written to {folder / 'drop'}"):
        counts = write_files(folder / "drop", folder / "truth", read_state(folder / "truth"))
    for name, rows in counts.items():
        typer.echo(f"  {name:<45} {rows} rows")
    typer.echo("To land them:")
    typer.echo(f"  export LAKEHOUSE_DROP_ROOT={folder / 'drop'} LAKEHOUSE_OUTBOX_ROOT={folder / 'outbox'}")
    typer.echo("  lakehouse ingest && lakehouse refresh && lakehouse feeds")


@app.command()
def defects(folder: Folder = Path(".demo")) -> None:
    """Spoil one row of the shop for each rule that its database can break, and say where each must turn up."""
    from lakehouse.demo.defects import plant
    from lakehouse.demo.store.server import start as start_server
    from lakehouse.demo.world.truth import read_state
    from lakehouse.errors import ConfigError

    state = read_state(folder / "truth")
    if state.store is Store.LEGACY:
        raise ConfigError("defects are planted in shops whose orders are in WooCommerce's own tables", "`lakehouse demo shop --store hpos`")
    for defect, number in plant(start_server(folder / "mariadb"), state.database, state.prefix):
        typer.echo(f"  {defect.rule:<28} row {number:<10} -> quarantine.{defect.table.replace('.', '__')}")
    on = f"--run-date {state.today + timedelta(days=1)}"
    typer.echo(f"To see them caught: lakehouse ingest --full {on} && lakehouse refresh {on}; lakehouse quarantine show")


@app.command()
def start(
    folder: Folder = Path(".demo"),
    port: Annotated[int | None, typer.Option(help="Without: the one of last time, else 33306 if free.")] = None,
) -> None:
    """Start the shop's database; one that runs already is left as it is."""
    from lakehouse.demo.store.server import start as start_server

    with _step("database started"):
        server = start_server(folder / "mariadb", port)
    typer.echo(f"127.0.0.1:{server.port}, socket {server.socket}")


@app.command()
def stop(folder: Folder = Path(".demo")) -> None:
    """Stop the shop's database; its data stays."""
    from lakehouse.demo.store.server import stop as stop_server

    with _step("database stopped"):
        stop_server(folder / "mariadb")


@contextmanager
def _step(what: str) -> Iterator[None]:
    begin = time.monotonic()
    yield
    typer.echo(f"{time.monotonic() - begin:6.1f} s  {what}")


if __name__ == "__main__":
    app()

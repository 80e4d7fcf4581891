"""The command `lakehouse backtest`. Heavy libraries are imported inside it."""

from pathlib import Path
from typing import Annotated

import typer

from lakehouse.cli.command import Env


def backtest(
    orders: Annotated[str, typer.Argument(help="Parquet or CSV (with a header) of order lines, of any shop or public data set.")],
    columns: Annotated[
        str,
        typer.Option(
            help="customer=…,product=…,order=…,time=…[,country=…][,weight=…]: names in the file. Time: a timestamp or a basket's number."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for lists.parquet, metrics.json, params.json.")],
    split_at: Annotated[
        str | None, typer.Option(help="Train before this date (or number of a basket); truth is what is bought in the window after it.")
    ] = None,
    window_days: Annotated[float, typer.Option(min=0, help="Length of that window, in days (or baskets).")] = 28,
    test: Annotated[str | None, typer.Option(help="Train on everything; truth is this file's customer and product.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Train on everything and judge nothing.")] = False,
    replay: Annotated[int, typer.Option(min=0, help="Judge each of the last N weeks, as of its first day.")] = 0,
    lists: Annotated[str, typer.Option(help="Lists to write.")] = "buy_again,discover,mixed",
    length: Annotated[int, typer.Option("-n", min=1, help="Places per list.")] = 50,
    customers: Annotated[
        str | None, typer.Option(help="A file with a column customer: lists and metrics for these only; all are learned from.")
    ] = None,
    keep_seen: Annotated[bool, typer.Option("--keep-seen", help="Let `discover` show what was bought before.")] = False,
    score_pairs: Annotated[str | None, typer.Option(help="A file with customer and product: their scores go to pairs.parquet.")] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Search for better parameters on a validation window inside the training data.")
    ] = False,
    env: Env = "local",
) -> None:
    """Recommend on your own orders with the nightly code, and judge it by what was bought next, beside simple baselines.

    One of --split-at, --test, --all and --replay. Parameters are those of conf/als.yaml; how a list's parts are weighed is fitted on a
    validation window inside the training data. As: lakehouse backtest orders.parquet --columns customer=c,product=p,order=o,time=t
    --split-at 2026-10-01 --out backtest
    """
    from lakehouse.backtest.backtest import Request, run

    given = [split_at is not None, test is not None, every, replay > 0]
    if sum(given) != 1:
        raise typer.BadParameter("give one of --split-at, --test, --all and --replay")
    request = Request(
        orders, columns, out, tuple(lists.split(",")), length, split_at, window_days, test, customers, keep_seen, score_pairs, tune, replay
    )
    typer.echo(run(request, env))

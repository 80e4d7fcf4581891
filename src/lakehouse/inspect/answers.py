"""The result of a query. DuckDB computes it if it is known to give the same rows as Spark; otherwise Spark does."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from lakehouse.errors import ConfigError
from lakehouse.io.delta.delta_files import UNREADABLE
from lakehouse.io.delta.spark_sql_here import SparkSqlHere
from lakehouse.lake import Lake, tables_in
from lakehouse.spark_sql import NotOnTheList

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ENGINES = ("auto", "spark", "duckdb")
# Settings of Spark SQL that change no row of a result. Any other setting may change one, and DuckDB knows nothing of it.
HARMLESS = (
    "adaptive.",
    "autoBroadcast",
    "broadcastTimeout",
    "catalog.spark_catalog",
    "codegen.",
    "execution.",
    "extensions",
    "files.",
    "optimizer.",
    "parquet.",
    "shuffle.",
    "sources.",
    "ui.",
    "warehouse.",
)
ZONE = "spark.sql.session.timeZone"


@dataclass(frozen=True)
class Answer:
    """`names` of the columns, and the rows. `why`: why Spark was needed; empty if DuckDB answered, or if Spark was asked for."""

    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    why: str = ""


def answer(lake: Lake, query: str, engine: str = "auto") -> Answer:
    """The result, by one of ENGINES; `auto` is DuckDB where it can, else Spark. A line on standard error says why Spark was needed.

    DataError (65) if the query names a table that is not published. ConfigError (2) if the engine can't answer the query.
    """
    if engine not in ENGINES:
        raise ConfigError(f"unknown engine {engine}", f"use one of {', '.join(ENGINES)}")
    for name in tables_in(query):
        lake.version(name)
    why = ""
    if engine != "spark":
        try:
            return in_duckdb(lake, query)
        except NotOnTheList as reason:
            why = str(reason)
    if engine == "duckdb":
        raise ConfigError(f"DuckDB does not answer this query, because {why}", "leave out --engine, or say --engine spark")
    if why:
        print(f"lakehouse: Spark answers this query, because {why}", file=sys.stderr)
    return collected(lake.sql(query), why)


def collected(frame: "DataFrame", why: str = "") -> Answer:
    """The rows of a frame, fetched to the driver. `why`: why Spark was needed."""
    return Answer(frame.columns, frame.collect(), why)


def in_duckdb(lake: Lake, query: str) -> Answer:
    """DuckDB's result. NotOnTheList says why Spark must be asked instead."""
    settings = {name: value for name, value in lake.settings.spark.items() if name.startswith("spark.sql.")}
    if settings.pop(ZONE, "UTC") != "UTC":
        raise NotOnTheList(f"the settings change {ZONE}")
    for name in settings:
        if not name.removeprefix("spark.sql.").startswith(HARMLESS):
            raise NotOnTheList(f"the settings have {name}")
    here = SparkSqlHere(partial(_opened, lake))
    found = here.translated(query)
    try:
        columns = here.answer(found).columns
        rows = [tuple(map(_as_collected, row)) for row in zip(*(column.to_pylist() for column in columns), strict=True)]
    except (*UNREADABLE, ValueError, OverflowError) as error:
        # The message is left out, because it may hold values of rows.
        raise NotOnTheList(f"DuckDB gave it up ({type(error).__name__})") from None
    return Answer(found.names, rows)


def _opened(lake: Lake, name: str) -> Any:
    if name not in tables_in(name):
        raise NotOnTheList(f"{name} is not the name of a table")
    table = lake.opened(name)
    if table is None:
        raise NotOnTheList(
            f"{name} is Spark's: it lies in an object store, has features of Delta that delta-rs does not read, or small_rows is 0"
        )
    return table


def _as_collected(value: Any) -> Any:
    """A value as Spark's `collect` gives it: times have the zone UTC, and decimals are read from text in engineering notation, in which
    0.00000001 is 10E-9."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return Decimal(value.to_eng_string()) if isinstance(value, Decimal) else value

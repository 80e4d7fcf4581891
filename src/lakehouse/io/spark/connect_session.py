"""A session of Spark Connect: its Spark is a server's, which SPARK_REMOTE names. Settings of its JVM are the server's own affair."""

import os
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, cast
from urllib.parse import urlsplit

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from lakehouse.errors import ConfigError, SourceAwayError

REMOTE = "SPARK_REMOTE"
DEFAULT_PORT, SECONDS_TO_ANSWER = 15002, 5
# What a server has decided before a session asks; every other property of Spark SQL is the session's.
STATIC = ("spark.sql.extensions", "spark.sql.catalog.", "spark.sql.warehouse.dir")
# Java's own name of its time zone, asked by a function of Spark SQL, since a client has no JVM to ask.
JAVA_ZONE = "SELECT reflect('java.time.ZoneId', 'systemDefault') AS zone"
UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z")


def is_asked_for() -> bool:
    """Whether this process is to work on a server. `SPARK_REMOTE=local` starts one of its own, which nobody needs here."""
    return os.environ.get(REMOTE, "").startswith("sc://")


def refuse_without_server() -> None:
    """ConfigError (2) if a client's libraries are missing; SourceAwayError (69) if nobody listens at SPARK_REMOTE.

    PySpark itself would try for ten minutes before it says so.
    """
    if missing := [name for name in ("grpc", "grpc_status", "zstandard") if find_spec(name) is None]:
        raise ConfigError(f"Spark Connect needs {', '.join(missing)}", "pip install -r requirements/connect.txt, or 'lakehouse[connect]'")
    address = urlsplit(os.environ[REMOTE])
    try:
        host, port = address.hostname or "localhost", address.port or DEFAULT_PORT
    except ValueError:
        raise ConfigError(f"{REMOTE} has no port that is a number", f"write it as sc://host:{DEFAULT_PORT}") from None
    try:
        socket.create_connection((host, port), SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise SourceAwayError(
            f"no server of Spark Connect answers at {host}:{port} ({error.strerror or type(error).__name__})",
            f"start it, or correct {REMOTE}; docs/operations.md has the command",
        ) from None


def session_options(settings: Mapping[str, str]) -> dict[str, str]:
    """Of Spark properties those that a session may still choose."""
    chosen = {name: value for name, value in settings.items() if name.startswith(("spark.sql.", "spark.databricks."))}
    return {name: value for name, value in chosen.items() if not name.startswith(STATIC)}


def refuse_other_zone(spark: SparkSession) -> None:
    """ConfigError (2) if the server's JVM does not run in UTC: it would read the shop's times in its own zone.

    Where the server forbids the question, as Databricks may, it is not asked.
    """
    try:
        row = spark.sql(JAVA_ZONE).first()
    except PySparkException:
        return
    if row is not None and row["zone"] not in UTC:
        raise ConfigError(
            f"the server of Spark Connect runs in {row['zone']}", "start it with -Duser.timezone=UTC, as conf/spark-defaults.conf does"
        )


def release(spark: SparkSession) -> None:
    """Give the session back: a server keeps what it cached until it is told, or for an hour. Safe to repeat.

    A server that is gone is not waited for, as PySpark would for ten minutes at the end of a process.
    """
    # The stubs know the client of a classic session, which has none.
    cast("Any", spark).client.set_retry_policies([])
    spark.stop()

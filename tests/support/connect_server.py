"""A server of Spark Connect on this machine, for tests: sessions talk to it over gRPC and have no JVM of their own."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyspark

CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
SECONDS_TO_START, SECONDS_TO_STOP = 90, 20
# The workers of `mapInArrow` unpickle functions of this package.
SOURCES, JARS = (Path(__file__).parents[2] / name for name in ("src", "jars"))
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def connect_server(folder: Path, properties: Mapping[str, str]) -> Iterator[str]:
    """A server on loopback with these Spark properties; gives its address for SPARK_REMOTE. It is gone afterwards.

    It is gone too when the process that started it is killed. What it says is in `server.log` in the folder.
    """
    port = _free_port()
    own = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.jars": ",".join(map(str, sorted(JARS.glob("*.jar")))),
        "spark.local.dir": str(folder / "scratch"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    options = [part for name, value in {**properties, **own}.items() for part in ("--conf", f"{name}={value}")]
    command = [str(Path(pyspark.__path__[0]) / "bin" / "spark-submit"), "--class", CLASS, "--name", "lakehouse tests", *options]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), cwd=folder, preexec_fn=_die_with_parent
        )
    try:
        _wait_until_it_answers(server, port, folder / "server.log")
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _environment() -> dict[str, str]:
    """Without what would make the server itself a client of another one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_", "LAKEHOUSE_"))}
    home = {"SPARK_HOME": pyspark.__path__[0], "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    return kept | home | {"PYTHONPATH": str(SOURCES), "TZ": "UTC"}


def _die_with_parent() -> None:
    """Linux ends the server, which spark-submit becomes, when the thread that started it is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server of Spark Connect does not answer; it said:\n{log.read_text(errors='replace')[-2000:]}")

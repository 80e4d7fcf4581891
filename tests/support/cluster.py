"""A real standalone cluster of Spark on loopback: a master and workers, each a process of its own, started by Spark's own classes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
# The launcher asks for `python3`: the one that has the packages comes first.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SPARK_HOME": str(SPARK_HOME)}
ENVIRONMENT |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


@dataclass(frozen=True)
class Cluster:
    """Its address for --master, and its workers."""

    url: str
    workers: Sequence["subprocess.Popen[bytes]"]

    def executors(self) -> list[int]:
        """Process ids: executors are children of their worker."""
        parents = ",".join(str(worker.pid) for worker in self.workers)
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", parents], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def kill_executors(self) -> int:
        """All of them at once, as a machine that loses its power; how many that were."""
        pids = self.executors()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)


@contextmanager
def standalone(folder: Path, workers: int = 1, cores: int = 2, memory: str = "2g") -> Iterator[Cluster]:
    """A master with so many workers of so many cores each, which are registered; all are gone afterwards."""
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(_running(folder / "master.log", ["org.apache.spark.deploy.master.Master", *_common(), "--port", str(port)]))
        wait_for(folder / "master.log", "I have been elected leader")
        limits = ["--cores", str(cores), "--memory", memory]
        commands = [
            ["org.apache.spark.deploy.worker.Worker", *_common(), *limits, "--work-dir", str(folder / f"work-{number}"), url]
            for number in range(workers)
        ]
        processes = [stack.enter_context(_running(folder / f"worker-{n}.log", command)) for n, command in enumerate(commands)]
        wait_for(folder / "master.log", "Registering worker", times=workers)
        yield Cluster(url, processes)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(log: Path, words: str, times: int = 1) -> None:
    """Half a minute at most."""
    for _ in range(60):
        if log.read_text().count(words) >= times:
            return
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-2000:])


def _common() -> list[str]:
    return ["--host", "127.0.0.1", "--webui-port", str(free_port())]


@contextmanager
def _running(log: Path, command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("w") as output:
        process = subprocess.Popen([str(SPARK_HOME / "bin" / "spark-class"), *command], env=ENVIRONMENT, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)

"""What nights cost besides their rows, as multiples of `lakehouse doctor`: python benchmarks/overhead.py --help

Wall time and processor seconds of all processes that a command starts. The yardstick starts a session and asks a shop; give a checkout
of an older version with --yardstick, so that figures of different versions and machines compare. Nights run one after the other on a
demo shop that is made for this: the first one, the same run date again, the next run date, and the one after a day of trade.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
LAST_DAY = date(2026, 11, 15)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of one command: seconds by the clock, seconds of processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Work:
    """What Spark did in one night. `scans`: queries that read files.

    `running`: seconds in which a job ran; `planning`: in which a query was at work without one.
    """

    jobs: int
    queries: int
    scans: int
    running: float
    planning: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--yardstick", type=Path, default=ROOT, help="checkout whose `doctor` is 1; default: this one")
    parser.add_argument("--turns", type=int, default=3, help="how often each command without effect is run; the median counts")
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--products", type=int, default=400)
    parser.add_argument("--without-training", action="store_true", help="no night trains")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.without_training)
        bench.make_shop(options.customers, options.products)
        try:
            doctor = bench.yardstick(options.yardstick, options.turns)
            print(f"{'doctor':<34} {doctor.wall:6.1f} s {doctor.cpu:6.1f} CPU s   1.0 x   1.0 x")
            bench.report("first night", [bench.night(1)], doctor)
            bench.report("no change, the same run date", [bench.night(1) for _ in range(options.turns)], doctor)
            bench.report("no change, the next run date", [bench.night(day) for day in range(2, 2 + options.turns)], doctor)
            bench.command("demo", "day", "--folder", folder)
            bench.report("after a day of trade", [bench.night(2 + options.turns)], doctor)
        finally:
            bench.command("demo", "stop", "--folder", folder)


class Bench:
    """A demo shop, its lake, and commands on it as processes of their own."""

    def __init__(self, folder: Path, without_training: bool) -> None:
        self._folder, self._events, self._works = folder, folder / "events", list[Work]()
        self._events.mkdir()
        self._environment = {
            **os.environ,
            "LAKEHOUSE_ENV": "demo",
            "LAKEHOUSE_TRAIN_EVERY_DAYS": "10000",
            **{f"LAKEHOUSE_{name.upper()}_ROOT": str(folder / name) for name in ("lake", "vault", "export")},
            "LAKEHOUSE_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        }
        self._night = "from lakehouse.stages import train\ntrain.due = lambda run: ''\n" if without_training else ""

    def make_shop(self, customers: int, products: int) -> None:
        """And the account that reads it."""
        code = (
            "import sys\nfrom pathlib import Path\nfrom lakehouse.demo import run\n"
            "from lakehouse.demo.reader import make_reader\nfrom lakehouse.demo.store.server import start\n"
            f"folder = Path({str(self._folder)!r})\nserver = start(folder / 'mariadb')\n"
            f"state = run._shop(folder, server, {customers}, {products}, 365, 7, run.date.fromisoformat('{LAST_DAY}'))\n"
            "print('\\n'.join(f'{name}={value}' for name, value in make_reader(folder, server, state).items()))"
        )
        made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT, env=self._environment)
        for line in made.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith("LAKEHOUSE_SHOPS"):
                self._environment[name] = value

    def yardstick(self, checkout: Path, turns: int) -> Cost:
        environment = {**self._environment, "PYTHONPATH": str(checkout / "src")}
        command = [sys.executable, "-c", "from lakehouse.cli import main; main()", "doctor"]
        # In its own folder, where its settings are.
        return _median([_run(command, checkout, environment) for _ in range(turns)])

    def night(self, days: int) -> Cost:
        """Of a run date so many days after the shop's last day; what Spark did in it is kept for the report."""
        spark = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": self._events.as_uri(), "spark.eventLog.compress": "false"}
        environment = {**self._environment, "LAKEHOUSE_SPARK": json.dumps(spark)}
        command = f"{self._night}from lakehouse.cli import main; main()"
        cost = _run([sys.executable, "-c", command, "night", "--run-date", str(LAST_DAY + timedelta(days))], ROOT, environment)
        newest = max(self._events.iterdir(), key=lambda path: path.stat().st_mtime, default=None)
        self._works.append(_work(newest) if newest else Work(0, 0, 0, 0, 0))
        return cost

    def command(self, *arguments: str) -> None:
        command = [sys.executable, "-c", "from lakehouse.cli import main; main()", *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=self._environment)

    def report(self, name: str, costs: list[Cost], doctor: Cost) -> None:
        cost, work = _median(costs), self._works[-1]
        ratios = f"{cost.wall / doctor.wall:5.1f} x {cost.cpu / doctor.cpu:5.1f} x"
        waiting = max(cost.wall - work.running - work.planning, 0)
        did = f"{work.jobs} jobs, {work.queries} queries, {work.scans} of them read files"
        where = f"{work.running:.0f} s running, {work.planning:.0f} s planning, {waiting:.0f} s neither"
        print(f"{name:<34} {cost.wall:6.1f} s {cost.cpu:6.1f} CPU s {ratios}   {did}; {where}")


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Children that are not waited for (the JVM) count as well: processor time is read from /proc while they live."""
    started, seen = time.monotonic(), dict[int, float]()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        while process.poll() is None:
            seen |= dict(_descendants(process.pid, set(seen)))
            time.sleep(0.05)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{' '.join(command[3:])} ended with {process.returncode}: {''.join(told.readlines()[-3:])}")
    return Cost(time.monotonic() - started, sum(seen.values()))


def _descendants(root: int, known: set[int]) -> Iterator[tuple[int, float]]:
    """(process, processor seconds) of a process and of all that it started, directly or not."""
    family = {root, *known}
    for entry in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            parts = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry in family or int(parts[1]) in family:
            family.add(entry)
            yield entry, (int(parts[11]) + int(parts[12])) / TICKS


def _work(log: Path) -> Work:
    """From Spark's own log of events."""
    files = [log] if log.is_file() else sorted(log.glob("events_*"))
    # The JVM goes with its driver, perhaps in the middle of the last line; texts in between may hold any other sign that ends lines.
    lines = [line for file in files for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    events = [json.loads(line) for line in lines]
    jobs = _intervals(events, "SparkListenerJobStart", "SparkListenerJobEnd", "Job ID", "Submission Time", "Completion Time")
    sql = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"
    queries = _intervals(events, f"{sql}Start", f"{sql}End", "executionId", "time", "time")
    running = _covered(jobs)
    read = sum("FileScan" in json.dumps(event.get("sparkPlanInfo", "")) for event in events if event["Event"] == f"{sql}Start")
    return Work(len(jobs), len(queries), read, running, max(_covered(queries) - running, 0))


def _intervals(events: list[dict], start: str, end: str, key: str, begun: str, done: str) -> list[tuple[float, float]]:  # type: ignore[type-arg]
    begins = {event[key]: event[begun] / 1000 for event in events if event["Event"] == start}
    return [(begins[event[key]], event[done] / 1000) for event in events if event["Event"] == end and event[key] in begins]


def _covered(intervals: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of them was open."""
    total, until = 0.0, 0.0
    for begin, end in sorted(intervals):
        total += max(end - max(begin, until), 0)
        until = max(until, end)
    return total


if __name__ == "__main__":
    main()

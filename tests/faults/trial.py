"""One disturbed night, a plain night after it, and what differs then from an undisturbed one."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tests.faults.buckets import bucket_breaks
from tests.faults.compare import differences
from tests.faults.full_disk import FullDisk, in_own_namespace
from tests.faults.site import LIMIT, Night, Site, Start, open_site
from tests.support.tcp_proxy import Fault, TcpProxy

Kind = Literal["time", "line", "border", "lost", "database", "full", "twice", "bucket"]


@dataclass(frozen=True)
class Trial:
    """`where`: what the kind needs to know: a share of the night's time, a number of a line or border, a place, a fault."""

    name: str
    kind: Kind
    start: Start
    where: str


@dataclass(frozen=True)
class Result:
    """`problems`: what is wrong, in words; none: the trial passed. `log`: what the disturbed night said."""

    disturbed: int
    seconds: float
    problems: list[str]
    log: str


def run(site: Site, trial: Trial) -> Result:
    """The whole trial. The work folder is left as it is, to be looked at."""
    begin = time.monotonic()
    site.begin(trial.start)
    if trial.kind == "full":
        night, problems = _full_disk(site, trial)
    elif trial.kind == "bucket":
        night, problems = bucket_breaks(site, trial.start, trial.where)
    else:
        night, problems = DISTURBANCES[trial.kind](site, trial)
        problems = problems + _mended(site, trial)
    return Result(night.code, time.monotonic() - begin, problems, night.log)


def run_where_it_may_mount(site: Site, trial: Trial) -> Result:
    """The same in a process of its own."""
    return Result(**json.loads(in_own_namespace("-m", __name__, str(site.folder), json.dumps(asdict(trial)))))


def _mended(site: Site, trial: Trial) -> list[str]:
    """What is wrong after a plain night."""
    # What a killed process has in its scratch folder nobody needs; it is the system's to clear.
    shutil.rmtree(site.work / "tmp", ignore_errors=True)
    night = site.night(trial.start)
    if night.code != 0:
        return [f"the plain night after it ended with {night.code}: {night.last_line}"]
    return differences(site.work, site.reference(trial.start))


def _killed_in_time(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    wait = float(trial.where) * site.facts(trial.start)["seconds"]
    begin = time.monotonic()
    process = site.start_night(trial.start)
    killer = threading.Timer(wait, _kill, [process])
    killer.start()
    log = process.communicate(timeout=LIMIT)[1]
    killer.cancel()
    return Night(process.returncode, log, time.monotonic() - begin), []


def _killed_at_a_line(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    """`where`: which line, or the last one."""
    numbers = itertools.count(1)
    return killed_when(site.start_night(trial.start), lambda _: next(numbers) == int(trial.where)), []


def killed_when(process: "subprocess.Popen[str]", is_now: Callable[[str], bool], delay: float = 0) -> Night:
    """Let the night go on until it says a line for which `is_now` holds, and so many seconds more; then kill all of it."""
    begin = time.monotonic()
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if is_now(line):
            time.sleep(delay)
            _kill(process)
    process.wait(LIMIT)
    return Night(process.returncode, "".join(lines), time.monotonic() - begin)


def _kill(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _killed_at_a_border(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    night = site.night(trial.start, fault=f"kill:{trial.where}")
    return night, [] if night.code == -signal.SIGKILL else [f"the border was not reached: {night.code} {night.last_line}"]


def _answer_lost(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    night = site.night(trial.start, fault=f"lost:{trial.where}")
    return night, [] if night.last_line.startswith("lakehouse: error") or night.code == 0 else [f"no last line, code {night.code}"]


def _database_breaks(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    """`where`: fault:after:victims."""
    fault, after, victims = trial.where.split(":")
    faults: dict[str, Fault] = {"cut": "cut", "reset": "reset", "stall": "blackhole"}
    with TcpProxy(site.server.port) as proxy:
        proxy.fail(faults[fault], int(after), int(victims))
        night = site.night(trial.start, port=proxy.port)
    return night, [] if night.code in (0, 69) else [f"ended with {night.code}, not 0 or 69: {night.last_line}"]


def _two_at_once(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    """`where`: seconds between the starts. One works, the other is told 75 in five seconds."""
    begin = time.monotonic()
    processes = [site.start_night(trial.start)]
    time.sleep(float(trial.where))
    second = time.monotonic()
    processes.append(site.start_night(trial.start))
    took: dict[int, float] = {}
    logs: dict[int, str] = {}

    def wait(number: int, since: float) -> None:
        logs[number] = processes[number].communicate(timeout=LIMIT)[1]
        took[number] = time.monotonic() - since

    waiting = [threading.Thread(target=wait, args=[number, since]) for number, since in enumerate((begin, second))]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    codes = [process.returncode for process in processes]
    refused = codes.index(75) if 75 in codes else 0
    night = Night(75, logs[refused], took[refused])
    if sorted(codes) != [0, 75]:
        return night, [f"two nights ended with {codes}, not 0 and 75"]
    return night, [] if took[refused] <= 5 else [f"the second was told 75 after {took[refused]:.1f} s only"]


def _full_disk(site: Site, trial: Trial) -> tuple[Night, list[str]]:
    """`where`: place:free bytes."""
    place, free = trial.where.split(":")
    with FullDisk(site.work / place) as disk:
        site.fill(place, trial.start)
        disk.leave(int(free))
        night = site.night(trial.start)
        disk.make_room()
        wrong = [] if night.code in (0, 73) else [f"ended with {night.code}, not 73: {night.last_line}"]
        wrong += [] if "Traceback" not in night.log else ["a traceback on stderr"]
        return night, wrong + _mended(site, trial)


DISTURBANCES: dict[str, Callable[[Site, Trial], tuple[Night, list[str]]]] = {
    "time": _killed_in_time,
    "line": _killed_at_a_line,
    "border": _killed_at_a_border,
    "lost": _answer_lost,
    "database": _database_breaks,
    "twice": _two_at_once,
}

if __name__ == "__main__":
    _folder, _trial = sys.argv[1:]
    print(json.dumps(asdict(run(open_site(Path(_folder)), Trial(**json.loads(_trial))))))

"""A night that is killed again and again ends like one that was not. `make faults` does the same with every kind of fault."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from tests.conftest import SPARK
from tests.faults.compare import differences
from tests.faults.trial import killed_when
from tests.support.demo_lake import DemoLake, copy_of, lake_for
from tests.support.demo_shop import make_shop

from lakehouse.demo.store.server import Server

# A sample is in test_night.py.
pytestmark = [pytest.mark.spark, pytest.mark.database, pytest.mark.slow]
SEED = 7
NIGHT = ("night", "--run-date", "2026-11-17")


@pytest.mark.parametrize("kills", [1, 5])
def test_a_night_killed_again_and_again_and_run_once_more_gives_what_an_undisturbed_one_does(
    demo_lake: DemoLake, server: Server, tmp_path: Path, kills: int
) -> None:
    shop = make_shop(server, "killed", tmp_path / "truth")  # the same seed: row by row the shop of demo_lake
    undisturbed, killed = (copy_of(demo_lake, lake_for(shop, tmp_path / name)) for name in ("undisturbed", "killed"))
    shop.live_day(date(2026, 11, 16))
    before = ends(killed)
    code, log = undisturbed.command(*NIGHT)
    assert code == 0, log
    steps = [line.split()[1] for line in log.splitlines() if "(" in line and " rows, " in line]
    rng = random.Random(SEED)
    for number in sorted(rng.sample(range(len(steps)), kills)):
        delay = rng.choice((0, rng.random()))
        print(f"seed {SEED}: killed {delay:.2f} s after {steps[number]}")
        night = killed_when(start_night(killed), lambda line, name=steps[number]: name in line, delay)  # type: ignore[misc]
        assert night.code == -9, night.log

    code, log = killed.command(*NIGHT)

    assert code == 0, log
    assert differences(killed.folder, undisturbed.folder) == []
    assert ends(killed) - before == Counter(started=kills + 1, abandoned=kills, succeeded=1)


def ends(lake: DemoLake) -> Counter[str]:
    """How many runs have which status. Other tests may have run something on the lake that this one is a copy of."""
    question = "select status, count(*) n from ops.runs where step = '' group by status"
    rows = [json.loads(line) for line in lake.output("sql", question, "--format", "json").splitlines()]
    return Counter({row["status"]: row["n"] for row in rows})


def start_night(lake: DemoLake) -> "subprocess.Popen[str]":
    """In a process group of its own, on the settings of the tests' session."""
    environment = {**os.environ, **lake.environment, "LAKEHOUSE_SPARK": json.dumps(SPARK), "TMPDIR": str(lake.folder)}
    return subprocess.Popen(
        [sys.executable, "-c", "from lakehouse.cli import main; main()", *NIGHT],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

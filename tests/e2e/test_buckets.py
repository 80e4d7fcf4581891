"""Nights whose lake, vault and exports are in buckets end as those on a disk do, also after one on a bad day of the network.

`make faults KINDS=bucket` tries more of them.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from tests.conftest import SPARK
from tests.faults.compare import differences
from tests.support.buckets import LEASE_SECONDS, Buckets, skip_without_jars
from tests.support.demo_lake import DemoLake, copy_of, lake_for
from tests.support.demo_shop import make_shop
from tests.support.s3_proxy import Fault, S3Proxy
from tests.support.s3_server import s3_server

from lakehouse.demo.store.server import Server

pytestmark = [pytest.mark.spark, pytest.mark.database, pytest.mark.slow]
NIGHT = ("night", "--run-date", "2026-11-17")


@dataclass(frozen=True)
class Scene:
    """A lake before a night, and the same lake after it, both on a disk; and buckets."""

    before: DemoLake
    after: DemoLake
    buckets: Buckets

    def lake_in_buckets(self, folder: Path) -> DemoLake:
        """As before the night. What is not in buckets is in the folder."""
        lake = copy_of(self.before, DemoLake(self.before.shop, folder, _moved(self.before, folder)))
        self.buckets.fill(folder)
        return lake

    def run(self, lake: DemoLake, address: str | None = None) -> "subprocess.CompletedProcess[str]":
        """The night, in a process of its own, on the settings of the tests' session. `address`: another door to the buckets."""
        own = {"LAKEHOUSE_PSEUDONYM_KEY": f"file:{lake.folder / 'vault.key'}", "TMPDIR": str(lake.folder)}
        variables = {**os.environ, **lake.environment, **self.buckets.environment(address), **own, "LAKEHOUSE_SPARK": json.dumps(SPARK)}
        command = [sys.executable, "-c", "from lakehouse.cli import main; main()", *NIGHT]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    def differences(self, lake: DemoLake) -> list[str]:
        self.buckets.bring_back(lake.folder)
        return differences(lake.folder, self.after.folder)


def _moved(lake: DemoLake, folder: Path) -> dict[str, str]:
    return {name: value.replace(str(lake.folder), str(folder)) for name, value in lake.environment.items()}


@pytest.fixture(scope="module")
def scene(demo_lake: DemoLake, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    skip_without_jars()
    folder = tmp_path_factory.mktemp("buckets")
    shop = make_shop(server, "buckets", folder / "truth")  # the same seed: row by row the shop of demo_lake
    before, after = (copy_of(demo_lake, lake_for(shop, folder / name)) for name in ("before", "after"))
    shop.live_day(date(2026, 11, 16))
    code, log = after.command(*NIGHT)
    assert code == 0, log
    with s3_server() as address:
        yield Scene(before, after, Buckets(address))


def test_a_night_in_three_buckets_makes_what_one_on_a_disk_makes_and_a_second_one_nothing(scene: Scene, tmp_path: Path) -> None:
    lake = scene.lake_in_buckets(tmp_path)
    for word in ("customers in s3a://export/export/email/2026-11-17", "stands: it was made from the same"):
        night = scene.run(lake)
        assert night.returncode == 0, night.stderr
        assert word in night.stderr
    assert scene.differences(lake) == []


@pytest.mark.parametrize(
    ("fault", "after", "victims", "ends"),
    [
        ("unavailable", 700, 1_000_000, {69, 75}),
        ("lost", 400, 40, {0, 69, 75}),
        ("truncated", 200, 20, {0, 69, 75}),
    ],
)
def test_after_a_bad_day_a_plain_night_ends_as_an_undisturbed_one(
    scene: Scene, tmp_path: Path, fault: Fault, after: int, victims: int, ends: set[int]
) -> None:
    lake = scene.lake_in_buckets(tmp_path)
    with S3Proxy(scene.buckets.address) as proxy:
        proxy.fail(fault, after, victims)
        night = scene.run(lake, proxy.address)
        assert proxy.victims, f"only {proxy.requests} requests were made"
    assert night.returncode in ends, night.stderr
    assert "Traceback" not in night.stderr
    if night.returncode:
        time.sleep(LEASE_SECONDS + 3)  # what was away could not take the lock back
    plain = scene.run(lake)
    assert plain.returncode == 0, plain.stderr
    assert scene.differences(lake) == []

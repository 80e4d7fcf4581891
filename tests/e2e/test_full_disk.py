"""A lake on a disk without room: 73 and one clear line; with room again a plain re-run does it all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import SPARK
from tests.faults.full_disk import UNSHARE, can_mount
from tests.support.demo_lake import DemoLake, lake_for

pytestmark = [pytest.mark.spark, pytest.mark.database]
# In a namespace of its own, where it may mount. One process for both runs: starting Spark is most of the time.
SCRIPT = """
import sys
from pathlib import Path
from lakehouse.cli import main
from tests.faults.full_disk import FullDisk

def ingest():
    try:
        main(["ingest", "--run-date", "2026-11-16"])
    except SystemExit as stop:
        return stop.code
    return 0

lake = Path(sys.argv[1])
with FullDisk(lake) as disk:
    disk.leave(int(sys.argv[2]))
    print("full", ingest(), (lake / "ops" / "publications").exists(), flush=True)
    disk.make_room()
    print("room", ingest(), (lake / "ops" / "publications").exists(), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="neither root nor allowed to make a namespace")
def test_a_full_disk_is_73_publishes_nothing_and_heals_when_there_is_room_again(demo_lake: DemoLake, tmp_path: Path) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    (tmp_path / "lake").mkdir()
    environment = {**os.environ, **lake.environment, "LAKEHOUSE_SPARK": json.dumps(SPARK)}
    command = [*UNSHARE, sys.executable, "-c", SCRIPT, str(tmp_path / "lake"), "400000"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.stdout.splitlines() == ["full 73 False", "room 0 True"], found.stderr
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("lakehouse: error")]
    assert line.startswith("lakehouse: error 73 at ") and "no space left" in line and "make room" in line
    assert "Traceback" not in found.stderr

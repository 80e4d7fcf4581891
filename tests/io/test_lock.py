"""The lock between real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.errors import BusyError, ConfigError, WriteError
from lakehouse.io.lock import lake_lock

HOLD = """
import sys, time
from lakehouse.io.lock import lake_lock
with lake_lock(sys.argv[1], "file"):
    print("held", flush=True)
    time.sleep(60)
"""
TRY = """
import sys
from lakehouse.errors import LakehouseError
from lakehouse.io.lock import lake_lock
try:
    with lake_lock(sys.argv[1], "file"):
        pass
except LakehouseError as error:
    sys.exit(error.exit_code)
"""


def test_a_second_process_is_told_75_until_the_first_is_gone_even_if_it_was_killed(tmp_path: Path) -> None:
    lake = str(tmp_path / "not yet there" / "lake")
    with subprocess.Popen([sys.executable, "-c", HOLD, lake], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            assert subprocess.run([sys.executable, "-c", TRY, lake], check=False).returncode == 75
        finally:
            holder.kill()
            holder.wait()
    with lake_lock(lake, "file"):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lake_lock(str(tmp_path), "file"):
        raise ZeroDivisionError
    with lake_lock(str(tmp_path), "file"), pytest.raises(BusyError), lake_lock(str(tmp_path), "file"):
        pytest.fail("two held the lock")


def test_two_lakes_have_two_locks(tmp_path: Path) -> None:
    with lake_lock(str(tmp_path / "a"), "file"), lake_lock(str(tmp_path / "b"), "file"):
        assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_without_a_lock_nothing_is_held_or_made(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with lake_lock(str(lake), "none"), lake_lock(str(lake), "none"):
        assert not lake.exists()


def test_a_lock_file_needs_a_local_lake() -> None:
    with pytest.raises(ConfigError) as caught, lake_lock("s3://bucket/lake", "file"):
        pytest.fail("held a lock that protects nobody")
    assert caught.value.exit_code == 2


def test_a_lake_that_cannot_be_written_is_told_73(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError) as caught, lake_lock(str(tmp_path / "file"), "file"):
        pytest.fail("held a lock on a file")
    assert caught.value.exit_code == 73

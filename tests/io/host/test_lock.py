"""The lock between real processes."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lakehouse.errors import BusyError, ConfigError, WriteError
from lakehouse.io.host.lock import A_QUESTION, is_held, lake_lock

HOLD = """
import sys, time
from lakehouse.io.host.lock import A_QUESTION, is_held, lake_lock
with lake_lock(sys.argv[1], "file"):
    print("held", flush=True)
    time.sleep(60)
"""
TRY = """
import sys
import threading
from lakehouse.errors import LakehouseError
from lakehouse.io.host.lock import A_QUESTION, is_held, lake_lock
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


def test_a_run_that_starts_while_somebody_asks_gets_the_lock(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    with (tmp_path / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        asked = threading.Timer(A_QUESTION / 4, fcntl.flock, (file, fcntl.LOCK_UN))
        asked.start()
        with lake_lock(str(tmp_path), "file"):
            assert is_held(str(tmp_path), "file")
        asked.join()
    assert not is_held(str(tmp_path), "file")


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


def test_a_second_run_is_told_75_before_it_imports_what_is_heavy(tmp_path: Path) -> None:
    code = """
import sys, time
from lakehouse.cli import main
try:
    main(["night"])
except SystemExit as stop:
    print(stop.code, [name for name in ("mlflow", "pandas", "lakehouse.runs.orchestrator", "lakehouse.flow") if name in sys.modules])
"""
    access = {"URL": "jdbc:mysql://127.0.0.1:1/none", "USER": "nobody", "PASSWORD": "env:NONE"}
    own = {f"LAKEHOUSE_{name.upper()}_ROOT": str(tmp_path / name) for name in ("lake", "vault", "export")}
    own |= {f"LAKEHOUSE_SHOPS__NL__{name}": value for name, value in access.items()}
    with lake_lock(str(tmp_path / "lake"), "file"):
        found = subprocess.run([sys.executable, "-c", code], env={**os.environ, **own}, capture_output=True, text=True, check=True)
    assert found.stdout == "75 []\n", found.stderr
    assert not (tmp_path / "vault").exists()

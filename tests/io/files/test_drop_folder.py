"""What counts as arrived in the drop folder."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse.io.files.drop_folder import Arrival, Changing, LocalDrop

NOW = datetime.now(UTC) + timedelta(days=1)  # later than any test of this run


def drop(root: Path, name: str, changed: datetime) -> Path:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a,b\n1,2\n")
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    return path


def found(root: Path) -> dict[str, Arrival]:
    return {arrival.name: arrival for arrival in LocalDrop(root).arrivals(NOW)}


def test_a_file_is_there_a_minute_after_its_last_change_and_never_while_its_name_says_unfinished(tmp_path: Path) -> None:
    drop(tmp_path, "s/settled.csv", NOW - timedelta(seconds=60))
    drop(tmp_path, "s/fresh.csv", NOW - timedelta(seconds=59))
    drop(tmp_path, "s/a.csv.part", NOW - timedelta(days=1))
    drop(tmp_path, "s/a.csv.tmp", NOW - timedelta(days=1))
    assert list(found(tmp_path)) == ["settled.csv"]


def test_a_date_in_the_future_does_not_hide_a_file(tmp_path: Path) -> None:
    drop(tmp_path, "s/future.csv", NOW + timedelta(days=400))
    assert found(tmp_path)["future.csv"].arrived_at < NOW


def test_arrival_is_when_it_came_here_whatever_date_it_was_given(tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    drop(tmp_path, "s/old.csv", NOW - timedelta(days=400))
    assert before < found(tmp_path)["old.csv"].arrived_at < NOW


def test_what_goes_away_while_it_is_looked_at_is_not_there(tmp_path: Path) -> None:
    for name in ("s/a.csv.part", "s/b.csv", "t/c.csv"):
        drop(tmp_path, name, NOW - timedelta(days=1))
    seen = LocalDrop(tmp_path).arrivals(NOW)
    (tmp_path / "s/a.csv.part").rename(tmp_path / "s/a.csv")
    assert next(seen).name == "a.csv"
    (tmp_path / "s/b.csv").unlink()
    (tmp_path / "t/c.csv").unlink()
    (tmp_path / "t").rmdir()
    assert not list(seen)


def test_a_copy_has_the_hash_of_its_bytes_and_a_changed_file_is_left(tmp_path: Path) -> None:
    path = drop(tmp_path, "s/a.csv", NOW - timedelta(days=1))
    arrival = found(tmp_path)["a.csv"]
    assert LocalDrop(tmp_path).fetch(arrival, tmp_path / "copy") == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (tmp_path / "copy").read_bytes() == b"a,b\n1,2\n"
    path.write_bytes(b"a,b\n1,3\n")
    with pytest.raises(Changing):
        LocalDrop(tmp_path).fetch(arrival, tmp_path / "copy")


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    path = drop(tmp_path, "s/a.csv", NOW - timedelta(days=1))
    arrival = found(tmp_path)["a.csv"]
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match=r"symbolic links|Too many levels"):
        LocalDrop(tmp_path).fetch(arrival, tmp_path / "copy")


def test_a_file_beyond_all_measure_is_not_opened(tmp_path: Path) -> None:
    path = drop(tmp_path, "s/huge.csv", NOW - timedelta(days=1))
    os.truncate(path, (64 << 30) + 1)  # sparse: it takes no room
    os.utime(path, (0, 0))
    assert found(tmp_path)["huge.csv"].problem == "it is larger than 64 GB"

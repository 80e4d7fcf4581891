"""Errors that come of a full disk without saying so."""

from pathlib import Path

import pytest

from lakehouse.errors import DataError, WriteError
from lakehouse.io.config.settings import Settings
from lakehouse.io.host import disks
from lakehouse.io.host.disks import first_full, places_of, translate_disk_full

ALL_ROOM = 1 << 62


def settings(folder: Path) -> Settings:
    roots = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export")}
    shop = {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}
    return Settings(env="local", tracking_uri=f"sqlite:///{folder}/registry/mlflow.db", shops={"nl": shop}, **roots)  # type: ignore[arg-type,dict-item]


def test_an_error_of_unknown_cause_on_a_full_disk_is_73_and_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "LITTLE", ALL_ROOM)
    with pytest.raises(WriteError, match=f"no space left on the disk of {tmp_path}/lake") as found, translate_disk_full(settings(tmp_path)):
        raise RuntimeError("Could not initialize class org.xerial.snappy.Snappy")
    assert found.value.exit_code == 73
    assert "make room" in found.value.todo


def test_with_room_or_a_known_cause_an_error_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError), translate_disk_full(settings(tmp_path)):
        raise RuntimeError("something else")
    monkeypatch.setattr(disks, "LITTLE", ALL_ROOM)
    with pytest.raises(DataError), translate_disk_full(settings(tmp_path)):
        raise DataError("rows are missing")
    with pytest.raises(KeyboardInterrupt), translate_disk_full(settings(tmp_path)):
        raise KeyboardInterrupt


def test_all_places_of_this_machine_are_looked_at_whether_they_are_there_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    found = places_of(settings(tmp_path).model_copy(update={"lake_root": "s3a://bucket/lake", "outbox_root": "outbox"}))
    assert found == [f"{tmp_path}/vault", f"{tmp_path}/export", "outbox", f"{tmp_path}/registry/mlflow.db", "/elsewhere", "/tmp"]
    assert first_full(found) is None

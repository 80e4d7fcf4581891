"""Packs on a disk: whole or not at all, named by latest.json, and nobody else's to read."""

import grp
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import WriteError
from lakehouse.io.packs.local_packs import LocalPacks
from lakehouse.io.packs.pack_files import Dialect, finish, write_files
from lakehouse.io.packs.packs import latest_of

CUSTOMERS = Dialect("customers.csv")
DAY = "2026-07-01"
AT, EXPIRES = datetime(2026, 7, 1, 3, tzinfo=UTC), datetime(2026, 7, 31, 3, tzinfo=UTC)


def prepare(packs: LocalPacks, pack: str, made_from: str = "abc", rows: int = 1) -> dict[str, Any]:
    """The pack as a run leaves it before the publication."""
    with packs.unfinished(pack) as folder:
        files = write_files(folder, CUSTOMERS, ["email"], [[f"{n}@shop.example"] for n in range(rows)])
        date, _, run = pack.partition("/")
        return finish(folder, files, {"made_from": made_from, "run_date": date, "run_id": run, "expires": EXPIRES.isoformat()})


def shown(packs: LocalPacks, pack: str, made_from: str = "abc") -> None:
    manifest = prepare(packs, pack, made_from)
    packs.promote(pack)
    packs.swap_latest(latest_of(pack, manifest))


@pytest.fixture
def packs(tmp_path: Path) -> LocalPacks:
    return LocalPacks(str(tmp_path), "email")


def test_a_pack_is_not_there_before_it_is_promoted_and_whole_afterwards(packs: LocalPacks, tmp_path: Path) -> None:
    prepare(packs, f"{DAY}/a")
    assert packs.manifest(f"{DAY}/a") is None and packs.standing(DAY, "abc", AT) is None
    packs.promote(f"{DAY}/a")
    packs.promote(f"{DAY}/a")
    folder = tmp_path / "email" / DAY / "a"
    assert {path.name for path in folder.iterdir()} == {"customers.csv", "manifest.json", "_SUCCESS"}
    assert [path.name for path in folder.parent.iterdir()] == ["a"]
    assert packs.manifest(f"{DAY}/a") == json.loads((folder / "manifest.json").read_text())


def rights(*paths: Path) -> set[str]:
    return {f"{path.stat().st_mode & 0o777:o}" for path in paths}


def test_nobody_else_can_read_a_pack_unless_a_group_may(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        for group, of_folders, of_files in ((None, "700", "600"), (grp.getgrgid(os.getgid()).gr_name, "750", "640")):
            root = tmp_path / str(group)
            shown(LocalPacks(str(root), "email", group), f"{DAY}/a")
            folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
            assert rights(*folders) == {of_folders} and len(folders) == 4
            assert rights(*(path for path in root.rglob("*") if path.is_file())) == {of_files}
    finally:
        os.umask(old)
    with pytest.raises(WriteError, match="there is no group nobody has this name"):
        prepare(LocalPacks(str(tmp_path / "x"), "email", "nobody has this name"), f"{DAY}/a")


def test_a_pack_stands_if_it_was_made_from_the_same_and_its_files_are_as_they_were_written(packs: LocalPacks, tmp_path: Path) -> None:
    assert packs.standing(DAY, "abc", AT) is None
    shown(packs, f"{DAY}/a")
    shown(packs, f"{DAY}/b")
    shown(packs, f"{DAY}/c", "other")
    assert packs.standing(DAY, "abc", AT) == f"{DAY}/b"  # the newest
    assert packs.standing(DAY, "abd", AT) is None and packs.standing("2026-07-02", "abc", AT) is None
    (tmp_path / "email" / DAY / "b" / "customers.csv").write_text("opened and saved")
    assert packs.standing(DAY, "abc", AT) == f"{DAY}/a"
    assert packs.standing(DAY, "abc", EXPIRES - timedelta(seconds=1)) == f"{DAY}/a"
    assert packs.standing(DAY, "abc", EXPIRES) is None  # it is about to be deleted
    (tmp_path / "email" / DAY / "a" / "_SUCCESS").unlink()
    assert packs.standing(DAY, "abc", AT) is None


def test_a_pack_of_before_packs_had_runs_does_not_stand(packs: LocalPacks, tmp_path: Path) -> None:
    (tmp_path / "email" / DAY).mkdir(parents=True)
    for name, text in (("manifest.json", '{"made_from": "abc", "files": {}}'), ("customers.csv", ""), ("_SUCCESS", "")):
        (tmp_path / "email" / DAY / name).write_text(text)
    assert packs.standing(DAY, "abc", AT) is None


def test_latest_names_the_newest_pack_and_never_goes_back_to_an_earlier_date(packs: LocalPacks) -> None:
    assert packs.latest() is None
    shown(packs, f"{DAY}/a")
    shown(packs, f"{DAY}/b")
    assert (packs.latest() or {})["pack"] == f"{DAY}/b"
    shown(packs, "2026-06-30/c")
    assert (packs.latest() or {})["pack"] == f"{DAY}/b"


def test_a_deleted_pack_is_named_by_nothing(packs: LocalPacks, tmp_path: Path) -> None:
    shown(packs, f"{DAY}/a")
    shown(packs, "2026-07-02/b")
    packs.delete(f"{DAY}/a")
    assert (packs.latest() or {})["pack"] == "2026-07-02/b"
    packs.delete("2026-07-02/b")
    packs.delete("2026-07-02/b")
    assert packs.latest() is None and list((tmp_path / "email").iterdir()) == []


def test_what_died_half_written_goes_of_whatever_date(packs: LocalPacks, tmp_path: Path) -> None:
    prepare(packs, f"{DAY}/a")
    shown(packs, "2026-07-02/b")
    (tmp_path / "email" / ".2026-06-01.superseded").mkdir()  # of a version that had no runs in its packs
    packs.sweep()
    assert sorted(path.name for path in (tmp_path / "email").rglob("*")) == sorted(
        ["2026-07-01", "2026-07-02", "b", "_SUCCESS", "customers.csv", "manifest.json", "latest.json"]
    )


def test_a_place_that_cannot_be_written_is_told_73(tmp_path: Path) -> None:
    (tmp_path / "email").touch()
    with pytest.raises(WriteError) as caught:
        prepare(LocalPacks(str(tmp_path), "email"), f"{DAY}/a")
    assert caught.value.exit_code == 73

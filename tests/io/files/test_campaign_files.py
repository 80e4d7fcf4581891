"""Campaign packs: exact bytes, all or nothing."""

import csv
import grp
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakehouse.errors import WriteError
from lakehouse.io.files.campaign_files import prepare_pack, promote_pack, safe, stands

HEADER = ["email", "first_name"]
ROWS: list[list[str | None]] = [["anna@shop.example", 'Anna "An", B'], ["bob@shop.example", None], ["ç@shop.example", "Zoë 🍎"]]
BYTES = (
    b'email,first_name\r\nanna@shop.example,"Anna ""An"", B"\r\nbob@shop.example,\r\n\xc3\xa7@shop.example,Zo\xc3\xab \xf0\x9f\x8d\x8e\r\n'
)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_pack(folder: Path, *arguments: Any) -> dict[str, object]:
    """Both halves, as a run without errors does them."""
    manifest = prepare_pack(folder, *arguments)
    promote_pack(folder)
    return manifest


def test_the_file_is_rfc_4180_to_the_byte(tmp_path: Path) -> None:
    write_pack(tmp_path / "2026-07-01", "customers.csv", HEADER, ROWS, {})
    assert (tmp_path / "2026-07-01" / "customers.csv").read_bytes() == BYTES


def rights(folder: Path) -> dict[str, str]:
    """Of the pack, what is in it, and the folders above it that were made for it."""
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in (folder.parent, folder, *folder.iterdir())}


def test_nobody_else_can_read_a_pack_unless_a_group_may(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "2026-07-01"
    old = os.umask(0)
    try:
        write_pack(folder, "customers.csv", HEADER, ROWS, {})
        files = ("customers.csv", "manifest.json", "_SUCCESS")
        assert rights(folder) == {"email": "700", "2026-07-01": "700", **dict.fromkeys(files, "600")}
        group = grp.getgrgid(os.getgid()).gr_name
        folder = tmp_path / "push" / "2026-07-01"
        write_pack(folder, "customers.csv", HEADER, ROWS, {}, group)
        assert rights(folder) == {"push": "750", "2026-07-01": "750", **dict.fromkeys(files, "640")}
    finally:
        os.umask(old)
    with pytest.raises(WriteError, match="there is no group nobody has this name"):
        prepare_pack(folder, "customers.csv", HEADER, ROWS, {}, "nobody has this name")


def test_a_pack_has_its_file_a_manifest_that_describes_it_and_a_mark_of_success(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "2026-07-01"
    manifest = write_pack(folder, "customers.csv", HEADER, ROWS, {"channel": "email", "suppressed": {"missing": 2}})
    assert set(contents(folder)) == {"customers.csv", "manifest.json", "_SUCCESS"}
    assert manifest == {
        "channel": "email",
        "suppressed": {"missing": 2},
        "schema_version": 1,
        "rows": 3,
        "files": {"customers.csv": {"sha256": hashlib.sha256(BYTES).hexdigest(), "rows": 3}},
    }
    assert json.loads(contents(folder)["manifest.json"]) == manifest
    assert [path.name for path in folder.parent.iterdir()] == ["2026-07-01"]


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_pack(tmp_path / name, "customers.csv", HEADER, iter(ROWS), {"z": 1, "a": 2})
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("one\r\ntwo\nthree\rfour", "one two three four"),
        ("one\u2028two\x0bthree", "one two three"),
        ("ends\n", "ends"),
        ("=1+1", "'=1+1"),
        ("+31 20", "'+31 20"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_cell_is_one_line_and_no_formula(value: str | None, cell: str) -> None:
    assert safe(value) == cell


def test_every_cell_of_a_file_is_made_safe(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack", "c.csv", HEADER, [["=cmd()", "two\r\nlines"], ["b", "-1"]], {})
    with (tmp_path / "pack" / "c.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [HEADER, ["'=cmd()", "two lines"], ["b", "'-1"]]


def test_a_second_run_replaces_the_pack_whole(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    write_pack(folder, "old.csv", HEADER, ROWS, {})
    write_pack(folder, "customers.csv", HEADER, ROWS[:1], {})
    assert set(contents(folder)) == {"customers.csv", "manifest.json", "_SUCCESS"}
    assert json.loads(contents(folder)["manifest.json"])["rows"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_rows_that_fail_midway_leave_the_old_pack_as_it_was_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    write_pack(folder, "customers.csv", HEADER, ROWS, {})
    before = contents(folder)

    def failing() -> Iterator[list[str | None]]:
        yield ROWS[0]
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError):
        write_pack(folder, "customers.csv", HEADER, failing(), {})
    assert contents(folder) == before
    write_pack(folder, "customers.csv", HEADER, ROWS, {})
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_first_run_that_fails_shows_no_pack(tmp_path: Path) -> None:
    def failing() -> Iterator[list[str | None]]:
        yield ROWS[0]
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError):
        write_pack(tmp_path / "pack", "customers.csv", HEADER, failing(), {})
    assert not (tmp_path / "pack").exists()


def test_a_place_that_cannot_be_written_is_told_73(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError) as caught:
        write_pack(tmp_path / "file" / "pack", "customers.csv", HEADER, ROWS, {})
    assert caught.value.exit_code == 73


def test_what_a_killed_run_left_of_another_date_goes_and_a_pack_that_it_took_away_comes_back(tmp_path: Path) -> None:
    write_pack(tmp_path / "2026-07-01", "customers.csv", HEADER, ROWS, {})
    before = contents(tmp_path / "2026-07-01")
    prepare_pack(tmp_path / "2026-07-01", "customers.csv", HEADER, [], {})
    (tmp_path / "2026-07-01").rename(tmp_path / ".2026-07-01.superseded")  # killed between the two renames
    write_pack(tmp_path / "2026-07-02", "customers.csv", HEADER, ROWS, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-07-01", "2026-07-02"]
    assert contents(tmp_path / "2026-07-01") == before

    (tmp_path / ".2026-07-01.superseded").mkdir()  # killed after them
    write_pack(tmp_path / "2026-07-02", "customers.csv", HEADER, ROWS, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-07-01", "2026-07-02"]


def test_a_pack_stands_if_it_was_made_from_the_same_and_its_files_are_as_they_were_written(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "2026-07-01"
    assert not stands(folder, "abc")
    write_pack(folder, "customers.csv", HEADER, ROWS, {"made_from": "abc"})
    assert stands(folder, "abc")
    assert not stands(folder, "abd")
    (folder / "customers.csv").write_bytes(BYTES + b"x@shop.example,X\r\n")
    assert not stands(folder, "abc")
    (folder / "customers.csv").write_bytes(BYTES)
    (folder / "_SUCCESS").unlink()
    assert not stands(folder, "abc")


def test_a_pack_of_before_packs_said_what_they_were_made_from_does_not_stand(tmp_path: Path) -> None:
    folder = tmp_path / "email" / "2026-07-01"
    write_pack(folder, "customers.csv", HEADER, ROWS, {})
    assert not stands(folder, "abc")
    (folder / "manifest.json").write_text("[]")
    assert not stands(folder, "abc")

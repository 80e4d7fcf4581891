"""The files of a pack: exact bytes, and the limits of a tool."""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.errors import DataError
from lakehouse.io.packs.pack_files import Dialect, FileFacts, finish, safe, write_files

HEADER = ["email", "first_name"]
ROWS: list[list[str | None]] = [["anna@shop.example", 'Anna "An", B'], ["bob@shop.example", None], ["ç@shop.example", "Zoë 🍎"]]
BYTES = (
    b'email,first_name\r\nanna@shop.example,"Anna ""An"", B"\r\nbob@shop.example,\r\n\xc3\xa7@shop.example,Zo\xc3\xab \xf0\x9f\x8d\x8e\r\n'
)


def test_a_file_is_rfc_4180_to_the_byte_and_described_as_it_is(tmp_path: Path) -> None:
    files = write_files(tmp_path, Dialect("customers.csv"), HEADER, ROWS)
    assert (tmp_path / "customers.csv").read_bytes() == BYTES
    assert files == {"customers.csv": FileFacts(3, len(BYTES), hashlib.sha256(BYTES).hexdigest())}
    manifest = finish(tmp_path, files, {"campaign": "email"})
    assert manifest == {
        "campaign": "email",
        "schema_version": 2,
        "rows": 3,
        "files": {"customers.csv": {"rows": 3, "bytes": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest()}},
    }
    assert json.loads((tmp_path / "manifest.json").read_text()) == manifest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_SUCCESS", "customers.csv", "manifest.json"]


def test_another_delimiter_and_a_byte_order_mark(tmp_path: Path) -> None:
    write_files(tmp_path, Dialect("a.txt", delimiter="\t", encoding="utf-8-sig"), HEADER, [["a;b", "c\td"]])
    assert (tmp_path / "a.txt").read_bytes() == b"\xef\xbb\xbfemail\tfirst_name\r\na;b\tc d\r\n"


def test_json_lines_are_an_object_a_line(tmp_path: Path) -> None:
    write_files(tmp_path, Dialect("a.jsonl", "jsonl"), [], [{"email": "ç@shop.example", "items": [{"id": "1"}]}, {"email": "=1"}])
    assert (tmp_path / "a.jsonl").read_bytes() == '{"email":"ç@shop.example","items":[{"id":"1"}]}\n{"email":"=1"}\n'.encode()


def test_files_are_split_before_they_are_too_large_each_with_the_header(tmp_path: Path) -> None:
    lines = [b"email,first_name\r\n", *(f"{n}@shop.example,Anna\r\n".encode() for n in range(5))]
    two_rows = len(lines[0]) + 2 * len(lines[1])
    files = write_files(tmp_path, Dialect("c.csv", max_bytes=two_rows), HEADER, [[f"{n}@shop.example", "Anna"] for n in range(5)])
    assert {name: (facts.rows, facts.bytes) for name, facts in files.items()} == {
        "c_0001.csv": (2, two_rows),
        "c_0002.csv": (2, two_rows),
        "c_0003.csv": (1, len(lines[0]) + len(lines[1])),
    }
    assert [(tmp_path / name).read_bytes() for name in files] == [b"".join(lines[:1] + lines[n : n + 2]) for n in (1, 3, 5)]
    for name, facts in files.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == facts.sha256


def test_a_row_that_would_be_one_byte_too_much_begins_the_next_file(tmp_path: Path) -> None:
    head, line = len(b"email,first_name\r\n"), len(b"0@shop.example,Anna\r\n")
    rows = [[f"{n}@shop.example", "Anna"] for n in range(3)]
    exact, short = (
        [facts.rows for facts in write_files(tmp_path, Dialect("c.csv", max_bytes=head + 3 * line - less), HEADER, rows).values()]
        for less in (0, 1)
    )
    assert (exact, short) == ([3], [2, 1])


def test_files_are_split_by_rows(tmp_path: Path) -> None:
    files = write_files(tmp_path, Dialect("c.csv", max_rows=500), HEADER, ([str(n), ""] for n in range(1001)))
    assert [facts.rows for facts in files.values()] == [500, 500, 1]
    assert [len((tmp_path / name).read_text().splitlines()) for name in files] == [501, 501, 2]


def test_without_rows_there_is_a_file_with_the_header(tmp_path: Path) -> None:
    assert write_files(tmp_path, Dialect("c.csv"), HEADER, [])["c.csv"].rows == 0
    assert (tmp_path / "c.csv").read_bytes() == b"email,first_name\r\n"


def test_a_row_that_no_file_may_hold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="larger than a file"):
        write_files(tmp_path, Dialect("c.csv", max_bytes=30), HEADER, [["a" * 20, ""]])


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    def made(name: str, rows: Iterator[list[str | None]]) -> bytes:
        (tmp_path / name).mkdir()
        finish(tmp_path / name, write_files(tmp_path / name, Dialect("c.csv"), HEADER, rows), {"z": 1, "a": 2})
        return b"".join(path.read_bytes() for path in sorted((tmp_path / name).iterdir()))

    assert made("a", iter(ROWS)) == made("b", iter(ROWS))


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
        ("\t=1+1", "' =1+1"),
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_cell_is_one_line_and_no_formula(value: str | None, cell: str) -> None:
    assert safe(value) == cell


def test_every_cell_of_a_file_is_made_safe(tmp_path: Path) -> None:
    write_files(tmp_path, Dialect("c.csv"), HEADER, [["=cmd()", "two\r\nlines"], ["b", "-1"]])
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [HEADER, ["'=cmd()", "two lines"], ["b", "'-1"]]


def test_a_cell_has_no_tab_and_no_control_character_and_hides_no_formula_behind_one(tmp_path: Path) -> None:
    cells = ["a\tb", "c\x00d", "\x00=1+1", "\t-5", "e\r\nf", "\u00a0g\u200dh"]
    write_files(tmp_path, Dialect("a.txt", delimiter="\t"), list("abcdef"), [cells])
    row = (tmp_path / "a.txt").read_bytes().decode().split("\r\n")[1]
    # Read as an import without quotes reads it.
    assert row.split("\t") == ["a b", "c d", "' =1+1", "' -5", "e f", "\u00a0g\u200dh"]

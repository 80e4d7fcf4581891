"""Records of delimited files, beside Python's own csv module as an independent reader."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakehouse.io.files import csv_files
from lakehouse.io.files.csv_files import Unreadable, records

PIECES = ["a", "b1", ",", ",", "\n", "\r\n", "\r", '"', '""', " ", "é", "x,y,z\n"]


def found(data: str, width: int = 3) -> tuple[list[tuple[int, list[str]]], list[tuple[int, int]]]:
    good, bad = [], []
    for part in records(io.BytesIO(data.encode()), ",", width):
        rows = [list(row) for row in zip(*(column.to_pylist() for column in part.fields.columns), strict=True)]
        good += list(zip(part.lines.tolist(), rows, strict=True))
        bad += [(line, fields) for line, fields, _ in part.wrong_width]
    return good, bad


def by_csv(data: str, width: int = 3) -> tuple[list[tuple[int, list[str]]], list[tuple[int, int]]]:
    good, bad, line = [], [], 1
    reader = csv.reader(io.StringIO(data, newline=""))
    for row in reader:
        if len(row) == width:
            good.append((line, row))
        elif row:
            bad.append((line, len(row)))
        line = reader.line_num + 1
    return good, bad


def is_open(data: str) -> bool:
    """Whether the file ends inside of quotes: then csv takes in what is appended."""
    *_, last = csv.reader(io.StringIO(data + "\nTHE END", newline=""))
    return last != ["THE END"]


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("a,b,c\r\n\r\n\n1,2,3")
@example('a,b,c\n1,"x\r\ny\rz",3\n,,\n1,2\n')
def test_records_and_their_lines_are_those_of_pythons_csv(data: str) -> None:
    if is_open(data):
        with pytest.raises(Unreadable):
            found(data)
    else:
        assert found(data) == by_csv(data)


class Dripping(io.BytesIO):
    """Gives three bytes at a time, as a socket may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 3, 3))


def test_a_stream_that_gives_less_than_asked_for_is_read_whole() -> None:
    data = "a,b,c\n" + "x" * 5000 + ",y,z\n1,2,3\n"
    (part,) = records(Dripping(data.encode()), ",", 3)
    assert (len(part), part.lines.tolist()) == (3, [1, 2, 3])


@pytest.mark.parametrize("block", [40, 64, 200])
def test_lines_are_right_across_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", block)
    data = "".join(f'{i},"q\r\nr",3\r\n' if i % 3 == 0 else f"{i},x\r\n" if i % 3 == 1 else f"\r\n,{i},\r\n" for i in range(60))
    assert found(data) == by_csv(data)

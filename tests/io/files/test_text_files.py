"""Vendors' files as UTF-8, whatever they are."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.io.files.csv_files import Unreadable
from lakehouse.io.files.text_files import opened

LARGEST = 1 << 30


def read(data: bytes, encoding: str = "utf-8", is_gzip: bool = False, size: int = 7, largest: int = LARGEST) -> str:
    stream = opened(io.BytesIO(data), is_gzip, encoding, largest)
    parts = []
    while part := stream.read(size):
        assert len(part) <= size
        parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        ("Käse".encode(), "utf-8"),
        ("Käse".encode("utf-8-sig"), "utf-8"),
        ("Käse".encode("cp1252"), "cp1252"),
        ("Käse".encode("utf-16"), "utf-8"),
        ("Käse".encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + "Käse".encode("utf-16-be"), "cp1252"),
    ],
)
def test_a_byte_order_mark_is_worth_more_than_the_contract(data: bytes, declared: str) -> None:
    assert read(data, declared) == "Käse"


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_utf16_without_a_mark_is_known_by_its_zeros(size: int) -> None:
    text = "sku;name\nA1;Käse\n" * 400
    assert read(text.encode("utf-16-le"), size=size) == read(text.encode("utf-16-be"), size=size) == text
    assert read(text.encode(), "utf-16-le", size=size) == text


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_lines_of_utf8_in_a_file_of_an_old_code_page_are_read_as_what_they_are(size: int) -> None:
    data = "Käse €\n".encode() + "Käse €\n".encode("cp1252") + b"Rice\n" + "Piña".encode()
    assert read(data, "cp1252", size=size) == "Käse €\nKäse €\nRice\nPiña"


def test_central_european_text_is_read_for_what_it_is_also_where_utf8_is_expected() -> None:
    text = "item_code,description\r\nB-1,Žlutý sýr\r\nB-2,Hořčice\r\n"
    assert opened(io.BytesIO(text.encode("cp1250")), False, "utf-8", 1 << 20).read() == text.encode()
    # A line that is UTF-8 says that others are broken.
    mixed = text.encode() + "B-3,Žlutý sýr\r\nB-4,Hořčice\r\n".encode("cp1250")
    assert opened(io.BytesIO(mixed), False, "utf-8", 1 << 20).read().startswith(text.encode() + "B-3,\U000f008elut".encode())


def test_each_byte_that_is_no_text_becomes_a_mark() -> None:
    assert read(b"a\xff\xe9b\n\xc3") == "a\U000f00ff\U000f00e9b\n\U000f00c3"
    assert read(b"\x81x", "cp1252") == "\U000f0081x"
    assert read(b"a\0b") == "a\U000f0000b"


@given(st.text(), st.integers(1, 9), st.sampled_from(["utf-8", "utf-16-le"]))
def test_text_comes_back_whatever_the_size_of_the_reads(text: str, size: int, encoding: str) -> None:
    text = "a" + text.replace("\0", "")  # no byte order mark, and no byte that is none
    assert read(text.encode(encoding, "ignore"), encoding, size=size) == text.encode(encoding, "ignore").decode(encoding)


def test_gzip_that_is_broken_off_damaged_or_none_is_unreadable() -> None:
    whole = gzip.compress(b"a,b\n1,2\n" * 1000)
    assert len(read(whole, is_gzip=True, size=1000)) == 8000
    for data, why in ((whole[:-9], "broken off"), (b"a,b\n1,2\n", "no gzip"), (whole[:20] + b"\x00\xff" + whole[22:], "damaged|broken")):
        with pytest.raises(Unreadable, match=why):
            read(data, is_gzip=True, size=1000)


def test_a_gzip_bomb_is_left_before_it_is_unpacked() -> None:
    with pytest.raises(Unreadable, match="200 times"):
        read(gzip.compress(b"0" * (40 << 20)), is_gzip=True, size=1 << 20)
    with pytest.raises(Unreadable, match="larger than 1,000 bytes"):
        read(gzip.compress(b"0,1\n" * 300), is_gzip=True, size=100, largest=1000)

"""A vendor's file as a stream of UTF-8, whatever it really is: byte order marks, UTF-16, an old code page, gzip.

Bytes that are no text become marks, one per byte, so that their record can be told from all others and nothing else is lost.
"""

import codecs
import gzip
import re
import zlib
from typing import BinaryIO

from lakehouse.io.files.code_pages import CP1250, CP1252, DIFFERING, UNCLEAR, told_apart
from lakehouse.io.files.csv_files import Stream, Unreadable

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# A private plane that no sender uses: U+F0000 and the byte.
MARKS = 0xF0000
# A regular expression that finds one.
MARKED = f"[{chr(MARKS)}-{chr(MARKS + 0xFF)}]"
# A zero is a character to Unicode, but no text. In files whose lines end with CR, pyarrow may not see the quote behind one.
ZERO = chr(MARKS).encode()
# gzip makes ordinary text 3 to 20 times smaller. A file of equal bytes gets 1,000 times smaller.
LARGEST_RATIO = 200
UNCHECKED = 16 << 20
LOOK = 1 << 20
# A line that is longer is decoded in parts.
LONGEST_LINE = 1 << 20


def opened(raw: BinaryIO, is_gzip: bool, encoding: str, largest: int) -> "_Transcoded":
    """The stream, from the encoding of its byte order mark, else of where its first zeros stand, else from `encoding`; from Windows-1250
    where the letters of its beginning are those of a language of Central Europe for sure. Where Windows-1252 is expected and nobody can
    tell which of the two it is, letters that differ between them become marks.

    A line of a file in an old code page that is valid UTF-8 and not ASCII is taken as UTF-8: hardly any other text looks so.

    Reading raises Unreadable where gzip is broken off or damaged, where it unpacks to more than `largest` bytes or 200 times its size.
    """
    plain: Stream = _Unpacked(raw, largest) if is_gzip else raw
    start = plain.read(LOOK)
    mark, found = next(((mark, name) for mark, name in BOMS.items() if start.startswith(mark)), (b"", _guessed(start, encoding)))
    return _Transcoded(plain, start[len(mark) :], found)


def _guessed(start: bytes, declared: str) -> str:
    """Of ASCII in UTF-16 every other byte is zero; in no other text there are zeros."""
    first, second = start[0::2].count(0), start[1::2].count(0)
    if max(first, second) * 3 > len(start):
        return "utf-16-le" if second > first else "utf-16-be"
    if declared.startswith("utf-16"):
        return declared if first + second else "utf-8"
    if start.isascii():
        return declared
    # Lines below the header line, whose words are those of the contract. The last one may be cut.
    lines = [line for line in re.split(rb"[\r\n]+", start[: start.rfind(b"\n")] if len(start) == LOOK else start)[1:] if not line.isascii()]
    foreign = [line for line in lines if not _utf8(line)]
    if declared == CP1252:
        return told_apart(b"\n".join(foreign))
    is_central = foreign and foreign == lines and told_apart(b"\n".join(foreign)) == CP1250
    return CP1250 if is_central else declared


class _Unpacked:
    def __init__(self, raw: BinaryIO, largest: int) -> None:
        self._raw, self._file, self._largest, self._given = raw, gzip.GzipFile(fileobj=raw), largest, 0

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._file.read(size)
        except EOFError:
            raise Unreadable("the compressed file is broken off: it was sent before it was whole") from None
        except (gzip.BadGzipFile, zlib.error):
            raise Unreadable("the file is named .gz and is no gzip file, or is damaged") from None
        self._given += len(data)
        if self._given > self._largest:
            raise Unreadable(f"unpacked it is larger than {self._largest:,} bytes")
        if self._given > max(UNCHECKED, LARGEST_RATIO * self._raw.tell()):
            raise Unreadable(f"unpacked it is more than {LARGEST_RATIO} times its size")
        return data


class _Transcoded:
    def __init__(self, stream: Stream, start: bytes, encoding: str) -> None:
        self._marks = {ord(sign): chr(MARKS + byte) for byte, sign in DIFFERING.items()} if encoding == UNCLEAR else {}
        self.encoding = encoding = CP1252 if encoding == UNCLEAR else encoding
        self._stream, self._start = stream, start
        self._strict = codecs.getincrementaldecoder(encoding)("strict")
        self._marking = codecs.getincrementaldecoder(encoding)(_MARK)
        self._ended, self._ready, self._open_line = False, b"", b""
        self._may_be_utf8 = not encoding.startswith("utf-")

    def read(self, size: int = 1 << 20, /) -> bytes:
        """At most `size` bytes, whatever the text was; never none before the end."""
        while not self._ready and not self._ended:
            data = self._start + self._stream.read(size)
            self._ended, self._start = not data, b""
            self._ready = self._decoded(data).encode().replace(b"\0", ZERO)
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _decoded(self, data: bytes) -> str:
        if not self._may_be_utf8:
            return self._plainly(data)
        data = self._open_line + data
        end = len(data) if self._ended else data.rfind(b"\n") + 1
        if not end and len(data) > LONGEST_LINE:
            end = len(data)
        data, self._open_line = data[:end], data[end:]
        if data.isascii():
            return data.decode("ascii")
        return "".join(_utf8(line) or self._plainly(line).translate(self._marks) for line in data.splitlines(keepends=True))

    def _plainly(self, data: bytes) -> str:
        state = self._strict.getstate()
        try:
            return self._strict.decode(data, self._ended)
        except UnicodeDecodeError:
            self._marking.setstate(state)
            text = self._marking.decode(data, self._ended)
            self._strict.setstate(self._marking.getstate())
            return text


def _utf8(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return ""


_MARK = "lakehouse.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(MARKS + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_MARK, _mark)

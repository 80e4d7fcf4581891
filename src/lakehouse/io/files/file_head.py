"""The beginning of a delimited file, which is looked at before records are read."""

import re

from lakehouse.io.files.csv_files import Stream

HEAD = 1 << 16
# What tells a spreadsheet which sign divides columns. One that saves the file again fills the line up to the width of the list.
SEP_LINE = re.compile(rb'\s*"?sep=."?[;,\t|]*[ ]*(?:\r\n|\n|\r)', re.IGNORECASE)


def looked_at(stream: Stream) -> tuple[bytes, Stream, int]:
    """The beginning without a line `sep=;`, the stream from there on, and how many lines went."""
    head = stream.read(HEAD)
    found = SEP_LINE.match(head)
    head = head[found.end() :] if found else head
    return head, _Joined(head, stream), int(found is not None)


class _Joined:
    """The bytes that were looked at already, then the stream."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1, /) -> bytes:
        head, self._head = self._head, b""
        return head or self._stream.read(size)

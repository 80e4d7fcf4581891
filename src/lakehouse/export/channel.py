"""What leaves the lake for one tool of marketing: a pack with one file a night, and why everybody else is not in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame

from lakehouse.table import Table

# The reason of who said neither yes nor no, where the shop has no other legal ground.
NO_CONSENT = "no_consent"


@dataclass(frozen=True)
class Channel:
    """A pack is `<export_root>/<name>/<run date>/` with the CSV file `file_name`, manifest.json and _SUCCESS.

    `tables` are read at the run's versions; both functions get their frames in that order. `audience` gives every customer of the channel
    with `suppressed_for`: one of `reasons`, or null for those who get something. `rows` gets these people first, and gives the file's rows
    in `columns`: all text, in the order of the file.
    `purpose` is what people agree to or not, as in a shop's setting `legal_ground`.
    """

    name: str
    file_name: str
    columns: tuple[str, ...]
    reasons: tuple[str, ...]
    tables: tuple[Table, ...]
    audience: Callable[..., DataFrame]
    rows: Callable[..., DataFrame]
    purpose: Literal["marketing"] = "marketing"

    @property
    def step(self) -> str:
        """Its name in the ledger."""
        return f"export.{self.name}"

"""The contract of a file that somebody sends: its name, its dialect, its columns, what a new file means, when it is expected."""

import re
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import PurePath
from typing import Literal

from pyspark.sql.types import DataType

from lakehouse.sources.feed_values import Parser
from lakehouse.sources.source import ANONYMISED, Pseudonym
from lakehouse.table import BOOLEAN, DATE, LONG, STRING, TIMESTAMP, Column, Table

EMAIL = "email"
# What stands in a file's name, and how many digits that is.
DIGITS = {"YYYY": 4, "MM": 2, "DD": 2, "HH": 2}
# Which delivery brought the row, and where in it the row stood. Delivered twice is another arrival.
FILE_DAY = Column("_file_day", DATE, "day in the name of the file that brought the row")
FILE_NAME = Column("_file_name", STRING, "name of that file")
ARRIVED_AT = Column("_arrived_at", TIMESTAMP, "when it arrived, UTC")
LINE_NUMBER = Column("_line_number", LONG, "line where the row begins in it; the first line is 1")
ORIGIN = (FILE_DAY, FILE_NAME, ARRIVED_AT, LINE_NUMBER)

# A snapshot is the whole truth; changes replace rows by key; rows of append are added, and a repeated key is a duplicate.
Kind = Literal["snapshot", "changes", "append"]


@dataclass(frozen=True)
class Field:
    """A column of the file: `header` is its name there (`name` if empty), `aliases` are other names of it that are taken too.

    `required`: an empty value is an error. `needed`: values may be empty, but without the column the file would say something wrong.
    `personal` names the kind of personal data it holds: it goes to the vault only.
    """

    name: str
    parser: Parser
    type: DataType
    comment: str
    required: bool = True
    header: str = ""
    aliases: tuple[str, ...] = ()
    personal: str | None = None
    needed: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The names that the column may have in a file; the first one is the usual one."""
        return (self.header or self.name, *self.aliases)


@dataclass(frozen=True)
class Feed:
    """`file_name` is written with YYYY, MM, DD and perhaps HH, without `.gz`.

    `version_column` says which of two rows with a key is the newer one; without it the day in the name says it, then arrival.
    `replace_unit`: the columns of which a file has all rows or none (the lines of an order). `expires_after` days a row is not loaded any
    more, by `event_time_column`. `every_days`: how often a file is expected, by 05:00 UTC; 0: it may never come. `max_reject_share` of a
    file's rows may be wrong; above that nothing of it is used. A snapshot that lacks more than `max_delete_share` of the known rows waits
    for somebody's yes. `shop_code` is that of the orders and customers that a feed brings, if any;
    `pseudonyms` beside that of an e-mail.
    """

    sender: str
    name: str
    grain: str
    file_name: str
    kind: Kind
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    version_column: str | None = None
    replace_unit: tuple[str, ...] = ()
    event_time_column: str | None = None
    expires_after: int | None = None
    every_days: int = 1
    max_reject_share: float = 0.01
    max_delete_share: float = 0.2
    delimiter: str = ","
    encoding: str = "utf-8"
    is_json: bool = False
    version: int = 1
    shop_code: str = ""
    pseudonyms: tuple[Pseudonym, ...] = ()

    def day_of(self, file_name: str) -> date | None:
        """The day in a file's name; None if it is not a file of this feed, or there is no such day."""
        pattern = re.escape(self.file_name)
        for sign, digits in DIGITS.items():
            pattern = pattern.replace(sign, f"(?P<{sign}>[0-9]{{{digits}}})")
        found = re.fullmatch(pattern, file_name.removesuffix(".gz"))
        if found is None:
            return None
        try:
            return date(int(found["YYYY"]), int(found["MM"]), int(found["DD"]))
        except ValueError:
            return None

    def name_on(self, day: date) -> str:
        """A file's name; where it has an hour, that of 05:00."""
        parts = {"YYYY": f"{day:%Y}", "MM": f"{day:%m}", "DD": f"{day:%d}", "HH": "05"}
        return reduce(lambda name, part: name.replace(*part), parts.items(), self.file_name)

    @property
    def code_column(self) -> str:
        """Of a snapshot the first column of its key, if that is text: what a spreadsheet takes for a number. Else empty."""
        of_key = next(field for field in self.fields if field.name == self.key[0])
        return of_key.name if self.kind == "snapshot" and of_key.type == STRING else ""

    def header_of(self, name: str) -> str:
        """What a column is called in the file."""
        return next(field.headers[0] for field in self.fields if field.name == name)

    @property
    def suffix(self) -> str:
        """How the names of its files end, with the point and without `.gz`."""
        return PurePath(self.file_name).suffix

    @property
    def tables(self) -> list[Table]:
        """The tables that its rows are landed in."""
        return [part for part in (self.bronze, self.vault) if part is not None]

    @property
    def personal_fields(self) -> tuple[Field, ...]:
        """The columns that are landed in the vault."""
        return tuple(field for field in self.fields if field.personal)

    @property
    def all_pseudonyms(self) -> tuple[Pseudonym, ...]:
        """Those declared, and one of each e-mail address."""
        emails = (Pseudonym(f"{field.name}_pseudonym", EMAIL, field.name) for field in self.fields if field.personal == EMAIL)
        return (*emails, *self.pseudonyms)

    @property
    def bronze(self) -> Table:
        """What is not personal, whether there is what is, pseudonyms, and where each row came from."""
        kept = tuple(Column(field.name, field.type, field.comment) for field in self.fields if not field.personal)
        there = tuple(
            Column(f"has_{field.name}", BOOLEAN, f"whether there is one: {field.comment}")
            for field in self.personal_fields
            if field.personal != EMAIL
        )
        added = tuple(
            Column(p.name, STRING, f"keyed pseudonym (HMAC-SHA256) of `{p.of}`; null if there is none") for p in self.all_pseudonyms
        )
        flags = (ANONYMISED,) if any(p.kind == EMAIL for p in self.all_pseudonyms) else ()
        return Table(f"bronze.{self.name}", self.grain, self.key, (*kept, *there, *added, *flags, *ORIGIN), optional=True)

    @property
    def vault(self) -> Table | None:
        """The personal part, by the same key; None where nothing is personal."""
        if not self.personal_fields:
            return None
        kept = tuple(Column(f.name, f.type, f.comment, f.personal) for f in self.fields if f.personal or f.name in self.key)
        added = tuple(Column(p.name, STRING, f"keyed pseudonym of `{p.of}`") for p in self.all_pseudonyms if p.kind == EMAIL)
        return Table(f"vault.{self.name}", f"personal part of: {self.grain}", self.key, (*kept, *added), optional=True)

"""A profile as data: conf/profiles/<name>.yaml says in which form a tool of marketing takes a pack. A new tool is a new file."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from string import Formatter
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from lakehouse.export.channels.channel import every_value
from lakehouse.io.config.declared_parts import Name, Part, parsed_file
from lakehouse.io.packs.pack_files import CONTROLS, MANIFEST, Dialect, safe
from lakehouse.io.packs.packs import LATEST

# What stands in a column: of the recipient and of the pack, beside the values of the channels; of a product on the recipient's list.
PERSON = (
    *("first_name", "customer_key", "shop_code", "country_code", "language"),
    *("campaign", "run_date", "list_name", "model_version", "item_count"),
)
PRODUCT = ("product_key", "product_id", "product_name", "price", "currency", "url", "image_url")
ITEM = (*PRODUCT, "slot", "list", "reason", "reason_code")
# What is known of a customer, for a tool that keeps customers.
FACTS = (
    *("email", "customer_key", "shop_code", "country_code", "consent", "has_complained", "email_status", "registered_at"),
    *("order_count", "first_ordered_at", "last_ordered_at", "last_order_id", "spent", "is_deleted", "next_due"),
)
MEGABYTE = 1_000_000
# What one request to an object store takes is 5 GB.
MAX_MEGABYTES = 4_000


class Cell(Part):
    """A column. `name` may hold {slot}; a dot in a name of JSONL begins an object within the object."""

    name: str
    value: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Cell":
        if (self.value is None) == (self.text is None):
            raise ValueError("give a value or a text")
        return self


class Slots(Part):
    """The same columns for each product of the list: `product_id` gives product_id_1, product_id_2 and so on."""

    slots: tuple[str | Cell, ...]

    def fields(self) -> Iterator[Cell]:
        """A cell for each column of one product; `{slot}` in its name is replaced by the place, 1 and up."""
        for given in self.slots:
            yield Cell(name=f"{given}_{{slot}}", value=given) if isinstance(given, str) else given


class Items(Part):
    """In JSONL: a list `name` with an object for each product."""

    name: str
    items: tuple[str | Cell, ...]

    def fields(self) -> Iterator[Cell]:
        """A cell for each name of a product's object."""
        return map(as_field, self.items)


class Price(Part):
    """How prices are written: decimal sign, digits after it, and whether the code of the currency follows."""

    decimal_mark: Literal[".", ","] = "."
    digits: int = Field(default=2, ge=0, le=4)
    with_currency: bool = False


class Profile(Part):
    """The form in which a tool takes a pack: columns, text format and limits of its files. `name` is that of its file in conf/profiles."""

    name: Name
    # Of the columns: another number where a reader of the files would have to change something.
    version: int = Field(ge=1)
    rows: Literal["recipient", "item", "device", "product", "customer"]
    format: Literal["csv", "jsonl"]
    # May hold {campaign} and {date}, as 20261118.
    file: str = Field(pattern=r"^[A-Za-z0-9_{}][A-Za-z0-9_{}.-]*\.[A-Za-z0-9]+$")
    columns: tuple[str | Cell | Slots | Items, ...] = Field(min_length=1)
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Literal["utf-8", "utf-8-sig"] = "utf-8"
    # What stands for nothing: an empty text; in JSONL also null, or the name is left out; in CSV a tool's own word for it.
    nulls: Literal["empty", "omit", "null"] = "empty"
    null_text: str = ""
    price: Price = Price()
    date_format: str = "%Y-%m-%d"
    # Limits of a file: megabytes of 1,000,000 bytes, rows without the header; of a text, in bytes; of products beside each other.
    max_megabytes: float = Field(default=MAX_MEGABYTES, gt=0, le=MAX_MEGABYTES)
    max_rows: int | None = Field(default=None, ge=1)
    max_text_bytes: int | None = Field(default=None, ge=8)
    max_slots: int = Field(default=20, ge=1)
    # Columns without two equal values in a pack.
    unique: tuple[str, ...] = ()

    @field_validator("file")
    @classmethod
    def _is_a_free_name(cls, file: str) -> str:
        if file.lower() in (MANIFEST, CONTROLS, LATEST):
            raise ValueError(f"{file} is a name that every pack has already")
        _only(file, {"campaign", "date"})
        return file

    @field_validator("date_format")
    @classmethod
    def _formats(cls, given: str) -> str:
        date(2026, 11, 18).strftime(given).encode()
        return given

    @model_validator(mode="after")
    def _fits(self) -> "Profile":
        if self.format == "csv" and (self.nulls != "empty" or any(isinstance(column, Items) for column in self.columns)):
            raise ValueError("a CSV file has neither lists nor names that are left out")
        if self.null_text and (self.format != "csv" or safe(self.null_text) != self.null_text):
            raise ValueError("null_text is a word for cells of CSV, on one line and no formula")
        if self.rows in ("product", "customer") and any(isinstance(column, Slots | Items) for column in self.columns):
            raise ValueError(f"a row of a {self.rows} has no list of products")
        person = (*PERSON, *every_value())
        known = {"recipient": person, "item": (*person, *ITEM), "device": person, "product": PRODUCT, "customer": FACTS}[self.rows]
        for field, in_slot in self._values():
            if field.value is not None and field.value not in (ITEM if in_slot else known):
                raise ValueError(f"{field.value} is nothing that a row of each {'product' if in_slot else self.rows} has")
        return self

    @model_validator(mode="after")
    def _names_its_columns(self) -> "Profile":
        for column in self.columns:
            if isinstance(column, Slots):
                for field in column.fields():
                    _only(field.name, {"slot"})
        within = [[field.name for field in column.fields()] for column in self.columns if isinstance(column, Items)]
        for names in (self.header(self.max_slots), *within):
            if twice := sorted(name for name, number in Counter(names).items() if number > 1):
                raise ValueError(f"column {twice[0]} stands twice; names within slots need {{slot}}")
            if unfit := [name for name in names if not name or safe(name) != name]:
                raise ValueError(f"a column can't have the name {unfit[0]!r}: it is empty, has line breaks or begins as a formula")
            if self.format == "jsonl" and (both := [name for name in names if any(other.startswith(f"{name}.") for other in names)]):
                raise ValueError(f"{both[0]} can't be a text and an object with names of its own")
        if unknown := sorted(set(self.unique) - set(self.header(self.max_slots))):
            raise ValueError(f"unique: there is no column {unknown[0]}")
        return self

    def _values(self) -> Iterator[tuple[Cell, bool]]:
        for column in self.columns:
            if isinstance(column, Slots | Items):
                yield from ((field, True) for field in column.fields())
            else:
                yield as_field(column), False

    @property
    def values(self) -> set[str]:
        """All values that stand in some column."""
        return {field.value for field, _ in self._values() if field.value is not None}

    @property
    def is_personal(self) -> bool:
        """Whether a row is about a person."""
        return self.rows != "product"

    def header(self, slots: int) -> list[str]:
        """Names of the columns, of a list of so many products."""
        names: list[str] = []
        for column in self.columns:
            if isinstance(column, Slots):
                names += [field.name.format(slot=slot) for slot in range(1, slots + 1) for field in column.fields()]
            else:
                names.append(column.name if isinstance(column, Items) else as_field(column).name)
        return names

    def dialect(self, campaign: str, date: str) -> Dialect:
        """The form of the files; `date` as 20261118."""
        name = self.file.format(campaign=campaign, date=date)
        return Dialect(name, self.format, self.delimiter, self.encoding, int(self.max_megabytes * MEGABYTE), self.max_rows)


def as_field(given: str | Cell) -> Cell:
    """A name alone is that of the column and of its value."""
    return Cell(name=given, value=given) if isinstance(given, str) else given


def parse_profile(name: str, values: Mapping[str, Any]) -> Profile:
    """The profile, checked. ConfigError (2) names what is wrong."""
    return parsed_file(Profile, "profiles", name, values)


def _only(text: str, known: set[str]) -> None:
    """ValueError if something else than these names stands in braces."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError(f"{text} has a brace without its other one") from None
    if any(name is not None and (name not in known or form or conversion) for _, name, form, conversion in parts):
        raise ValueError(f"in braces only {', '.join(sorted(known))} may stand: {text}")

"""A profile as data: conf/profiles/<name>.yaml says in which form a tool of marketing takes a pack. A new tool is a new file."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from lakehouse.export.channels.channel import every_value
from lakehouse.io.config.declared_parts import Name, Part, parsed
from lakehouse.io.packs.pack_files import Dialect

# What stands in a column: of the recipient and of the pack, beside the values of the channels; of a product on the recipient's list.
PERSON = (
    *("first_name", "customer_key", "shop_code", "country_code", "language"),
    *("campaign", "run_date", "list_name", "model_version"),
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
        for given in self.slots:
            yield Cell(name=f"{given}_{{slot}}", value=given) if isinstance(given, str) else given


class Items(Part):
    """In JSONL: a list `name` with an object for each product."""

    name: str
    items: tuple[str | Cell, ...]

    def fields(self) -> Iterator[Cell]:
        return map(as_field, self.items)


class Price(Part):
    decimal_mark: Literal[".", ","] = "."
    digits: int = Field(default=2, ge=0, le=4)
    with_currency: bool = False


class Profile(Part):
    name: Name
    # Of the columns: another number where a reader of the files would have to change something.
    version: int = Field(ge=1)
    rows: Literal["recipient", "item", "device", "product", "customer"]
    format: Literal["csv", "jsonl"]
    # May hold {campaign} and {date}, as 20261118.
    file: str = Field(pattern=r"^[A-Za-z0-9_{}.-]+$")
    columns: tuple[str | Cell | Slots | Items, ...] = Field(min_length=1)
    delimiter: Literal[",", ";", "\t"] = ","
    encoding: Literal["utf-8", "utf-8-sig"] = "utf-8"
    # What stands for nothing: an empty text; in JSONL also null, or the name is left out.
    nulls: Literal["empty", "omit", "null"] = "empty"
    price: Price = Price()
    date_format: str = "%Y-%m-%d"
    # Limits of a file: megabytes of 1,000,000 bytes, rows without the header; of a text, in bytes; of products beside each other.
    max_megabytes: float = Field(default=MAX_MEGABYTES, gt=0, le=MAX_MEGABYTES)
    max_rows: int | None = Field(default=None, ge=1)
    max_text_bytes: int | None = Field(default=None, ge=8)
    max_slots: int = Field(default=20, ge=1)
    # Columns without two equal values in a pack.
    unique: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "Profile":
        if self.format == "csv" and (self.nulls != "empty" or any(isinstance(column, Items) for column in self.columns)):
            raise ValueError("a CSV file has neither lists nor names that are left out")
        person = (*PERSON, *every_value())
        known = {"recipient": person, "item": (*person, *ITEM), "device": person, "product": PRODUCT, "customer": FACTS}[self.rows]
        for field, in_slot in self._values():
            if field.value is not None and field.value not in (ITEM if in_slot else known):
                raise ValueError(f"{field.value} is nothing that a row of each {'product' if in_slot else self.rows} has")
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
    return parsed(Profile, f"profiles/{name}.yaml", {"name": name, **values})

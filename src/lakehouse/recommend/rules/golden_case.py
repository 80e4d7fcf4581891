"""A golden case as data: what a rule file says that it makes of a list. `lakehouse rules test` tries it."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from lakehouse.io.config.declared_parts import Country, Name, Part
from lakehouse.sources.channels import ChannelName

ListName = Literal["buy_again", "discover", "mixed"]


class CaseProduct(Part):
    """A product as rules see it. `score`: how well it suits the case's customer, a logarithm; nobody knows what is left out."""

    id: int
    score: float
    is_bought: bool = False
    categories: tuple[int | str, ...] = ()
    tags: tuple[str, ...] = ()
    brand: str | None = None
    # Pieces, pieces a day, price and purchase price in one currency, percent.
    available: float | None = None
    daily_sales: float | None = None
    price: float | None = None
    cost: float | None = None
    discount_percent: float | None = None


class Case(Part):
    """One customer's list of `length` places. `expect`: the ids in their order.

    `below`: category → the one above it. Without a run date all rules of the file hold, and without a shop those of all shops. `channel`:
    as a campaign of it shows the list.
    """

    name: Name
    shop: str | None = None
    country: Country | None = None
    list_name: ListName = "mixed"
    channel: ChannelName | None = None
    run_date: date | None = None
    length: int = Field(default=20, ge=1)
    below: Mapping[str, str] = {}
    products: tuple[CaseProduct, ...] = Field(min_length=1)
    expect: tuple[int, ...]

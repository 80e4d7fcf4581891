"""What follows from a campaign's channel, and how its module is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pyspark.sql import Column, DataFrame

from lakehouse.sources.channels import CHANNELS, ChannelName
from lakehouse.table import Table

# A recipient's value as text, from a row of `recipients` (stages/export_packs/frames.py).
Value = Callable[[Mapping[str, Any]], str | None]


def as_they_are(people: DataFrame, *tables: DataFrame) -> DataFrame:
    """`people`, of whom a channel need not know more."""
    return people


@dataclass(frozen=True)
class Channel:
    """Each module of this room has one, as CHANNEL.

    `row_kinds`: what rows of its profiles may be about. `values`: what only its profiles may say of a person. `is_for`: boolean over
    silver.customers, whether a customer can be meant. `reasons` to leave somebody out, beside those of all campaigns or in place of them:
    name in ops/packs.py: REASONS → boolean over those who are meant. `with_reach`: those who are meant and `tables` → the same rows with
    the columns that `reasons` ask for. `contacts`: those who get something and `tables` → shop_code, customer_key, first_name and what
    `values` ask for, nobody twice.
    """

    row_kinds: tuple[str, ...]
    values: Mapping[str, Value]
    tables: tuple[Table | None, ...]
    is_for: Callable[[], Column]
    reasons: Callable[[], Mapping[str, Column]]
    contacts: Callable[..., DataFrame]
    with_reach: Callable[..., DataFrame] = as_they_are

    @property
    def reads(self) -> tuple[Table, ...]:
        """The tables that have to be read for it. None in `tables` stands for one that is not there."""
        return tuple(table for table in self.tables if table)


def module_of(name: ChannelName) -> str:
    """Name of the Python module that declares the channel."""
    return f"lakehouse.export.channels.{name}"


def channel_of(name: ChannelName) -> Channel:
    """The declaration of a channel; only its own module is imported for it."""
    found: Channel = import_module(module_of(name)).CHANNEL
    return found


def every_value() -> dict[str, Value]:
    """The values that some channel has beside those of all."""
    return {name: value for channel in CHANNELS for name, value in channel_of(channel).values.items()}

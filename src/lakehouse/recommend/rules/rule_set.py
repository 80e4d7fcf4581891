"""A rule set as data: conf/rules/<name>.yaml. docs/rules.md has what each kind of rule does."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lakehouse.io.config.declared_parts import Country, Name, Part, parsed
from lakehouse.recommend.rules.golden_case import Case, ListName
from lakehouse.sources.channels import ChannelName

SEE = "docs/rules.md has an example of each kind of rule"
# What a kind may ask of products that the catalogue itself does not say (rules/product_facts.py has the columns).
STOCK, OFFERS = "stock", "offers"


class Rule(Part):
    """What all kinds say: from when to when, in which shop, for customers of which countries and on which lists. Nothing means all."""

    asks: ClassVar[tuple[str, ...]] = ()
    name: Name
    # The file that it stands in.
    rule_set: str = ""
    shop: str | None = None
    countries: tuple[Country, ...] = ()
    lists: tuple[ListName, ...] = ()
    # First and last run date.
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def id(self) -> str:
        """Its name in `ops.rule_effects` and in messages."""
        return f"{self.rule_set}.{self.name}"

    def is_valid_on(self, day: date) -> bool:
        """Whether the rule holds on that run date; both of its dates are included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_until is None or day <= self.valid_until)


class Selection(Rule):
    """The products that any of these names: by id, by category (or one below it), tag or brand. Names are whole, in whatever case, with
    `*` and `?` for any signs; a category may be named by its id or slug too."""

    products: tuple[int, ...] = ()
    categories: tuple[int | str, ...] = ()
    tags: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()

    @property
    def is_of_all(self) -> bool:
        """Whether it names nothing."""
        return not (self.products or self.categories or self.tags or self.brands)


class NamesProducts(Selection):
    """A selection that has to name something. Without that a rule would be about all products."""

    @model_validator(mode="after")
    def _names_something(self) -> "NamesProducts":
        if self.is_of_all:
            raise ValueError("name products, categories, tags or brands")
        return self


class Hide(NamesProducts):
    """Never shown. With channels: not in campaigns of these channels, while the lists keep it."""

    kind: Literal["hide"]
    channels: tuple[ChannelName, ...] = ()


class Pin(NamesProducts):
    """Of the first k places of a list, for every k, the share of k, rounded up, is for these products, if the customer may see so many."""

    kind: Literal["pin"]
    share: float = Field(gt=0, le=1)


class AtMost(Selection):
    """So many places at most for products of one category, or of one brand: each category, or each one that is named."""

    kind: Literal["at_most"]
    places: int = Field(ge=1)
    per: Literal["category", "brand"]


class StockCover(Selection):
    """Hidden while what is available lasts for fewer days than this, as it sold lately."""

    asks = (STOCK,)
    kind: Literal["stock_cover"]
    days: float = Field(gt=0)


class Boost(Selection):
    """Products with a good margin, or with a wholesaler's discount, move up. `give_up`: by so much of its chance to be bought, as the model
    sees it, a product may be less likely than one that it passes."""

    asks = (OFFERS,)
    kind: Literal["boost"]
    by: Literal["margin", "deal"]
    give_up: float = Field(gt=0, lt=1)
    # What is in the price, where prices of the catalogue include tax.
    tax_percent: float = Field(default=0, ge=0, lt=100)


AnyRule = Annotated[Hide | Pin | AtMost | StockCover | Boost, Field(discriminator="kind")]


class RuleFile(Part):
    """One file of conf/rules: its rules and its golden cases, each with a name that is used once."""

    rules: tuple[AnyRule, ...] = ()
    cases: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _names_are_given_once(self) -> "RuleFile":
        for names in ([rule.name for rule in self.rules], [case.name for case in self.cases]):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{', '.join(twice)} stands twice")
        return self


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are asked: by the names of their files, then as they stand. The same rules have the same repr."""

    rules: tuple[AnyRule, ...] = ()

    def on(self, day: date) -> "Rules":
        """Those that hold on a run date."""
        return Rules(tuple(rule for rule in self.rules if rule.is_valid_on(day)))

    def of_lists(self) -> "Rules":
        """Those that decide what is on lists. The others are the channels'."""
        return Rules(tuple(rule for rule in self.rules if not _is_of_channels(rule)))

    def of_channels(self) -> "Rules":
        """Those that decide nothing on lists: they hide in campaigns of some channel."""
        return Rules(tuple(rule for rule in self.rules if _is_of_channels(rule)))

    def of_channel(self, channel: str) -> "Rules":
        """Those that hide something in campaigns of the channel, whatever the lists have."""
        return Rules(tuple(rule for rule in self.rules if isinstance(rule, Hide) and channel in rule.channels))

    def everywhere(self) -> "Rules":
        """Rules of channels, as if they were of lists."""
        return Rules(tuple(rule.model_copy(update={"channels": ()}) for rule in self.rules))

    @property
    def hash(self) -> str:
        """16 hex digits, the same for the same rules."""
        said = json.dumps([rule.model_dump(mode="json") for rule in self.rules], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def _is_of_channels(rule: AnyRule) -> bool:
    return isinstance(rule, Hide) and bool(rule.channels)


def parse_rule_file(name: str, values: Mapping[str, Any]) -> RuleFile:
    """The file's rules and cases, checked. ConfigError (2) names what is wrong."""
    given = values.get("rules")
    named = [{**rule, "rule_set": name} if isinstance(rule, dict) else rule for rule in given] if isinstance(given, list) else given or []
    return parsed(RuleFile, f"rules/{name}.yaml", {**values, "rules": named, "cases": values.get("cases") or []}, SEE)


def rules_of(files: Mapping[str, RuleFile]) -> Rules:
    """The rules of all files."""
    return Rules(tuple(rule for _, file in sorted(files.items()) for rule in file.rules))

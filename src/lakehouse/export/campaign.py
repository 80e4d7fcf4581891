"""A campaign as data: conf/campaigns/<name>.yaml says to whom what goes, how often, and in which form."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from lakehouse.io.config.declared_parts import Country, Name, Part, parsed_file
from lakehouse.io.config.hold_out import HoldOut
from lakehouse.sources.channels import ChannelName

# As packs write a product.
ProductKey = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*-[0-9]{1,18}$")]


class Audience(Part):
    """Whom the campaign is for: everybody, or those for whom all of this holds."""

    countries: tuple[Country, ...] = ()
    # Who bought one of these products, in the shop whose lists are shown: `nl-123` of that shop, 123 alone of whatever shop has the id.
    bought: tuple[int | ProductKey, ...] = ()
    # Spark SQL over the columns of silver.customers.
    where: str | None = None


class Languages(Part):
    """The language of who has none of its own: by country, else `otherwise`."""

    otherwise: str
    by_country: Mapping[Country, str] = {}


class Utm(Part):
    """What a shop's analytics reads in a link; campaign, slot and run come from the pack."""

    source: str = Field(min_length=1)
    medium: str = Field(min_length=1)


class FrequencyCap(Part):
    """Nobody gets more than `packs` packs of the campaign's channel within `days` days, this one included."""

    packs: int = Field(ge=1)
    days: int = Field(ge=1, le=90)


class Stock(Part):
    """What a customer is expected to buy of a product that is shown, in pieces within a week, before anything was counted.

    It weighs as much as so many customers who were shown a product.
    """

    take_rate: Decimal = Field(default=Decimal("0.02"), gt=0, le=100, decimal_places=6)
    weight: int = Field(default=1_000, ge=1)


class Campaign(Part):
    """One campaign of conf/campaigns. `name` is that of its file; conf/README.md says what each value means."""

    name: Name
    channel: ChannelName
    purpose: Literal["marketing"] = "marketing"
    profile: Name
    audience: Audience = Audience()
    list_name: Literal["buy_again", "discover", "mixed"] = "mixed"
    slots: int = Field(ge=1, le=20)
    languages: Languages
    utm: Utm
    frequency_cap: FrequencyCap | None = None
    hold_out: HoldOut | None = None
    stock: Stock = Stock()
    # First and last run date.
    valid_from: date | None = None
    valid_until: date | None = None
    every_days: int = Field(default=1, ge=1)
    # A pack is deleted when it is so old.
    kept_days: int = Field(default=30, ge=1, le=365)

    @property
    def step(self) -> str:
        """Its name in the ledger."""
        return f"export.{self.name}"

    def why_not_due(self, run_date: date, last: date | None) -> str:
        """Empty if a night of this date makes a pack. `last`: the run date of its newest pack; that one may be made again."""
        if self.valid_from is not None and run_date < self.valid_from:
            return f"it begins on {self.valid_from}"
        if self.valid_until is not None and run_date > self.valid_until:
            return f"it ended on {self.valid_until}"
        if last is not None and run_date != last and abs((run_date - last).days) < self.every_days:
            return f"its pack of {last} is not {self.every_days} days old"
        return ""


def parse_campaign(name: str, values: Mapping[str, Any]) -> Campaign:
    """The campaign, checked. ConfigError (2) names what is wrong."""
    return parsed_file(Campaign, "campaigns", name, values)

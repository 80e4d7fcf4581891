"""What a value of a column is, for a recipient and for a product on the recipient's list. Plain Python: rows leave Spark here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from lakehouse.export.campaign import Campaign
from lakehouse.export.channels.channel import every_value
from lakehouse.export.links import with_parameters
from lakehouse.export.profile import Price, Profile
from lakehouse.export.texts import Texts, language, languages_of, sentence

# As Spark gives it: a dictionary by the columns of `recipients`; a product is one of its `items`.
Recipient = Mapping[str, Any]
Product = Mapping[str, Any]
# What a limit for texts cuts. Links and identifiers are whole or not there.
FREE_TEXTS = ("first_name", "product_name", "reason")


@dataclass(frozen=True)
class Pack:
    """What is the same for all rows."""

    campaign: Campaign
    profile: Profile
    run_date: date
    texts: Texts
    model_version: str | None

    @property
    def day(self) -> str:
        """The run date as it stands in names: 20261118."""
        return f"{self.run_date:%Y%m%d}"


def of_person(pack: Pack, name: str) -> Callable[[Recipient], str | None]:
    """The value of that name of a recipient (profile.PERSON, and those of the channels)."""
    fixed = {
        "campaign": pack.campaign.name,
        "run_date": pack.run_date.strftime(pack.profile.date_format),
        "list_name": pack.campaign.list_name,
        "model_version": pack.model_version,
    }
    if name in fixed:
        return lambda recipient: fixed[name]
    spoken = languages_of(pack.texts)
    computed: dict[str, Callable[[Recipient], str | None]] = {
        "language": lambda who: language(who["locale"], who["country_code"], spoken, pack.campaign.languages),
        "item_count": lambda who: str(len(who["items"])),
        **every_value(),
    }
    return computed.get(name, lambda who: who[name])


def of_product(pack: Pack, name: str) -> Callable[[Recipient, Product, int], str | None]:
    """The value of that name (profile.ITEM) of the product in a slot, counted from 1; 0 is none."""
    profile, campaign, speaks = pack.profile, pack.campaign, of_person(pack, "language")
    tracked = {"utm_source": campaign.utm.source, "utm_medium": campaign.utm.medium, "utm_campaign": campaign.name}

    @lru_cache(maxsize=1_000_000)
    def link(url: str, slot: int) -> str | None:
        # The run is told by its date: a pack that is made anew from the same has the same links.
        content = {"utm_content": f"slot_{slot}"} if slot else {}
        full = with_parameters(url, {**tracked, **content, "utm_id": f"{campaign.name}_{pack.day}"})
        return next((each for each in (full, url) if _fits(each, profile.max_text_bytes)), None)

    computed: dict[str, Callable[[Recipient, Product, int], str | None]] = {
        "slot": lambda who, item, slot: str(slot),
        "product_id": lambda who, item, slot: str(item["product_id"]),
        "product_key": lambda who, item, slot: f"{who['list_shop']}-{item['product_id']}",
        "price": lambda who, item, slot: price(item["price"], item["currency"], profile.price),
        "url": lambda who, item, slot: None if item["url"] is None else link(item["url"], slot),
        "image_url": lambda who, item, slot: item["image_url"] if _fits(item["image_url"] or "", profile.max_text_bytes) else None,
        "reason": lambda who, item, slot: sentence(
            pack.texts, item["reason_code"], item["reason_product_name"], speaks(who) or campaign.languages.otherwise
        ),
    }
    return computed.get(name, lambda who, item, slot: item[name])


def price(amount: Decimal | None, currency: str | None, form: Price) -> str | None:
    """The amount with the profile's digits and decimal mark, without a mark for thousands."""
    if amount is None:
        return None
    rounded = amount.quantize(Decimal(1).scaleb(-form.digits), ROUND_HALF_UP)
    text = f"{rounded:f}".replace(".", form.decimal_mark)
    return f"{text} {currency}" if form.with_currency and currency else text


def cut(text: str | None, max_bytes: int | None) -> str | None:
    """The text's first characters that are at most so many bytes of UTF-8."""
    if text is None or max_bytes is None or _fits(text, max_bytes):
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def _fits(text: str, max_bytes: int | None) -> bool:
    return max_bytes is None or len(text.encode()) <= max_bytes

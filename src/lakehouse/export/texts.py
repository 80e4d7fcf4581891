"""Sentences of a pack, and in which language a customer reads them."""

from collections.abc import Mapping
from typing import Any

from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Languages

# Code of a reason → language → sentence.
Texts = Mapping[str, Mapping[str, str]]


def parse_texts(values: Mapping[str, Any]) -> Texts:
    """Of conf/texts/reasons.yaml. ConfigError (2) unless every reason is a text in the same languages."""
    languages = {frozenset(texts) if isinstance(texts, Mapping) else None for texts in values.values()}
    are_texts = len(languages) == 1 and None not in languages
    if not are_texts or not all(isinstance(text, str) and text.strip() for texts in values.values() for text in texts.values()):
        raise ConfigError("texts/reasons.yaml: every reason needs a text in each language", "add the languages that are missing")
    return values


def languages_of(texts: Texts) -> frozenset[str]:
    return frozenset(next(iter(texts.values())))


def language(locale: str | None, country: str | None, spoken: frozenset[str], fallback: Languages) -> str:
    """That of the account (nl_NL, nl_NL_formal) if it is `spoken`, else the campaign's for the country, else the campaign's for others."""
    own = (locale or "").split("_")[0].lower()
    return own if own in spoken else fallback.by_country.get(country or "", fallback.otherwise)

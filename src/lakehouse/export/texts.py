"""Sentences of a pack, and in which language a customer reads them."""

from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Languages

# Code of a reason → language → sentence.
Texts = Mapping[str, Mapping[str, str]]
# The sentence in place of a code's own where a product is named as the reason, and where in it the product's name goes.
BECAUSE, PRODUCT = "because_you_bought", "{product}"
# So many characters of a product's name stand in a sentence.
LONGEST_NAME = 60


def parse_texts(values: Mapping[str, Any]) -> Texts:
    """Of conf/texts/reasons.yaml. ConfigError (2) unless every reason is a text in the same languages, BECAUSE with the product's place."""
    if not all(isinstance(name, str) for texts in values.values() if isinstance(texts, Mapping) for name in texts):
        raise ConfigError("texts/reasons.yaml: a language is no text", "put it into quotes: YAML reads no as a word")
    languages = {frozenset(texts) if isinstance(texts, Mapping) else None for texts in values.values()}
    are_texts = len(languages) == 1 and None not in languages
    if not are_texts or not all(isinstance(text, str) and text.strip() for texts in values.values() for text in texts.values()):
        raise ConfigError("texts/reasons.yaml: every reason needs a text in each language", "add the languages that are missing")
    if not all(text.count(PRODUCT) == (code == BECAUSE) for code, texts in values.items() for text in texts.values()):
        raise ConfigError(f"texts/reasons.yaml: {PRODUCT} stands once in each text of {BECAUSE}, and in no other", "correct the texts")
    return values


def sentence(texts: Texts, code: str, product_name: str | None, spoken: str) -> str:
    """What the customer reads: the product that is the reason by its name, cut at a word, or the code's sentence where none is named."""
    if not product_name or not product_name.strip():
        return texts[code][spoken]
    cut = shorten(product_name, LONGEST_NAME, placeholder="…")
    name = cut if cut != "…" else f"{product_name.strip()[: LONGEST_NAME - 1]}…"
    return texts[BECAUSE][spoken].replace(PRODUCT, name)


def languages_of(texts: Texts) -> frozenset[str]:
    """The languages in which every reason has a text; `parse_texts` holds that they are the same for all."""
    return frozenset(next(iter(texts.values())))


def language(locale: str | None, country: str | None, spoken: frozenset[str], fallback: Languages) -> str:
    """That of the account (nl_NL, nl_NL_formal) if it is `spoken`, else the campaign's for the country, else the campaign's for others."""
    own = (locale or "").split("_")[0].lower()
    return own if own in spoken else fallback.by_country.get(country or "", fallback.otherwise)

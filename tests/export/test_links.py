"""Links keep what they had; languages are the customer's own where they are known; campaigns are due."""

from datetime import date
from typing import Any

import pytest

from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Languages, parse_campaign
from lakehouse.export.links import with_parameters
from lakehouse.export.texts import BECAUSE, language, parse_texts, sentence

UTM = {"utm_source": "news letter", "utm_id": "a&b"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://s.example/?p=1", "https://s.example/?p=1&utm_source=news+letter&utm_id=a%26b"),
        ("https://s.example/p", "https://s.example/p?utm_source=news+letter&utm_id=a%26b"),
        (
            "https://s.example/p?q=a%20b+c&x=%C3%A9&q=2&flag&=e#part-2",
            "https://s.example/p?q=a%20b+c&x=%C3%A9&q=2&flag&=e&utm_source=news+letter&utm_id=a%26b#part-2",
        ),
        ("https://s.example/p?utm_source=old&p=1&utm%5Fid=2", "https://s.example/p?p=1&utm_source=news+letter&utm_id=a%26b"),
        ("https://[bad/x", "https://[bad/x"),
        ("", ""),
        ("https://s.example/zażółć?ż=ź", "https://s.example/zażółć?ż=ź&utm_source=news+letter&utm_id=a%26b"),
    ],
)
def test_a_link_gets_parameters_and_loses_nothing(url: str, expected: str) -> None:
    assert with_parameters(url, UTM) == expected
    assert with_parameters(expected, UTM) == expected


@pytest.mark.parametrize(
    ("locale", "country", "expected"),
    [
        ("de_DE", "NL", "de"),
        ("nl_NL_formal", None, "nl"),
        ("it_IT", "NL", "nl"),
        (None, "NL", "nl"),
        (None, "IT", "en"),
        (None, None, "en"),
    ],
)
def test_a_language_is_the_accounts_else_that_of_the_country(locale: str | None, country: str | None, expected: str) -> None:
    fallback = Languages(otherwise="en", by_country={"NL": "nl"})
    assert language(locale, country, frozenset({"en", "nl", "de"}), fallback) == expected


@pytest.mark.parametrize("texts", [{"a": {"en": "x"}, "b": {"en": "x", "nl": "y"}}, {"a": {"en": " "}}, {"a": "x"}, {}])
def test_a_reason_without_a_text_in_some_language_is_told(texts: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"texts/reasons\.yaml"):
        parse_texts(texts)


@pytest.mark.parametrize("because", ["Because you bought it", "{product} and {product}"])
def test_the_sentence_about_a_product_has_its_place_once_and_no_other_has_it(because: str) -> None:
    for texts in ({"als": {"en": "x"}, BECAUSE: {"en": because}}, {"als": {"en": "{product}"}, BECAUSE: {"en": "of {product}"}}):
        with pytest.raises(ConfigError, match="stands once in each text of because_you_bought"):
            parse_texts(texts)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Oude kaas {jong}", "Omdat je Oude kaas {jong} hebt gekocht"),
        (None, "Voor jou"),
        (" ", "Voor jou"),
        ("Kaas " * 20, f"Omdat je {('Kaas ' * 12).strip()}… hebt gekocht"),
        ("K" * 80, f"Omdat je {'K' * 59}… hebt gekocht"),
    ],
)
def test_a_reason_names_the_product_cut_at_a_word_or_says_the_codes_sentence(name: str | None, expected: str) -> None:
    texts = parse_texts({"als": {"nl": "Voor jou"}, BECAUSE: {"nl": "Omdat je {product} hebt gekocht"}})
    assert sentence(texts, "als", name, "nl") == expected


def test_a_campaign_is_due_within_its_days_and_so_many_days_after_its_last_pack() -> None:
    given: dict[str, Any] = {"channel": "email", "profile": "generic_wide", "slots": 8, "languages": {"otherwise": "en"}}
    given |= {"utm": {"source": "s", "medium": "m"}, "every_days": 7, "valid_from": "2026-11-02", "valid_until": "2026-11-30"}
    campaign = parse_campaign("weekly", given)

    def why(day: int, last: int | None) -> str:
        return campaign.why_not_due(date(2026, 11, day), None if last is None else date(2026, 11, last))

    assert [why(2, None), why(9, 2), why(30, 2)] == ["", "", ""]
    assert why(2, 2) == ""  # the pack of the date may be made again
    assert why(8, 2) == "its pack of 2026-11-02 is not 7 days old"
    assert why(1, None) == "it begins on 2026-11-02"
    assert campaign.why_not_due(date(2026, 12, 1), None) == "it ended on 2026-11-30"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slots": 0}, "slots"),
        ({"hold_out": {"share": 1.5, "salt": "12345678"}}, "hold_out.share"),
        ({"audience": {"countries": ["nl"]}}, "audience.countries"),
        ({"kept_days": 400}, "kept_days"),
        ({"chanel": "email"}, "chanel"),
    ],
)
def test_a_campaign_that_is_wrong_is_told_with_its_file(change: dict[str, Any], words: str) -> None:
    given = {"channel": "email", "profile": "x", "slots": 8, "languages": {"otherwise": "en"}, "utm": {"source": "s", "medium": "m"}}
    with pytest.raises(ConfigError, match=rf"campaigns/mine\.yaml: .*{words}"):
        parse_campaign("mine", {**given, **change})

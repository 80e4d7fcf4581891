"""Addresses: one recipient, one form."""

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import answers

from lakehouse.privacy.emails import is_anonymised_email, is_valid, normalised_email, with_ascii_domain


def test_one_recipient_has_one_form_however_it_was_typed(spark: SparkSession) -> None:
    expected: dict[str | None, str | None] = {
        " Anna.B+food@Shop.Example\t\n": "anna.b+food@shop.example",
        "anna.b+food@shop.example": "anna.b+food@shop.example",
        # A no-break space, a byte order mark and a zero-width space, a soft hyphen, a mark of writing direction.
        "\u00a0anna@shop.example\u2003": "anna@shop.example",
        "\ufeffan\u200bna@shop.example": "anna@shop.example",
        "\u200b \u00a0anna@sh\u00adop.example \u202c": "anna@shop.example",
        # Domains are lower case and Punycode on the wire.
        "Anna@BÜCHER.example": "anna@xn--bcher-kva.example",
        "anna@bu\u0308cher.example": "anna@xn--bcher-kva.example",
        "anna@xn--bcher-kva.example": "anna@xn--bcher-kva.example",
        "jo\u0301ska@shop.example": "jóska@shop.example",
        "a nna@shop.example": "a nna@shop.example",
        "ü": "ü",
        "": "",
        None: None,
    }
    assert answers(spark, list(expected), normalised_email) == expected


def test_a_domain_that_cannot_be_encoded_stays_as_it_is() -> None:
    long = "ü" * 80
    assert [with_ascii_domain(f"anna@{domain}") for domain in (long, "ü..example", "")] == [f"anna@{long}", "anna@ü..example", "anna@"]


def test_the_addresses_that_woocommerce_writes_over_erased_ones_are_anonymised(spark: SparkSession) -> None:
    expected: dict[str | None, bool] = {
        "deleted@site.invalid": True,
        " Deleted@Site.INVALID ": True,
        "[deleted]": True,
        "anna@shop.example": False,
        "invalid@shop.example": False,
        "": False,
        None: False,
    }
    assert answers(spark, list(expected), is_anonymised_email) == expected


@pytest.mark.parametrize("formula", ["=cmd", "+1", "-1", "@sum"])
def test_what_a_spreadsheet_takes_for_a_formula_is_not_written_to(formula: str) -> None:
    assert not is_valid(f"{formula}@shop.example")
    assert is_valid(f"a{formula.replace('@', '')}@shop.example")

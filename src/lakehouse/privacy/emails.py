"""E-mail addresses: the one form that stands for a recipient, and which of them mail can be sent to."""

import unicodedata
from collections.abc import Callable

import pandas as pd
from email_validator import EmailNotValidError, validate_email
from idna import encode as in_ascii
from pyspark.sql import Column
from pyspark.sql import functions as F

# Of Unicode's categories: separators (no-break spaces are some), and what is not shown at all, as U+200B and U+FEFF.
INVISIBLE, AROUND = r"\p{Cf}", r"\s\p{Z}\p{Cc}"
# A spreadsheet takes what begins so for a formula.
OF_A_FORMULA = ("=", "+", "-", "@")


def email_as_typed(value: Column) -> Column:
    """In lower case, without invisible signs, without white space around it.

    Tags after a plus and dots stay: taking them off would make one person of several at some providers.
    """
    return F.lower(F.regexp_replace(value, rf"^[{AROUND}{INVISIBLE}]+|[{AROUND}{INVISIBLE}]+$|{INVISIBLE}", ""))


def normalised_email(value: Column) -> Column:
    """The form that identity, flags and campaign files use: as typed, with the domain as the internet's servers know it.

    `Anna@Bücher.example` and `anna@xn--bcher-kva.example` are one recipient.
    """
    typed = email_as_typed(value)
    # Every row goes to Python and back, whatever condition stands around it: a null is the cheapest to send.
    return F.coalesce(_on_texts("string", with_ascii_domain)(F.when(typed.rlike(r"[^\p{ASCII}]"), typed)), typed)


def is_anonymised_email(value: Column) -> Column:
    """True for the addresses that WooCommerce writes when it anonymises (`deleted@site.invalid`, `[deleted]`)."""
    email = email_as_typed(value)
    return F.coalesce(email.endswith(".invalid") | email.contains("[deleted]"), F.lit(False))


def is_valid_email(value: Column) -> Column:
    """Whether a normalised address has the form of one that mail can be sent to; null of null."""
    return _on_texts("boolean", is_valid)(value)


def with_ascii_domain(email: str) -> str:
    """The address in Unicode's composed form, its domain by IDNA 2008 after UTS 46; a domain that can't be so stays as it is."""
    local, at, domain = unicodedata.normalize("NFC", email).rpartition("@")
    try:
        return local + at + (domain if not at or domain.isascii() else in_ascii(domain, uts46=True).decode())
    except UnicodeError:
        return local + at + domain


def is_valid(email: str) -> bool:
    """By the rules of the library email-validator, which asks no server here. What a spreadsheet would take for a formula is not valid."""
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        return False
    return not email.startswith(OF_A_FORMULA)


def _on_texts(kind: str, function: Callable[[str], object]) -> Callable[[Column], Column]:
    @F.pandas_udf(kind)  # type: ignore[call-overload, untyped-decorator]
    def of_texts(texts: pd.Series) -> pd.Series:
        return texts.map(function, na_action="ignore")

    return of_texts  # type: ignore[no-any-return]

"""Keyed pseudonyms: HMAC-SHA256, so that nobody without the key can try out addresses."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty
from lakehouse.privacy.emails import email_as_typed, is_anonymised_email, with_ascii_domain
from lakehouse.sources.source import Pseudonym


def pseudonym(key: str, message: str) -> str:
    """64 hex digits: HMAC-SHA256 (RFC 2104) of the message under the key."""
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def pseudonym_of_email(key: str, email: str) -> str:
    """As `with_pseudonyms` gives an address its own."""
    return pseudonym(key, f"email:{with_ascii_domain(email.strip().lower())}")


def fingerprint(key: str) -> str:
    """What a lake stores to know its key again; says nothing about the key."""
    return pseudonym(key, "fingerprint of the key of this lake")


def with_pseudonyms(frame: DataFrame, pseudonyms: Sequence[Pseudonym], key: str) -> DataFrame:
    """Add the declared pseudonyms, and `is_anonymised` where one is of an e-mail. Needs the column shop_code.

    Null where there is nobody to name: no or an anonymised e-mail, user id 0 or null. The key travels inside the
    function to the workers and so is in no query plan.
    """
    for declared in pseudonyms:
        # The rest of an address's one form is made in Python, where it is on its way to anyhow.
        keyed = _keyed(key, with_ascii_domain if declared.kind == "email" else str)
        frame = frame.withColumn(declared.name, keyed(_message(declared)))
        if declared.kind == "email":
            frame = frame.withColumn("is_anonymised", is_anonymised_email(F.col(declared.of)))
    return frame


def _message(declared: Pseudonym) -> Column:
    """What is hashed: its kind in front, so that user 7 and order 7 differ. An address is the same person in every shop."""
    value = F.col(declared.of)
    if declared.kind == "email":
        email = null_if_empty(email_as_typed(value))
        return F.when(~is_anonymised_email(value), F.concat(F.lit("email:"), email))
    if declared.kind == "app_user":
        return F.concat(F.lit("app_user:"), value)
    return F.when(value > 0, F.concat_ws(":", F.lit(declared.kind), "shop_code", value))


def _keyed(key: str, form: Callable[[str], str]) -> Callable[[Column], Column]:
    @F.pandas_udf("string")  # type: ignore[call-overload, untyped-decorator]
    def keyed(messages: pd.Series) -> pd.Series:
        return messages.map(lambda message: pseudonym(key, form(message)), na_action="ignore")

    return keyed  # type: ignore[no-any-return]

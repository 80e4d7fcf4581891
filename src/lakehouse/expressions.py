"""Column → Column helpers that several tables share."""

import html

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from lakehouse.table import MONEY, QUANTITY


def money(value: Column) -> Column:
    """decimal(26,8) of a number or of its text; null where it is neither."""
    return decimal(value, MONEY)


def quantity(value: Column) -> Column:
    """decimal(18,4): shops that sell by weight have quantities such as 0.25."""
    return decimal(value, QUANTITY)


def decimal(value: Column, to: DecimalType) -> Column:
    """Never through double: text goes to decimal at once. Empty or not a number gives null."""
    return value.try_cast(to)


def amount_as_read(value: Column, decimal_sign: Column) -> Column:
    """What WooCommerce makes of the text of an amount (`wc_format_decimal`); null where that is no number.

    `decimal_sign` stands before the decimals in this shop; a point does everywhere. Signs other than digits, point and minus are passed
    over, an `e` too (`1e5` is 15), and of several points the last one counts.
    """
    pointed = F.replace(value, F.coalesce(decimal_sign, F.lit(".")), F.lit("."))
    plain = F.regexp_replace(pointed, r"\.(?![^.]+$)|[^0-9.-]", "")
    # Most texts are numbers as they stand, and a cast is cheaper than a pattern.
    as_it_stands = F.when(~F.lower(pointed).contains("e"), money(pointed))
    return F.coalesce(as_it_stands, money(plain))


def amount_or_zero(value: Column, decimal_sign: Column) -> Column:
    """The same of orders and their lines, where what is no number is 0."""
    return F.coalesce(amount_as_read(value, decimal_sign), F.lit(0).cast(MONEY))


def quantity_as_read(value: Column) -> Column:
    """The number that a text begins with, 0 if there is none: what PHP's `floatval` makes of it, and so shops that sell by weight."""
    leading = F.regexp_extract(value, r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", 1)
    return F.coalesce(quantity(value), quantity(leading), F.lit(0).cast(QUANTITY))


def local_date(at: Column, zone: Column) -> Column:
    """The calendar day of a UTC time in a time zone such as Europe/Amsterdam."""
    return F.to_date(F.from_utc_timestamp(at, zone))


def null_if_empty(value: Column) -> Column:
    """Null for text that is empty or only white space."""
    trimmed = without_outer_space(value)
    return F.when(trimmed != "", trimmed)


def without_outer_space(value: Column) -> Column:
    """Text without white space of any kind around it; Spark's own trim takes blanks only."""
    return F.regexp_replace(value, r"^\s+|\s+$", "")


def unescape_html(value: Column) -> Column:
    """Text with HTML entities decoded once, as WordPress stores names (`Fruits &amp; Vegetables`)."""

    @F.pandas_udf("string")  # type: ignore[call-overload, untyped-decorator]
    def unescaped(texts: pd.Series) -> pd.Series:
        return texts.map(html.unescape, na_action="ignore")

    # Every row goes to Python and back, whatever condition stands around it: a null is the cheapest to send.
    return F.coalesce(unescaped(F.when(value.contains("&"), value)), value)


def pivot_meta(rows: DataFrame, by: list[str], meta_id: str, keys: dict[str, str]) -> DataFrame:
    """One row per `by`, one text column per meta key: `keys` maps the column's name to the key.

    A key that stands several times gives the value of its lowest id, which is the one that WordPress reads (`get_metadata_raw`).
    """
    first = (F.min_by("meta_value", F.when(F.col("meta_key") == key, F.col(meta_id))).alias(name) for name, key in keys.items())
    return rows.groupBy(*by).agg(*first)


# MySQL's latin1 is cp1252, with the five bytes that cp1252 leaves open kept as control characters.
LATIN1_SIGNS = bytes(byte for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
NOT_LATIN1 = rf"[^\p{{ASCII}}\x81\x8D\x8F\x90\x9D\xA0-\xFF{LATIN1_SIGNS.decode('cp1252')}]"


def repaired_text(value: Column) -> Column:
    """Text as it was meant where UTF-8 was stored in latin1 columns (`CafÃ©` for `Café`); any other text as it is.

    Repaired is what is not ASCII and, taken as the bytes of MySQL's latin1, is valid UTF-8. Once only: a text that was wrong
    twice stays wrong once. Right text that happens to be valid so is changed: no value alone tells `NESCAFÉ®` from a broken `NESCAFɮ`.
    """
    is_ascii = F.octet_length(value) == F.char_length(value)
    bytewise = F.translate(value, LATIN1_SIGNS.decode("cp1252"), LATIN1_SIGNS.decode("latin-1"))
    meant = F.try_validate_utf8(F.encode(bytewise, "ISO-8859-1").cast("string"))
    # Inside the condition, since encode fails on text that is no latin1.
    return F.coalesce(F.when(~is_ascii & ~value.rlike(NOT_LATIN1), meant), value)

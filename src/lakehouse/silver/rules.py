"""Rules that several tables share."""

from lakehouse.table import Rule

# The length as well: `$` also matches before a line break at the end.
CURRENCY_IS_A_CODE = Rule("currency_is_a_code", "length(currency_code) = 3 and currency_code rlike '^[A-Z]{3}$'")

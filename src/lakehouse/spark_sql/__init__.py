"""Spark SQL in DuckDB's words, for the constructs of which both are known to make the same of the same rows.

Text and the columns of tables in, text out; nothing here reads or asks. What is not on the list raises `NotOnTheList`, with the reason.
`queries.py` says what a query may be made of, `expressions.py` what stands in it, `functions.py` which functions it may call.
"""

from lakehouse.spark_sql.kinds import Columns, NotOnTheList, kind_of
from lakehouse.spark_sql.queries import Translated, translated

__all__ = ["Columns", "NotOnTheList", "Translated", "kind_of", "translated"]

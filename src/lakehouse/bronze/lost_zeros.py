"""Codes whose leading zeros a spreadsheet took: they are put back where the list before has the same code with them, and only there."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.sources.feed import Feed


def lost_zeros(rows: DataFrame, there: DataFrame, feed: Feed) -> DataFrame:
    """`code` of the file's rows, and `known_code`: the same with zeros before it, as the table `there` has it, one row for each such code.

    For sure only if the file has the code with its zeros nowhere, the table has it without them nowhere, and one code alone fits.
    """
    name = feed.code_column
    given, known = (frame.select(F.col(name).alias("code")).distinct() for frame in (rows, there))
    padded = known.where("code rlike '^0[0-9]+$'").join(given, "code", "left_anti")
    fitting = padded.groupBy(F.ltrim("code", F.lit("0")).alias("code")).agg(
        F.min("code").alias("known_code"), F.count("*").alias("fitting")
    )
    return given.join(known, "code", "left_anti").join(fitting.where("fitting = 1").drop("fitting"), "code")


def put_back(rows: DataFrame, lost: DataFrame, feed: Feed) -> DataFrame:
    """The rows with the codes of `lost` (a result of `lost_zeros`) as they were known."""
    name = feed.code_column
    found = rows.join(F.broadcast(lost.withColumnRenamed("code", name)), name, "left")
    return found.withColumn(name, F.coalesce("known_code", name)).select(*rows.columns)

"""Compares a table with the rows that it is to have: in Spark, or in the driver if both are small."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import CollapseError
from lakehouse.io.delta import delta_files
from lakehouse.table import quoted

# So many rows may be deleted at once whatever their share: in a small table a few rows are a large share.
FEW_ROWS = 10
CHANGE, INSERT, UPDATE, DELETE = "_lakehouse_change", "insert", "update", "delete"


def differences(old: pa.Table, new: pa.Table, key: Sequence[str]) -> pa.Table:
    """One row for each row that differs: its new values (of a deleted row the old ones), and INSERT, UPDATE or DELETE in the column CHANGE.

    Two nulls are equal.
    """
    by = ", ".join(map(quoted, key))
    names = [quoted(name) for name in new.schema.names]
    values = [quoted(name) for name in new.schema.names if name not in key]
    is_other = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in values) or "false"
    taken = ", ".join(f"CASE WHEN n._there IS NULL THEN o.{name} ELSE n.{name} END AS {name}" for name in names)
    kind = f"CASE WHEN o._there IS NULL THEN '{INSERT}' WHEN n._there IS NULL THEN '{DELETE}' ELSE '{UPDATE}' END"
    found = delta_files.ask(
        f"SELECT {kind} AS {CHANGE}, {taken} FROM (SELECT *, true AS _there FROM old) o FULL OUTER JOIN"
        f" (SELECT *, true AS _there FROM new) n USING ({by}) WHERE o._there IS NULL OR n._there IS NULL OR {is_other}",
        old=old,
        new=new,
    )
    return found.cast(pa.schema([pa.field(CHANGE, pa.string()), *new.schema]))


def differences_in_spark(old: DataFrame, new: DataFrame, key: tuple[str, ...]) -> DataFrame:
    """The same as `differences`, computed by Spark."""
    before = old.select(*key, F.struct(*old.columns).alias("before"))
    after = new.select(*key, F.struct(*old.columns).alias("after"))
    kind = F.when(F.col("before").isNull(), INSERT).when(F.col("after").isNull(), DELETE).otherwise(UPDATE)
    return (
        before.join(after, list(key), "full_outer")
        .where(~F.col("before").eqNullSafe(F.col("after")))
        .select(kind.alias(CHANGE), F.coalesce("after", "before").alias("row"))
        .select(CHANGE, "row.*")
    )


def refuse_collapse(name: str, deleted: int, there: int, max_share: float) -> None:
    """CollapseError (65) if so many rows would be deleted that the source was probably read in part only.

    Up to FEW_ROWS rows may always be deleted, unless no row would be left.
    """
    if deleted > max_share * there and (deleted > FEW_ROWS or deleted == there):
        raise CollapseError(
            f"{name}: {deleted} of {there} rows are gone from the source, more than {max_share:.0%}; the table stays as it was",
            f"look at the source; if it is right, run again with --accept-deletes {name}",
            deleted,
            there,
        )

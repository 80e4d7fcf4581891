"""Between a built frame and its table: columns as declared, keys unique, rows that break a rule set apart, then the write."""

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import DataError
from lakehouse.io.delta_store import DeltaStore, Written
from lakehouse.scope import Scope
from lakehouse.table import Table, broken_rules, conform

BROKEN = "_broken_rules"
Write = Literal["replace", "sync"]


def quarantine_of(name: str) -> str:
    """Where a table's rows are that break a rule."""
    return f"quarantine.{name.replace('.', '__')}"


@dataclass(frozen=True)
class Loaded:
    """Rows of one load: read = written + unchanged + rejected."""

    read: int
    rejected: int
    written: Written


def load(
    store: DeltaStore,
    table: Table,
    frame: DataFrame,
    write: Write,
    run_id: str,
    scope: Scope | None = None,
    max_delete_share: float = 1,
) -> Loaded:
    """Write the frame's good rows to the table and its bad ones to quarantine.

    DataError (65) if a key stands twice, more rows break a rule than the table tolerates, or a sync would delete more than
    `max_delete_share` of a shop's rows; the table stays as it is then.
    Two passes over the frame, which is kept in between: one aggregate by key, one write.
    """
    built = conform(frame, table).withColumn(BROKEN, broken_rules(table)).persist()
    try:
        read, rejected = _check_keys(built, table)
        good = built.where(F.size(BROKEN) == 0).drop(BROKEN)
        if rejected:
            bad = built.where(F.size(BROKEN) > 0).withColumn("_run_id", F.lit(run_id))
            store.append(quarantine_of(table.name), bad)
            _check_share(built, table, max(read, _rows_there(store, table, scope)), rejected)
        if write == "sync":
            return Loaded(read, rejected, store.sync(table, good, scope, max_delete_share))
        store.replace(table.name, good)
        return Loaded(read, rejected, Written(inserted=read - rejected))
    finally:
        built.unpersist()


def _check_keys(built: DataFrame, table: Table) -> tuple[int, int]:
    """(rows, rows that break a rule). One aggregate."""
    is_bad = (F.size(BROKEN) > 0).cast("int")
    by_key = built.groupBy(*table.key).agg(F.count("*").alias("n"), F.sum(is_bad).alias("bad"))
    is_twice = (F.col("n") - F.col("bad") > 1).cast("int")
    row = by_key.agg(F.sum("n").alias("n"), F.sum("bad").alias("bad"), F.sum(is_twice).alias("twice")).first()
    assert row is not None
    if row["twice"]:
        key = ", ".join(table.key)
        raise DataError(f"{table.name}: {row['twice']} keys ({key}) stand more than once", "the source must have one row a key")
    return row["n"] or 0, row["bad"] or 0


def _rows_there(store: DeltaStore, table: Table, scope: Scope | None) -> int:
    """A part is judged as if all had been built: one bad order of the twenty of a quiet night is no reason to stop it."""
    is_part = scope is not None and store.head(table.name) is not None
    return store.read(table.name).count() if is_part else 0


def _check_share(built: DataFrame, table: Table, rows: int, rejected: int) -> None:
    """`rows`: of the table if all of it was built."""
    if rejected > rows * table.max_reject_share:
        rules = built.select(F.explode(BROKEN).alias("rule")).groupBy("rule").count().orderBy("rule").collect()
        reasons = ", ".join(f"{row['rule']} {row['count']}" for row in rules)
        raise DataError(
            f"{table.name}: {rejected} of {rows} rows break a rule, more than {table.max_reject_share:.1%}: {reasons}",
            f"look at {quarantine_of(table.name)}; mend the source or the rule",
        )

"""Loads a built frame into its table. Columns are cast as declared, keys are checked, rows that break a rule go to quarantine, and the good
rows are written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import declared_schema
from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore, Written
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.pipeline.rejects import BROKEN, Rejects, new_rejects, refuse_too_many, rejects_among, set_apart
from lakehouse.sample_keys import format_keys, sample_keys
from lakehouse.scope import Scope
from lakehouse.table import Rule, Table, Write, broken_rules, conform, holds, row_rules, with_answer

# For each key: `n` rows, `bad` of which break a rule.
IS_DUPLICATE = "n - bad > 1"


@dataclass(frozen=True)
class Loaded:
    """Numbers of rows: read = written + unchanged + rejected. `rejects`: rule → the rows that break it; one row may break several rules."""

    read: int
    rejected: int
    written: Written
    rejects: Mapping[str, Rejects] = field(default_factory=dict)


def load(
    store: DeltaStore,
    table: Table,
    frame: DataFrame,
    write: Write,
    run_id: str,
    scope: Scope | None = None,
    max_delete_share: float = 1,
    others: Mapping[str, DataFrame] | None = None,
    is_small: bool = False,
) -> Loaded:
    """Write the frame's good rows to the table and its bad ones to quarantine.

    `others`: name of a table → its rows. A row that refers to none of them goes to quarantine too. `scope`: the part of the table that the
    frame is; None is all of it. `is_small`: the rows fit into the driver's memory.

    DataError (65), and the table stays as it was: a key is there twice among good rows, more rows break a rule than the table tolerates, a
    rule can't be computed, or a sync would delete more than `max_delete_share` of a shop's rows.

    A small frame takes one Spark job, and the driver does the rest. Any other frame takes two passes, between which Spark caches it: one
    aggregate by key, and one write.
    """
    rows = conform(frame, table)
    with _naming_broken_rule(rows, table):
        built = with_broken_rules(rows, table, others or {})
        loaded = CollectedRows(store, table, built) if is_small else PersistedRows(built, table)
    try:
        with _naming_broken_rule(rows, table):
            read, rejected, duplicates = loaded.counts()
        if duplicates:
            keys = format_keys(sample_keys(table, loaded.duplicate_keys()))
            message = f"{table.name}: {duplicates} keys ({', '.join(table.key)}) stand more than once{keys}"
            raise DataError(message, "the source must have one row a key")
        rejects: dict[str, Rejects] = {}
        if rejected:
            bad = loaded.bad()
            # Counted before these rows are in quarantine themselves.
            news = new_rejects(store, table, bad)
            store.append(quarantine_of(table.name), set_apart(bad, run_id))
            rejects = rejects_among(bad, table)
            refuse_too_many(news, table, read, max(read, _rows_there(store, table, scope)), rejects)
        if write == "sync":
            return Loaded(read, rejected, store.sync(table, loaded.good(), scope, max_delete_share), rejects)
        store.replace(table.name, loaded.good())
        return Loaded(read, rejected, Written(inserted=read - rejected), rejects)
    finally:
        loaded.release()


class PersistedRows:
    """Built rows that Spark caches in memory or on disk, so there may be any number of them."""

    def __init__(self, built: DataFrame, table: Table) -> None:
        self._built, self._table = built.persist(), table

    def counts(self) -> tuple[int, int, int]:
        """(rows, rows that break a rule, keys that more than one good row has), from one aggregate."""
        row = self._by_key().agg(F.sum("n").alias("n"), F.sum("bad").alias("bad"), F.count_if(F.expr(IS_DUPLICATE)).alias("twice")).first()
        assert row is not None
        return row["n"] or 0, row["bad"] or 0, row["twice"]

    def duplicate_keys(self) -> DataFrame:
        """Keys that more than one good row has."""
        return self._by_key().where(IS_DUPLICATE)

    def bad(self) -> DataFrame:
        """Rows that break a rule, with the names of the rules."""
        return self._built.where(F.size(BROKEN) > 0)

    def good(self) -> DataFrame:
        """Rows that break none, as declared."""
        return self._built.where(F.size(BROKEN) == 0).drop(BROKEN)

    def release(self) -> None:
        """Free what Spark has cached."""
        self._built.unpersist()

    def _by_key(self) -> DataFrame:
        is_bad = (F.size(BROKEN) > 0).cast("int")
        return self._built.groupBy(*self._table.key).agg(F.count("*").alias("n"), F.sum(is_bad).alias("bad"))


class CollectedRows:
    """Built rows that were collected into the driver's memory."""

    def __init__(self, store: DeltaStore, table: Table, built: DataFrame) -> None:
        self._spark, self._key, self._schema = store.spark, list(table.key), built.schema
        rows = built.toArrow()
        is_bad = pc.greater(pc.list_value_length(rows[BROKEN]), 0)
        self._bad = rows.filter(is_bad)
        self._good = rows.filter(pc.invert(is_bad)).drop_columns(BROKEN).cast(declared_schema(table))

    def counts(self) -> tuple[int, int, int]:
        """(rows, rows that break a rule, keys that more than one good row has)."""
        return self._bad.num_rows + self._good.num_rows, self._bad.num_rows, self._duplicate_keys().num_rows

    def duplicate_keys(self) -> DataFrame:
        """Keys that more than one good row has."""
        return self._spark.createDataFrame(self._duplicate_keys())

    def bad(self) -> DataFrame:
        """Rows that break a rule, with the names of the rules."""
        return self._spark.createDataFrame(self._bad, self._schema)

    def good(self) -> pa.Table:
        """Rows that break none, as declared."""
        return self._good

    def release(self) -> None:
        """Nothing to do: Python frees the rows by itself."""

    def _duplicate_keys(self) -> pa.Table:
        by_key = self._good.group_by(self._key).aggregate([([], "count_all")])
        return by_key.filter(pc.greater(by_key["count_all"], 1)).drop_columns("count_all")


def with_broken_rules(rows: DataFrame, table: Table, others: Mapping[str, DataFrame]) -> DataFrame:
    """The rows with `_broken_rules`: the names of the rules, and of the references to `others`, that each breaks."""
    references = [reference for reference in table.references if reference.to.name in others]
    answered = rows
    for reference in references:
        answered = with_answer(answered, reference, others[reference.to.name])
    judged = answered.withColumn(BROKEN, broken_rules(table, references))
    return judged.select(*table.column_names, BROKEN) if references else judged


@contextmanager
def _naming_broken_rule(rows: DataFrame, table: Table) -> Iterator[None]:
    """If Spark fails, find out whether a rule is the reason. DataError (65) then names the rule; otherwise Spark's own error is raised."""
    try:
        yield
    except PySparkException:
        rows.write.format("noop").mode("overwrite").save()
        for rule in row_rules(table):
            _refuse_without_answer(rows, table, rule)
        raise


def _refuse_without_answer(rows: DataFrame, table: Table, rule: Rule) -> None:
    try:
        rows.where(~holds(rule)).count()
    except PySparkException as error:
        raise DataError(
            f"{table.name}: {rule.name} could not be told ({rule.condition}): {type(error).__name__}",
            "mend the rule: it must have an answer for every row",
        ) from None


def _rows_there(store: DeltaStore, table: Table, scope: Scope | None) -> int:
    """Rows of the whole table if only a part was built, else 0. Rejects are measured against it: one bad order among the twenty of a quiet
    night must not stop the night."""
    is_part = scope is not None and store.head(table.name) is not None
    return store.count(table.name) if is_part else 0

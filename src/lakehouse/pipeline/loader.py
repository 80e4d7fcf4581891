"""Between a built frame and its table: columns as declared, keys unique, rows that break a rule set apart, then the write."""

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

# Of rows counted by key, `n` and of them `bad`.
IS_TWICE = "n - bad > 1"


@dataclass(frozen=True)
class Loaded:
    """Rows of one load: read = written + unchanged + rejected. `rejects`: rule → those that break it; a row may break several."""

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

    `others`: by name, tables that rows must refer to, or else go to quarantine too. `is_small`: the driver may hold all rows.
    DataError (65) if a key stands twice, more rows break a rule than the table tolerates, a rule could not be told, or a sync would
    delete more than `max_delete_share` of a shop's rows; the table stays as it is then.
    Of a small frame one Spark job computes the rows, and the driver does the rest; one job more for each thing that is wrong. Of
    others two passes over the frame, which is kept in between: one aggregate by key, one write.
    """
    rows = conform(frame, table)
    with _rules_told(rows, table):
        built = with_broken_rules(rows, table, others or {})
        held = Held(store, table, built) if is_small else Kept(built, table)
    try:
        with _rules_told(rows, table):
            read, rejected, twice = held.counts()
        if twice:
            keys = format_keys(sample_keys(table, held.twice()))
            message = f"{table.name}: {twice} keys ({', '.join(table.key)}) stand more than once{keys}"
            raise DataError(message, "the source must have one row a key")
        rejects: dict[str, Rejects] = {}
        if rejected:
            bad = held.bad()
            # Before they are among them.
            news = new_rejects(store, table, bad)
            store.append(quarantine_of(table.name), set_apart(bad, run_id))
            rejects = rejects_among(bad, table)
            refuse_too_many(news, table, read, max(read, _rows_there(store, table, scope)), rejects)
        if write == "sync":
            return Loaded(read, rejected, store.sync(table, held.good(), scope, max_delete_share), rejects)
        store.replace(table.name, held.good())
        return Loaded(read, rejected, Written(inserted=read - rejected), rejects)
    finally:
        held.release()


class Kept:
    """Built rows in Spark's memory or on its disks: any number of them."""

    def __init__(self, built: DataFrame, table: Table) -> None:
        self._built, self._table = built.persist(), table

    def counts(self) -> tuple[int, int, int]:
        """(rows, rows that break a rule, keys that stand twice among the others). One aggregate."""
        row = self._by_key().agg(F.sum("n").alias("n"), F.sum("bad").alias("bad"), F.count_if(F.expr(IS_TWICE)).alias("twice")).first()
        assert row is not None
        return row["n"] or 0, row["bad"] or 0, row["twice"]

    def twice(self) -> DataFrame:
        """Keys that stand twice among the good rows."""
        return self._by_key().where(IS_TWICE)

    def bad(self) -> DataFrame:
        """Rows that break a rule, with the names of the rules."""
        return self._built.where(F.size(BROKEN) > 0)

    def good(self) -> DataFrame:
        """Rows that break none, as declared."""
        return self._built.where(F.size(BROKEN) == 0).drop(BROKEN)

    def release(self) -> None:
        """Free Spark's memory."""
        self._built.unpersist()

    def _by_key(self) -> DataFrame:
        is_bad = (F.size(BROKEN) > 0).cast("int")
        return self._built.groupBy(*self._table.key).agg(F.count("*").alias("n"), F.sum(is_bad).alias("bad"))


class Held:
    """Built rows in the driver's memory, computed once."""

    def __init__(self, store: DeltaStore, table: Table, built: DataFrame) -> None:
        self._spark, self._key, self._schema = store.spark, list(table.key), built.schema
        rows = built.toArrow()
        is_bad = pc.greater(pc.list_value_length(rows[BROKEN]), 0)
        self._bad = rows.filter(is_bad)
        self._good = rows.filter(pc.invert(is_bad)).drop_columns(BROKEN).cast(declared_schema(table))

    def counts(self) -> tuple[int, int, int]:
        """(rows, rows that break a rule, keys that stand twice among the others)."""
        return self._bad.num_rows + self._good.num_rows, self._bad.num_rows, self._keys_twice().num_rows

    def twice(self) -> DataFrame:
        """Keys that stand twice among the good rows."""
        return self._spark.createDataFrame(self._keys_twice())

    def bad(self) -> DataFrame:
        """Rows that break a rule, with the names of the rules."""
        return self._spark.createDataFrame(self._bad, self._schema)

    def good(self) -> pa.Table:
        """Rows that break none, as declared."""
        return self._good

    def release(self) -> None:
        """Nothing outside of Python is held."""

    def _keys_twice(self) -> pa.Table:
        by_key = self._good.group_by(self._key).aggregate([([], "count_all")])
        return by_key.filter(pc.greater(by_key["count_all"], 1)).drop_columns("count_all")


def with_broken_rules(rows: DataFrame, table: Table, others: Mapping[str, DataFrame]) -> DataFrame:
    """The rows with `_broken_rules`: the names of the rules, and of the references to `others`, that each breaks."""
    references = [reference for reference in table.references if reference.to.name in others]
    answered = rows
    for reference in references:
        answered = with_answer(answered, reference, others[reference.to.name])
    return answered.withColumn(BROKEN, broken_rules(table, references)).select(*table.column_names, BROKEN)


@contextmanager
def _rules_told(rows: DataFrame, table: Table) -> Iterator[None]:
    """DataError if it is a rule, and not the rows themselves, that can't be computed."""
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
    """A part is judged as if all had been built: one bad order of the twenty of a quiet night is no reason to stop it."""
    is_part = scope is not None and store.head(table.name) is not None
    return store.count(table.name) if is_part else 0

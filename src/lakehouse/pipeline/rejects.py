"""Rows that break a rule: how they are written to quarantine and counted, and how many new ones stop a run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import NamedTuple

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.checks import REJECT_SHARE, REJECTS_AT_LEAST, are_many
from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.quarantine import COMMA, REASON, RUN_ID, quarantine_of
from lakehouse.sample_keys import format_keys, sample_keys
from lakehouse.sources.source import SHOP
from lakehouse.table import Table

BROKEN = "_broken_rules"
# This share of the rows of a shop may be wrong when it is read for the first time.
FIRST_SHARE = 0.5


@dataclass(frozen=True)
class Rejects:
    """How many rows break a rule, and the keys of up to five of them."""

    rows: int
    keys: tuple[str, ...]


def rejects_json(rejects: Mapping[str, Rejects]) -> str:
    """As `{"total_is_known": [2, ["nl 17", "nl 18"]]}`."""
    return json.dumps({rule: [of.rows, of.keys] for rule, of in rejects.items()})


def rejects_of(text: str) -> dict[str, Rejects]:
    """What `rejects_json` wrote; nothing of an empty text."""
    return {rule: Rejects(rows, tuple(keys)) for rule, (rows, keys) in json.loads(text or "{}").items()}


def format_rejects(rejects: Mapping[str, Rejects]) -> str:
    """As total_is_known 2 (as nl 17; nl 18), status_is_known 1 (as nl 4)"""
    return ", ".join(f"{rule} {of.rows}{format_keys(of.keys)}" for rule, of in rejects.items())


class TooManyRejectsError(DataError):
    """More rows of `table` break a rule than are tolerated. `read`: rows of the build. `rejects`: rule → the rows that break it."""

    def __init__(self, message: str, todo: str, table: Table, read: int, rejects: Mapping[str, Rejects]) -> None:
        super().__init__(message, todo)
        self.table, self.read, self.rejects = table, read, rejects


def set_apart(bad: DataFrame, run_id: str) -> DataFrame:
    """The rows as they stand in quarantine."""
    return bad.withColumns({REASON.name: F.array_join(BROKEN, COMMA), RUN_ID.name: F.lit(run_id)}).drop(BROKEN)


def rejects_among(bad: DataFrame, table: Table) -> dict[str, Rejects]:
    """Rule → the rows that break it."""
    counts = bad.select(F.explode(BROKEN).alias("rule")).groupBy("rule").count().orderBy("rule").collect()
    return {row["rule"]: Rejects(row["count"], sample_keys(table, bad.where(F.array_contains(BROKEN, row["rule"])))) for row in counts}


class NewRejects(NamedTuple):
    """Numbers of rows. `wrong`: they break a rule. `orphaned`: they only refer to a row that is missing. `of_new_shops`: bad rows of shops
    without any row in the table; the other two do not count them."""

    wrong: int
    orphaned: int
    of_new_shops: int


def new_rejects(store: DeltaStore, table: Table, bad: DataFrame) -> NewRejects:
    """Numbers of the bad rows that were not bad in earlier builds. Only these can stop a night.

    Quarantine has the bad rows of earlier builds that succeeded: a run deletes at its start what failed runs left there. A row that is in
    quarantine and in the table was corrected in between, so it counts as new if it is bad again.
    """
    name = quarantine_of(table.name)
    if store.head(name) is not None:
        known = store.read(name).select(*table.key).distinct()
        if store.head(table.name) is not None:
            known = known.join(store.read(table.name), list(table.key), "left_anti")
        names = {key: f"_known_{key}" for key in table.key}
        is_known = reduce(and_, (F.col(key).eqNullSafe(F.col(other)) for key, other in names.items()))
        bad = bad.join(F.broadcast(known.withColumnsRenamed(names)), is_known, "left_anti")
    references = F.array(*(F.lit(reference.name) for reference in table.references)).cast("array<string>")
    is_orphan, is_first = F.size(F.array_except(BROKEN, references)) == 0, _is_of_new_shop(store, table)
    row = bad.agg(F.count_if(~is_first & ~is_orphan), F.count_if(~is_first & is_orphan), F.count_if(is_first)).first()
    assert row is not None
    return NewRejects(*row)


def _is_of_new_shop(store: DeltaStore, table: Table) -> SparkColumn:
    if store.head(table.name) is None:
        return F.lit(True)
    if SHOP.name not in table.key:
        return F.lit(False)
    shops = [row[0] for row in store.read(table.name).select(SHOP.name).distinct().collect()]
    return ~F.coalesce(F.col(SHOP.name).isin(shops), F.lit(False))


def refuse_too_many(news: NewRejects, table: Table, read: int, rows: int, rejects: Mapping[str, Rejects]) -> None:
    """TooManyRejectsError (65) if so many rows are newly bad that something must have happened to the source or to a rule.

    Fewer than ten rows never stop a run. Above that the table's share of `rows` is tolerated, and a tenth of them for rows that only refer
    to a row that was left out elsewhere. For a new shop it is half: an old shop has had such rows for years.

    `rows`: rows of the table, or of the build if it has more.
    """
    if news.wrong >= REJECTS_AT_LEAST and news.wrong > rows * table.max_reject_share:
        tolerated = table.max_reject_share
    elif are_many(news.orphaned, rows):
        tolerated = REJECT_SHARE
    elif news.of_new_shops >= REJECTS_AT_LEAST and news.of_new_shops > rows * FIRST_SHARE:
        tolerated = FIRST_SHARE
    else:
        return
    raise TooManyRejectsError(
        f"{table.name}: {sum(news)} of {rows} rows break a rule since the last build, more than {tolerated:.1%}: {format_rejects(rejects)}",
        f"look at {quarantine_of(table.name)}; mend the source or the rule",
        table,
        read,
        rejects,
    )

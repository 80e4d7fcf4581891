"""`ops.quality_results`: what came of every check of every version that was about to be published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pyspark.sql import Window
from pyspark.sql import functions as F

from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.table import LONG, STRING, TIMESTAMP, Column, Table

PASSED, FAILED, ERROR, EMPTY, ACCEPTED = "passed", "failed", "error", "empty", "accepted"
# So many versions of a table are its past.
PAST = 30

QUALITY_RESULTS = Table(
    name="ops.quality_results",
    grain="one check of one version of a table, in one run",
    key=("run_id", "table_name", "table_version", "check"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("table_name", STRING, "the table"),
        Column("table_id", STRING, "its Delta id"),
        Column("table_version", LONG, "the version that was judged"),
        Column("check", STRING, "a sentence that is true for a good table"),
        Column("kind", STRING, "rows, type, rule, reference, key, freshness or unusual"),
        Column("severity", STRING, "critical: nothing is published; alarm: somebody is told"),
        Column("meaning", STRING, "the check as SQL or in words"),
        Column(
            "status", STRING, "passed, failed, error (could not be told), empty (saw no rows), accepted (failed, let pass by an operator)"
        ),
        Column("table_rows", LONG, "rows of the version"),
        Column("unexpected", LONG, "rows that break it (keys that stand twice, unusual things); null if it is about no rows"),
        Column("observed", STRING, "what was found instead, of checks of the whole table"),
        Column("samples", STRING, "JSON: keys of up to five such rows"),
        Column("expectation", STRING, "JSON: the Great Expectations configuration that judged"),
        Column("checked_at", TIMESTAMP, "when, UTC"),
    ),
)


@dataclass(frozen=True)
class QualityResult:
    """One row."""

    run_id: str
    table_name: str
    table_id: str
    table_version: int
    check: str
    kind: str
    severity: str
    meaning: str
    status: str
    table_rows: int
    unexpected: int | None
    observed: str
    samples: str
    expectation: str
    checked_at: datetime

    @property
    def is_good(self) -> bool:
        return self.status in (PASSED, ACCEPTED)

    @property
    def sample_keys(self) -> list[str]:
        return list(json.loads(self.samples))

    def told(self) -> str:
        """As silver.orders: total_is_known is not true of 3 of 120 rows, as nl 17; nl 18 (total_amount is not null)"""
        if self.status == EMPTY:
            return f"{self.table_name}: {self.check} saw no rows"
        if self.status == ERROR:
            return f"{self.table_name}: {self.check} could not be told ({self.meaning})"
        keys = f", as {'; '.join(self.sample_keys)}" if self.sample_keys else ""
        of = "" if self.unexpected is None else f" of {self.unexpected} " + ("keys" if self.kind == "key" else f"of {self.table_rows} rows")
        found = f", found {self.observed}" if self.observed else ""
        return f"{self.table_name}: {self.check} is not true{of}{keys}{found} ({self.meaning})"


def record_results(store: DeltaStore, results: Sequence[QualityResult]) -> None:
    store.append_rows(QUALITY_RESULTS, map(asdict, results))


def rows_before(store: DeltaStore, heads: Mapping[str, Head]) -> dict[str, list[int]]:
    """Table → rows of its latest versions whose checks all passed, one a version, of the tables that stand there now."""
    if store.head(QUALITY_RESULTS.name) is None:
        return {}
    version = Window.partitionBy("table_name", "table_id", "table_version", "run_id")
    all_good = F.min(F.col("severity").eqNullSafe("alarm") | F.col("status").isin(PASSED, ACCEPTED)).over(version)
    good = store.read(QUALITY_RESULTS.name).withColumn("all_good", all_good).where("all_good")
    versions = good.groupBy("table_name", "table_id", "table_version").agg(F.max("table_rows").alias("table_rows"))
    newest = Window.partitionBy("table_name", "table_id").orderBy(F.desc("table_version"))
    last = versions.withColumn("n", F.row_number().over(newest)).where(F.col("n") <= PAST).collect()
    found: dict[str, list[int]] = {}
    for row in last:
        head = heads.get(row["table_name"])
        if head is not None and head.table_id == row["table_id"] and row["table_version"] < head.version:
            found.setdefault(row["table_name"], []).append(row["table_rows"])
    return found


def latest_results(store: DeltaStore) -> list[QualityResult]:
    """The results of each table's newest audit."""
    if store.head(QUALITY_RESULTS.name) is None:
        return []
    newest = Window.partitionBy("table_name")
    rows = store.read(QUALITY_RESULTS.name).withColumn("last", F.max("checked_at").over(newest)).where("checked_at = last")
    return [QualityResult(**row.asDict()) for row in rows.drop("last").orderBy("table_name", "check").collect()]

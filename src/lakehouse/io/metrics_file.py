"""A run's figures as a Prometheus text file, for node_exporter's textfile collector."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.incident import CRITICAL, WARNING
from lakehouse.io.delta_store import DeltaStore
from lakehouse.io.file_ledger import FILES, LOADED, REPEATED
from lakehouse.io.incidents import open_incidents
from lakehouse.io.ledger import ABANDONED, FAILED, RUNS, SUCCEEDED
from lakehouse.io.reads import READS
from lakehouse.table import Table

# Metric → label names and meaning. Times are seconds since 1970, UTC.
METRICS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "lakehouse_last_success_timestamp_seconds": (("command",), "When a run of the command last succeeded."),
    "lakehouse_last_run_end_timestamp_seconds": (("command",), "When the last run of the command ended."),
    "lakehouse_last_run_seconds": (("command",), "Wall time of the last run of the command; 0 if it was killed."),
    "lakehouse_last_run_success": (("command",), "1 if the last run of the command succeeded, else 0."),
    "lakehouse_last_run_exit_code": (("command",), "Exit code of the last run of the command; missing if it was killed."),
    "lakehouse_step_end_timestamp_seconds": (("step", "shop"), "When the step last did something."),
    "lakehouse_step_seconds": (("step", "shop"), "Wall time of the step when it last did something."),
    "lakehouse_step_rows_read": (("step", "shop"), "Rows that the step then built, before rules."),
    "lakehouse_step_rows_written": (("step", "shop"), "Rows that it added or changed."),
    "lakehouse_step_rows_deleted": (("step", "shop"), "Rows that it took away."),
    "lakehouse_step_rows_rejected": (("step", "shop"), "Rows that it put into quarantine."),
    "lakehouse_shop_read_timestamp_seconds": (("shop",), "When the shop's database was last read and mirrored, by its own clock."),
    "lakehouse_shop_newest_order_timestamp_seconds": (("shop",), "The newest modified date of an order that was then seen."),
    "lakehouse_feed_last_file_timestamp_seconds": (("feed", "sender"), "Arrival of the newest file of the feed that was used."),
    "lakehouse_open_incidents": (("severity",), "Incidents that are open."),
}


@dataclass(frozen=True)
class Sample:
    """One value. `labels` in the order of METRICS."""

    metric: str
    labels: tuple[str, ...]
    value: float


def samples(store: DeltaStore) -> list[Sample]:
    """All figures as the ledgers have them; of what never happened there is none."""
    return [*_runs(store), *_steps(store), *_shops(store), *_feeds(store), *_incidents(store)]


def write_metrics(path: str, found: Iterable[Sample]) -> None:
    """Replace the file in one move, so that a reader sees the old one or the new one. OSError if it can't be written."""
    registry = CollectorRegistry()
    registry.register(_Given(list(found)))
    write_to_textfile(path, registry)


class _Given(Collector):
    def __init__(self, found: list[Sample]) -> None:
        self._found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (labels, meaning) in METRICS.items():
            family = GaugeMetricFamily(name, meaning, labels=labels)
            for sample in self._found:
                if sample.metric == name:
                    family.add_metric(sample.labels, sample.value)
            yield family


def _runs(store: DeltaStore) -> Iterator[Sample]:
    ends = _rows(store, RUNS).where((F.col("step") == "") & F.col("status").isin(SUCCEEDED, FAILED, ABANDONED))
    success = F.max(F.when(F.col("status") == SUCCEEDED, _seconds("ended_at"))).alias("success")
    newest = F.max_by(F.struct("status", "seconds", "message", _seconds("ended_at").alias("ended")), "ended_at").alias("newest")
    for command, succeeded_at, run in ends.groupBy("command").agg(success, newest).collect():
        if succeeded_at is not None:
            yield Sample("lakehouse_last_success_timestamp_seconds", (command,), succeeded_at)
        yield Sample("lakehouse_last_run_end_timestamp_seconds", (command,), run["ended"])
        yield Sample("lakehouse_last_run_seconds", (command,), run["seconds"])
        yield Sample("lakehouse_last_run_success", (command,), run["status"] == SUCCEEDED)
        code = "0" if run["status"] == SUCCEEDED else run["message"].split(":")[0]
        if code.isdecimal():
            yield Sample("lakehouse_last_run_exit_code", (command,), int(code))


def _steps(store: DeltaStore) -> Iterator[Sample]:
    done = _rows(store, RUNS).where((F.col("step") != "") & (F.col("status") == SUCCEEDED) & ~F.col("step").startswith("replica["))
    figures = F.struct(
        _seconds("ended_at").alias("end_timestamp_seconds"),
        "seconds",
        "rows_read",
        (F.col("rows_inserted") + F.col("rows_updated")).alias("rows_written"),
        "rows_deleted",
        "rows_rejected",
    )
    for name, newest in done.groupBy("step").agg(F.max_by(figures, "ended_at")).collect():
        step, _, shop = name.rstrip("]").partition("[")
        for figure, value in newest.asDict().items():
            yield Sample(f"lakehouse_step_{figure}", (step, shop), value)


def _shops(store: DeltaStore) -> Iterator[Sample]:
    times = (F.max(_seconds("read_at")), F.max(_seconds("cursor_at")))
    for shop, read_at, newest_at in _rows(store, READS).groupBy("shop_code").agg(*times).collect():
        yield Sample("lakehouse_shop_read_timestamp_seconds", (shop,), read_at)
        yield Sample("lakehouse_shop_newest_order_timestamp_seconds", (shop,), newest_at)


def _feeds(store: DeltaStore) -> Iterator[Sample]:
    used = _rows(store, FILES).where(F.col("status").isin(LOADED, REPEATED))
    for feed, sender, arrived_at in used.groupBy("feed", "sender").agg(F.max(_seconds("arrived_at"))).collect():
        yield Sample("lakehouse_feed_last_file_timestamp_seconds", (feed, sender), arrived_at)


def _incidents(store: DeltaStore) -> Iterator[Sample]:
    severities = [record.severity for record in open_incidents(store)]
    for severity in (CRITICAL, WARNING):
        yield Sample("lakehouse_open_incidents", (severity,), severities.count(severity))


def _rows(store: DeltaStore, table: Table) -> DataFrame:
    return store.empty(table.columns) if store.head(table.name) is None else store.read(table.name)


def _seconds(column: str) -> Column:
    return F.col(column).cast("double")

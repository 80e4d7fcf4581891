"""A run's figures as a Prometheus text file, for node_exporter's textfile collector."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lakehouse.incident import CRITICAL, WARNING
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.file_ledger import LOADED, REPEATED, FileLedger
from lakehouse.ops.incident_records import open_incidents
from lakehouse.ops.ledger import ABANDONED, FAILED, RUNS, SUCCEEDED, newest_by
from lakehouse.ops.shop_reads import all_reads

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
    among = f"step = '' AND status IN ('{SUCCEEDED}', '{FAILED}', '{ABANDONED}')"
    ends = store.newest(RUNS, ("command", "status"), "ended_at", where=among)
    succeeded = newest_by((row for row in ends if row["status"] == SUCCEEDED), "command", "ended_at")
    for command, run in newest_by(ends, "command", "ended_at").items():
        if command in succeeded:
            yield Sample("lakehouse_last_success_timestamp_seconds", (command,), succeeded[command]["ended_at"].timestamp())
        yield Sample("lakehouse_last_run_end_timestamp_seconds", (command,), run["ended_at"].timestamp())
        yield Sample("lakehouse_last_run_seconds", (command,), run["seconds"])
        yield Sample("lakehouse_last_run_success", (command,), run["status"] == SUCCEEDED)
        code = "0" if run["status"] == SUCCEEDED else run["message"].split(":")[0]
        if code.isdecimal():
            yield Sample("lakehouse_last_run_exit_code", (command,), int(code))


def _steps(store: DeltaStore) -> Iterator[Sample]:
    among = f"step <> '' AND status = '{SUCCEEDED}'"
    done = (row for row in store.newest(RUNS, ("step",), "ended_at", where=among) if not row["step"].startswith("replica["))
    for name, row in newest_by(done, "step", "ended_at").items():
        step, _, shop = name.rstrip("]").partition("[")
        figures = {
            "end_timestamp_seconds": row["ended_at"].timestamp(),
            "seconds": row["seconds"],
            "rows_read": row["rows_read"],
            "rows_written": row["rows_inserted"] + row["rows_updated"],
            "rows_deleted": row["rows_deleted"],
            "rows_rejected": row["rows_rejected"],
        }
        for figure, value in figures.items():
            yield Sample(f"lakehouse_step_{figure}", (step, shop), value)


def _shops(store: DeltaStore) -> Iterator[Sample]:
    reads = all_reads(store)
    for shop in sorted({read.shop_code for read in reads}):
        own = [read for read in reads if read.shop_code == shop]
        yield Sample("lakehouse_shop_read_timestamp_seconds", (shop,), max(read.read_at for read in own).timestamp())
        yield Sample("lakehouse_shop_newest_order_timestamp_seconds", (shop,), max(read.cursor_at for read in own).timestamp())


def _feeds(store: DeltaStore) -> Iterator[Sample]:
    used = [entry for entry in FileLedger(store).entries if entry.status in (LOADED, REPEATED)]
    for feed, sender in sorted({(entry.feed, entry.sender) for entry in used}):
        newest = max(entry.arrived_at for entry in used if (entry.feed, entry.sender) == (feed, sender))
        yield Sample("lakehouse_feed_last_file_timestamp_seconds", (feed, sender), newest.timestamp())


def _incidents(store: DeltaStore) -> Iterator[Sample]:
    severities = [record.severity for record in open_incidents(store)]
    for severity in (CRITICAL, WARNING):
        yield Sample("lakehouse_open_incidents", (severity,), severities.count(severity))

"""What `lakehouse feeds` and `lakehouse quarantine show` print."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ConfigError, DataError
from lakehouse.inspect.answers import Answer, collected
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.io.config.settings import load_settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.lake import Lake
from lakehouse.ops.file_ledger import FileEntry, FileLedger
from lakehouse.ops.quarantine import COMMA
from lakehouse.pipeline.declared import declared
from lakehouse.pipeline.old_names import refuse_old
from lakehouse.sources.feeds import FEEDS
from lakehouse.stages.ingest_files.feed_status import statuses

MINUTE = "%Y-%m-%d %H:%M"


def feeds(env: str, files: int, output: RowFormat = RowFormat.TABLE) -> str:
    """One line per feed; then the newest `files` deliveries. In another format than a table only these, if any are asked for."""
    ledger = FileLedger(Lake(load_settings(env)).store)
    now = datetime.now(UTC)
    header = ["feed", "sender", "state", "newest file", "arrived (UTC)", "status", "read", "loaded", "quarantined", "overdue", "good until"]
    rows = []
    for status in statuses(ledger, now):
        last, good = status.last, status.good
        told = ["", "", "", "", "", ""] if last is None else _file(last)
        overdue = "" if status.overdue is None else _span(status.overdue)
        rows.append([status.feed.name, status.feed.sender, status.level, *told, overdue, f"{good.file_day}" if good else ""])
    parts = [as_rows(header, rows, output)]
    if files:
        newest = sorted(ledger.entries, key=lambda entry: entry.arrived_at, reverse=True)[:files]
        columns = ["file", "arrived (UTC)", "status", "read", "loaded", "quarantined", "duplicate", "expired", "reason"]
        lines = [[*_file(e), str(e.rows_duplicate), str(e.rows_expired), e.reason] for e in newest]
        parts.append(as_rows(columns, lines, output))
    return "\n\n".join(parts) if output == RowFormat.TABLE else parts[-1]


def quarantine(env: str, name: str | None, rows: int, output: RowFormat = RowFormat.TABLE) -> str:
    """Of one quarantine: reasons with their counts, then rows; in another format than a table only the rows. Of all: their numbers."""
    store = Lake(load_settings(env)).store
    if name is None:
        known = [*(feed.name for feed in FEEDS), *(table.replace(".", "__") for table in declared())]
        found = [[table, str(store.read(f"quarantine.{table}").count())] for table in known if store.head(f"quarantine.{table}")]
        return as_rows(["quarantine", "rows"], found, output) if found or output != RowFormat.TABLE else "nothing is in quarantine"
    feed = _feed(name)
    table = f"quarantine.{feed or name.removeprefix('quarantine.').replace('.', '__')}"
    if store.head(table) is None:
        raise DataError(f"nothing was ever put into {table}", "`lakehouse quarantine show` lists what there is")
    parts = _of_feed(store.read(table), rows) if feed else _of_table(store, table, rows)
    shown = [as_rows(part.names, part.rows, output) for part in parts]
    return "\n\n".join(shown) if output == RowFormat.TABLE else shown[-1]


def feed_name(given: str) -> str:
    """The feed that is meant. ConfigError (2) for what can't be replayed."""
    if feed := _feed(given):
        return feed
    if given in declared():
        todo = "rows of a built table are judged again whenever it is built: mend the source or the rule and run `lakehouse refresh`"
        raise ConfigError(f"{given} is not made from files", todo)
    raise ConfigError(f"there is no feed {given}", f"known: {', '.join(feed.name for feed in FEEDS)}")


def _feed(given: str) -> str | None:
    """The name of the feed that is given as app_users, bronze.app_users or quarantine.app_users; None for anything else."""
    name = given.removeprefix("quarantine.").removeprefix("bronze.")
    return name if name in {feed.name for feed in FEEDS} else None


def _of_feed(found: DataFrame, rows: int) -> list[Answer]:
    """Reasons with their counts, and the first rows."""
    by = ["file_name", "column_name", "value_class", "reason"]
    summary = found.groupBy(*by).agg(F.count("*").alias("rows"), F.min("line_number").alias("first_line"))
    first = found.orderBy("file_name", "line_number").limit(rows).select("sender", "file_name", "line_number", "column_name", "value_class")
    return [collected(summary.orderBy(F.desc("rows"), *by)), collected(first)]


def _of_table(store: DeltaStore, table: str, rows: int) -> list[Answer]:
    """The same of a table. Rules and keys: the other columns stay where they are."""
    declaration = declared().get(table.split(".")[1].replace("__", ".", 1))
    key = declaration.key if declaration else ()
    refuse_old(store)
    found = store.read(table)
    rules = found.select("run_id", F.explode(F.split("reason", COMMA)).alias("rule"))
    summary = rules.groupBy("run_id", "rule").count().orderBy("run_id", "rule")
    shown = found.orderBy(F.desc("run_id"), *key).limit(rows).select(*key, "reason", "run_id")
    return [collected(summary), collected(shown)]


def _file(entry: FileEntry) -> list[str]:
    counts = [str(entry.rows_read), str(entry.rows_loaded), str(entry.rows_quarantined)]
    return [entry.file_name, f"{entry.arrived_at:{MINUTE}}", entry.status, *counts]


def _span(time: timedelta) -> str:
    return f"{time.days} d" if time.days else f"{time.seconds // 3600} h"

"""How a step ends: its row in the ledger and its line of progress, in one place."""

from dataclasses import replace

from lakehouse.io.host import logs
from lakehouse.ops.ledger import SKIPPED, Entry, Ledger
from lakehouse.pipeline.loader import Loaded
from lakehouse.pipeline.rejects import rejects_json


def record(ledger: Ledger, entry: Entry, told: str = "") -> Entry:
    """Write the entry to the ledger and say on the screen what was done: `told`, or the numbers of rows. Gives the entry."""
    ledger.record(entry)
    logs.info(f"{entry.step:<40} {entry.seconds:6.1f} s  {told or _rows(entry)}", **entry.__dict__)
    return entry


def counted(entry: Entry, loaded: Loaded) -> Entry:
    """The entry with the rows of a load."""
    done = loaded.written
    return replace(
        entry,
        rows_read=loaded.read,
        rows_inserted=done.inserted,
        rows_updated=done.updated,
        rows_deleted=done.deleted,
        rows_rejected=loaded.rejected,
        rejects=rejects_json(loaded.rejects),
    )


def _rows(entry: Entry) -> str:
    if entry.status == SKIPPED:
        return entry.mode
    changes = f"+{entry.rows_inserted} ~{entry.rows_updated} -{entry.rows_deleted}"
    rejected = f", {entry.rows_rejected} in quarantine" if entry.rows_rejected else ""
    return f"{entry.rows_read} rows, {changes}{rejected} ({entry.mode})"

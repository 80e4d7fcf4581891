"""A lake that an older version of this project made: its tables and columns get the names of now, and no row is lost.

Before a run reads anything, old names are replaced by new ones in the tables that no source can give again, and in mirrors, so that
they need not be written twice. A table that is built anew under another name stays until that one is published.
"""

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host import logs
from lakehouse.ops.quarantine import COMMA, REASON, RUN_ID, quarantine_of
from lakehouse.ops.shop_reads import SHOP_READS
from lakehouse.pipeline.declared import quarantines
from lakehouse.pipeline.old_names import COLUMNS, MIRRORS, RENAMED, REPLACED, is_old, renamed


def take_on(store: DeltaStore) -> None:
    """Give the tables of an old lake, and what is in quarantine, the names of now. A lake that has them is left as it is.

    Killed on the way, it goes on where it was: a table is renamed by one commit, and an old one goes after the new one is there.
    """
    for name in (*RENAMED, *REPLACED):
        store.finish_drop(name)
    # A lake whose first reading failed has old columns, and no table that says so.
    if store.head(SHOP_READS.name) is not None and not is_old(store):
        return
    for name in MIRRORS:
        _rename_columns(store, name)
    for name in (*quarantines(), *REPLACED):
        _take_on_rejects(store, name)
    for name, new in RENAMED.items():
        if store.head(name) is not None and store.head(new) is None:
            store.replace(new, renamed(name, store.read(name)))
        store.drop(name)


def replaced(published: Collection[str], now: Collection[str]) -> list[str]:
    """Tables that readers see under an old name, and of which `now` has the one that replaces them."""
    return [name for name, new in REPLACED.items() if name in published and new in now]


def drop_replaced(store: DeltaStore, published: Collection[str]) -> None:
    """Remove old tables that readers do not see any more."""
    for name in REPLACED:
        if name not in published and store.head(name) is not None:
            store.drop(name)


def _rename_columns(store: DeltaStore, name: str) -> None:
    if store.head(name) is not None and COLUMNS[name].keys() & set((rows := store.read(name)).columns):
        logs.info(f"{name}: its columns get the names of now")
        store.replace(name, renamed(name, rows))


def _take_on_rejects(store: DeltaStore, name: str) -> None:
    """Rows in quarantine say why and by which run in other columns than they did."""
    old, new = quarantine_of(name), quarantine_of(REPLACED.get(name, name))
    if store.head(old) is None:
        return
    if old == new or store.head(new) is None:
        rows = store.read(old)
        if "_broken_rules" in rows.columns:
            store.replace(new, _with_reason(renamed(name, rows)))
    if old != new:
        store.drop(old)


def _with_reason(rows: DataFrame) -> DataFrame:
    return (
        rows.withColumn(REASON.name, F.array_join("_broken_rules", COMMA)).drop("_broken_rules").withColumnRenamed("_run_id", RUN_ID.name)
    )

"""Names that tables and columns had in lakes of older versions of this project."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.shop_reads import SHOP_READS
from lakehouse.sources.source import ROOT_ORDER
from lakehouse.sources.woocommerce import TABLES

# Tables whose rows move to another name.
RENAMED = {"ops.reads": SHOP_READS.name}
# Tables that are built anew under another name.
REPLACED = {"silver.email_flags": "silver.email_deliverability"}
MIRRORS = [table.name for source in TABLES if source.root for table in source.mirrors]
COLUMNS: Mapping[str, Mapping[str, str]] = {
    **{name: {"_order_id": ROOT_ORDER.name} for name in MIRRORS},
    "ops.reads": {"picture": "consistency_mode", "recipe": "fingerprint"},
    "gold.interactions": {"recency": "recency_days"},
    "recommendations.customer_products": {"list": "list_name", "source": "candidate_source"},
}
TAKE_ON = "this lake was made by an older version", "run `lakehouse night`: it gives the tables the names of now, and loses nothing"


def is_old(store: DeltaStore) -> bool:
    """Whether a table stands there under an old name."""
    return any(store.head(name) is not None for name in (*RENAMED, *REPLACED))


def refuse_old(store: DeltaStore) -> None:
    """DataError (65) that says what to do, if a table stands there under an old name."""
    if is_old(store):
        raise DataError(*TAKE_ON)


def renamed(name: str, rows: DataFrame) -> DataFrame:
    """Rows of a table, also of a version of long ago, by the names of now."""
    return rows.withColumnsRenamed(dict(COLUMNS[name])) if name in COLUMNS else rows

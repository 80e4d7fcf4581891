"""All tables that the project writes, by their names."""

from lakehouse.bronze.databases import database_keys
from lakehouse.bronze.feed_quarantine import quarantine_table
from lakehouse.flow import APPENDED, CRM, STEPS
from lakehouse.ops import file_ledger, ledger, model_changes, packs, quality_results, reconciliations, shop_reads, source_schema
from lakehouse.ops import incident_records as incidents
from lakehouse.ops import pseudonym_key as key_file
from lakehouse.ops.lists import rule_effects
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.sources.databases.entities import ENTITIES
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.woocommerce import TABLES as WOOCOMMERCE
from lakehouse.table import Table

READING = (shop_reads.SHOP_READS, reconciliations.RECONCILIATIONS, source_schema.SOURCE_COLUMNS)
FILES = (file_ledger.FILES, quarantine_table("<feed>"))
OPS = (
    ledger.RUNS,
    ledger.PUBLICATIONS,
    ledger.HANDOVERS,
    *READING,
    *FILES,
    quality_results.QUALITY_RESULTS,
    incidents.INCIDENTS,
    model_changes.MODEL_CHANGES,
    packs.PACKS,
    packs.SUPPRESSIONS,
    rule_effects.RULE_EFFECTS,
    key_file.TABLE,
)


def declared() -> dict[str, Table]:
    """In the order of the flow; those of `ops` last."""
    bronze = [source.bronze for source in WOOCOMMERCE]
    vault = [source.vault for source in WOOCOMMERCE if source.vault]
    databases = [database_keys.TABLE, *(part for entity in ENTITIES for part in entity.mirrors)]
    landed = [table for feed in FEEDS for table in feed.tables]
    every = [*bronze, *vault, *databases, *landed, *APPENDED, *(step.writes for step in (*STEPS, CRM)), *OPS]
    return {table.name: table for table in every}


def quarantines() -> dict[str, str]:
    """Table → where its rows are that break a rule. What the lake itself notes has none, and files have tables of their own (`bronze/`)."""
    records = {table.name for table in (*OPS, *APPENDED)}
    return {name: quarantine_of(name) for name in declared() if name not in records}

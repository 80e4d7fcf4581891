"""The reader's door: published tables by their names, in notebooks, in scripts and behind `lakehouse sql`."""

import re
import sys
from typing import TYPE_CHECKING, Any

from lakehouse.errors import ConfigError, DataError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.spark.session import is_small_lake, spark_session
from lakehouse.ops.ledger import published

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NAME = re.compile(r"\b(?:bronze|silver|gold|recommendations|quarantine|ops|vault)\.\w+")


class Lake:
    """Published versions only: what a failed or running run wrote is not seen. What no step makes in `ops`, and quarantine, is read
    as it is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = DeltaStore(self._session, TableResolver.of(settings), settings.small_rows)
        self.published = published(self.store)

    def _session(self) -> "SparkSession":
        if not self.store.tables.is_local:
            print("lakehouse: the tables are not on this machine's disks, so Spark is started to read them", file=sys.stderr)
        return spark_session(self.settings, is_small=is_small_lake(self.settings))

    @property
    def spark(self) -> "SparkSession":
        """Started when it is first asked for: most questions need none."""
        return self.store.spark

    def table(self, name: str) -> "DataFrame":
        """The table's published version. DataError (65) if nothing was published under that name."""
        return self.store.read(name, self.version(name))

    def version(self, name: str) -> int | None:
        """The version of a table that readers see; None: the latest, of records. DataError (65) as for `table`."""
        if name in self.published:
            return self.published[name].version
        if name.startswith(("ops.", "quarantine.")) and self.store.head(name) is not None:
            return None
        raise DataError(f"no table {name} is published", "`lakehouse tables` lists them; `lakehouse night` makes them")

    def opened(self, name: str) -> Any:
        """The same for delta-rs; None where the table is Spark's."""
        return self.store.opened(name, self.version(name))

    def sql(self, query: str) -> "DataFrame":
        """A query over published tables, named as `silver.orders`."""
        if self.settings.catalog and self.spark.catalog.currentCatalog() in (self.settings.catalog, self.settings.vault_catalog):
            raise ConfigError(
                "views of published versions would stand where the tables are", "set catalog to another one than the session's"
            )
        for name in tables_in(query):
            self.spark.sql(f"CREATE DATABASE IF NOT EXISTS {name.split('.')[0]}")
            self.spark.sql(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {self._source(name)}")
        return self.spark.sql(query)

    def _source(self, name: str) -> str:
        version = self.version(name)
        stored = "" if version is None else f" VERSION AS OF {self.store.stored_version(name, version)}"
        return f"{self.store.tables.identifier(name)}{stored}"


def tables_in(query: str) -> list[str]:
    """Names of tables that stand in the text of a query."""
    return sorted(set(NAME.findall(query)))

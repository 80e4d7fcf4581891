"""Tables at the versions that a run works with: an unpinned Delta table moves under its readers when somebody commits."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.pipeline.old_names import renamed
from lakehouse.pipeline.planner import NOTHING
from lakehouse.table import Table


@dataclass(frozen=True)
class PinnedTables:
    """`heads`: by a table's name the version that is read."""

    store: DeltaStore
    heads: Mapping[str, TableVersion]

    def head(self, table: Table) -> TableVersion:
        """The table's version; NOTHING where it may be missing and is. DataError (65) if it has to be there and is not."""
        if table.name not in self.heads:
            if table.optional:
                return NOTHING
            raise DataError(f"{table.name} is not there yet", "run `lakehouse ingest` and `lakehouse refresh`, or `lakehouse night`, first")
        return self.heads[table.name]

    def read(self, table: Table) -> DataFrame:
        """The declared columns of that version, null where it is older than the column; no rows where the table may be missing and is."""
        head = self.head(table)
        if head == NOTHING:
            return self.store.empty(table.columns)
        rows = renamed(table.name, self.store.read(table.name, head.version))
        there = rows.columns
        if there == table.column_names:
            return rows
        later = {column.name: F.lit(None).cast(column.type) for column in table.columns if column.name not in there}
        return (rows.withColumns(later) if later else rows).select(*table.column_names)

"""What silver makes of the bronze that a lake has, without writing it: each build on frames, tables that are not there empty."""

from pyspark.sql import DataFrame

from lakehouse.flow import SILVER
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.table import conform
from tests.support.frames import frame_of


def silver_rows(store: DeltaStore, parameters: dict[str, object], *names: str) -> dict[str, DataFrame]:
    """The rows of these tables, as `orders`, and of those of them that they are made of."""
    made: dict[str, DataFrame] = {}

    def rows_of(table: object) -> DataFrame:
        name = table.name  # type: ignore[attr-defined]
        if name not in made:
            head = store.head(name)
            made[name] = frame_of(store.spark, table, []) if head is None else store.read(name).select(*table.column_names)  # type: ignore
        return made[name]

    for step in SILVER:
        if step.writes.entity in names:
            frames = [rows_of(table) for table in (*step.reads, *step.lookups)]
            built = step.build(*frames, **{name: parameters[name] for name in step.parameters})
            made[step.name] = conform(built, step.writes).localCheckpoint()
    return {name: made[f"silver.{name}"] for name in names}

"""`ops.suppressions`: the rows of one campaign are those of its newest pack; rows of campaigns that are no more go."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import declared_schema
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.ops.packs import SUPPRESSIONS
from lakehouse.runs.stage import RunContext
from lakehouse.table import conform


def keep_left_out(run: RunContext, campaign: str, campaigns: Collection[str], people: DataFrame, is_small: bool) -> dict[str, TableVersion]:
    """The table's version afterwards, by its name. `people`: the campaign's, with `suppressed_for`; `campaigns`: all whose rows stay."""
    rows = people.where(F.col("suppressed_for").isNotNull()).withColumns({"campaign": F.lit(campaign), "reason": F.col("suppressed_for")})
    new, others = conform(rows, SUPPRESSIONS), sorted(name for name in campaigns if name != campaign)
    if is_small:
        run.store.sync(SUPPRESSIONS, _with_others(run, new.toArrow(), others))
    else:
        kept = ", ".join(f"'{name}'" for name in others) or "''"
        run.store.replace_where(SUPPRESSIONS.name, new, f"campaign NOT IN ({kept})")
    head = run.store.head(SUPPRESSIONS.name)
    return {} if head is None else {SUPPRESSIONS.name: head}


def _with_others(run: RunContext, new: pa.Table, others: list[str]) -> pa.Table:
    parts, schema = [new], declared_schema(SUPPRESSIONS)
    if run.store.head(SUPPRESSIONS.name) is not None:
        there = run.store.arrow(SUPPRESSIONS.name, SUPPRESSIONS.column_names).cast(schema)
        parts.append(there.filter(pc.is_in(there["campaign"], pa.array(others, pa.string()))))
    return pa.concat_tables([part.select(SUPPRESSIONS.column_names).cast(schema) for part in parts])

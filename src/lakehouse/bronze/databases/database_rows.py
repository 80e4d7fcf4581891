"""The rows of a database of another kind → orders, lines, customers and products as bronze has them: ids, root orders, times in UTC."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegralType, NullType

from lakehouse.bronze.landing import is_impossible
from lakehouse.errors import DataError
from lakehouse.sources.databases.entities import ENTITIES, ID_COLUMNS, ORDER_LINES, ORDERS
from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.source import MISDATED, ROOT_ORDER, SHOP, JdbcTable
from lakehouse.table import STRING

# Types of MySQL and PostgreSQL that say a time without saying where.
LOCAL_TIMES = ("datetime", "timestamp without time zone")
Frames = Mapping[str, DataFrame]
DECLARED = {entity.name: set(entity.column_names) for entity in ENTITIES}
MODULE = "correct the kind's module in sources/databases; columns are in entities.py there"


def in_utc(rows: DataFrame, local_columns: Collection[str], time_zone: str) -> DataFrame:
    """The rows with these columns, read as if they were UTC, as what the time zone's clocks meant."""
    in_zone = {name: F.to_utc_timestamp(name, time_zone) for name in local_columns}
    return rows.withColumns(in_zone) if in_zone else rows  # Spark Connect takes no columns for an error


def entity_rows(kind: DatabaseKind, tables: Frames, values: Mapping[str, object]) -> dict[str, DataFrame]:
    """Entity → its rows, with ids as the source has them: numbers, or text. An entity that the kind does not have is left out.

    DataError (65) for a SELECT that names what is not there, or gives what would be lost without a word: a column that no entity has, or an
    id with decimals.
    """
    session = next(iter(tables.values())).sparkSession
    named: dict[str, Any] = {**values, **tables}
    found: dict[str, DataFrame] = {}
    for name, statement in kind.rows.items():
        try:
            found[name] = session.sql(statement, **named)
            wrong = _wrong(name, found[name])
        except AnalysisException as error:
            # Of a statement alone: no row was looked at.
            wrong = str(error).strip().splitlines()[0]
        if wrong:
            raise DataError(f"kind {kind.name}: its SELECT of {name}: {wrong}", MODULE)
    return found


def _wrong(name: str, rows: DataFrame) -> str:
    """What is wrong with the columns that a kind gives of an entity, or nothing."""
    if unknown := sorted(set(rows.columns) - DECLARED.get(name, set())):
        return f"{name} have no {', '.join(unknown)}" if name in DECLARED else f"there are only {', '.join(DECLARED)}"
    ids = [field for field in rows.schema if field.name in ID_COLUMNS]
    odd = [field for field in ids if field.dataType != STRING and not isinstance(field.dataType, IntegralType | NullType)]
    return ", ".join(f"{field.name} is {field.dataType.simpleString()}, and ids are text or whole numbers" for field in odd)


def text_keys(entities: Frames, shop_code: str) -> DataFrame | None:
    """(shop_code, entity, source_key) of all ids that are text; None where all ids are numbers."""
    found = [
        rows.select(F.lit(shop_code).alias(SHOP.name), F.lit(kind).alias("entity"), F.col(column).alias("source_key"))
        for rows in entities.values()
        for column, kind in ID_COLUMNS.items()
        if _is_text(rows, column)
    ]
    return reduce(DataFrame.union, found).where("source_key is not null").distinct() if found else None


def with_ids(rows: DataFrame, keys: DataFrame) -> DataFrame:
    """Ids that are text as the integers that stand for them. `keys`: rows of `bronze.database_keys`, of this database alone."""
    for column, kind in ID_COLUMNS.items():
        if _is_text(rows, column):
            mine = keys.where(F.col("entity") == kind).select(F.col("source_key").alias(column), F.col("id").alias("_id"))
            rows = rows.join(mine, column, "left").withColumn(column, F.col("_id")).drop("_id")
    return rows


def landed(entities: Frames, read_at: datetime) -> dict[str, DataFrame]:
    """Every entity in its declared columns. Orders and lines with their root order, which is the order itself; orders with
    `is_misdated`, by the database's own clock; lines of orders that are not there are left out."""
    found: dict[str, DataFrame] = {}
    for entity in ENTITIES:
        if entity.name in entities:
            found[entity.name] = _declared(entities[entity.name], entity)
    orders = found.get(ORDERS.name)
    if orders is not None:
        is_misdated = is_impossible(F.col("created_at"), F.lit(read_at))
        found[ORDERS.name] = orders.withColumns({ROOT_ORDER.name: F.col("order_id"), MISDATED.name: is_misdated})
        if ORDER_LINES.name in found:
            lines = found[ORDER_LINES.name].join(orders.select("order_id").distinct(), "order_id", "left_semi")
            found[ORDER_LINES.name] = lines.withColumn(ROOT_ORDER.name, F.col("order_id"))
    return found


def _declared(rows: DataFrame, entity: JdbcTable) -> DataFrame:
    there = set(rows.columns)
    return rows.select(*((F.col(c.name) if c.name in there else F.lit(None)).cast(c.type).alias(c.name) for c in entity.columns))


def _is_text(rows: DataFrame, column: str) -> bool:
    return column in rows.columns and rows.schema[column].dataType == STRING

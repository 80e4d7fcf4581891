"""What a PostgreSQL database is asked for a declared table: the SELECT that gives the declared types, and the rights for it."""

from collections.abc import Iterable, Mapping

from pyspark.sql.types import BooleanType, DataType, DateType, DecimalType, DoubleType, IntegerType, LongType, StringType, TimestampType

from lakehouse.sources.source import JdbcTable
from lakehouse.table import quoted

# A time without an end (`infinity`) is no time, and Python knows no year after 9999. The same years as MySQL's.
IN_COMMON_YEARS = "CASE WHEN {c} >= '1000-01-01' AND {c} < '10000-01-01' THEN {c} END"
CASTS: dict[type[DataType], str] = {
    BooleanType: "{c}",
    # Enums, uuids and json have no type of their own in Spark; blanks at the end of a char(n) say nothing.
    StringType: "{c}::text",
    LongType: "{c}::bigint",
    IntegerType: "{c}::integer",
    # What is no number or has no end is null, as among decimals.
    DoubleType: "CASE WHEN abs({c}::float8) < 'Infinity' THEN {c}::float8 END",
    DateType: IN_COMMON_YEARS,
    TimestampType: IN_COMMON_YEARS,
}
# `numeric` without scale holds any number, NaN and infinity too, which is greater than every other. What does not fit is null, and the
# rules of silver tell.
DECIMAL = "CASE WHEN abs(round({c}::numeric, {scale})) < 1e{digits} THEN round({c}::numeric, {scale}) END"


def qualified(table: JdbcTable, schema: str) -> tuple[str, str]:
    """(schema, table): the declaration's own schema, else that of the settings."""
    own, _, name = table.source_name.rpartition(".")
    return own or schema, name


def named(table: JdbcTable, schema: str) -> str:
    """The table's whole name, as SQL."""
    return ".".join(map(quoted, qualified(table, schema)))


def select(table: JdbcTable, schema: str, condition: str = "") -> str:
    """The declared columns, in declared types, of the rows that the declaration asks for; `condition` is a further one."""
    columns = ", ".join(f"{_cast(column.type, column.name)} AS {quoted(column.name)}" for column in table.columns)
    conditions = [part for part in (table.where and f"({table.where})", table.of_keys(quoted=quoted), condition) if part]
    return f"SELECT {columns} FROM {named(table, schema)}" + (f" WHERE {' AND '.join(conditions)}" if conditions else "")


def grants(tables: Iterable[JdbcTable], schema: str, account: str) -> list[str]:
    """The statements that give `account` the rights on the columns that are read, and no others."""
    columns: Mapping[str, str] = {named(t, schema): ", ".join(map(quoted, t.needed_columns)) for t in tables}
    schemas = dict.fromkeys(quoted(qualified(table, schema)[0]) for table in tables)
    usage = [f"GRANT USAGE ON SCHEMA {name} TO {quoted(account)}" for name in schemas]
    return usage + [f"GRANT SELECT ({names}) ON {table} TO {quoted(account)}" for table, names in columns.items()]


def _cast(kind: DataType, name: str) -> str:
    column = quoted(name)
    if isinstance(kind, DecimalType):
        return DECIMAL.format(c=column, digits=kind.precision - kind.scale, scale=kind.scale)
    return CASTS[type(kind)].format(c=column)

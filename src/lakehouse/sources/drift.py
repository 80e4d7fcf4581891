"""Whether a shop's tables still are what is declared: columns that went, changed their type, or came."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql.types import BooleanType, DataType, DateType, DecimalType, DoubleType, IntegerType, LongType, StringType, TimestampType

from lakehouse.errors import DataError
from lakehouse.sources.source import JdbcTable

ADDED, REMOVED, RETYPED = "added", "removed", "retyped"
# Of one table: column → type, as information_schema has them (`ID`, `bigint`).
Columns = Mapping[str, str]

SMALL_NUMBERS = ("tinyint", "smallint", "mediumint", "int", "integer")
# What a column of PostgreSQL's is called here that is a `numeric` without decimals and of 18 digits at most.
WHOLE_NUMERIC = "numeric(18,0)"
# Spark type as declared → the types of MySQL and PostgreSQL that it is read from without a change of meaning. PostgreSQL's own types
# are read as text where they have one; an array (`text[]`) is never what is declared.
FAMILIES: dict[type[DataType], tuple[str, ...]] = {
    LongType: (*SMALL_NUMBERS, "bigint", WHOLE_NUMERIC),
    IntegerType: SMALL_NUMBERS,
    BooleanType: ("tinyint", "bit", "boolean"),
    DecimalType: ("decimal", "numeric", *SMALL_NUMBERS, "bigint", WHOLE_NUMERIC, "money", "double precision", "real"),
    DoubleType: ("double", "float", "double precision", "real"),
    StringType: (
        *("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"),
        *("character", "character varying", "uuid", "jsonb", "citext", "name", '"char"'),
        "integer",  # PostgreSQL's name of it: numbers of invoices and articles
        "time without time zone",  # what a clock showed, beside a date
    ),
    DateType: ("date",),
    TimestampType: ("datetime", "timestamp", "timestamp with time zone", "timestamp without time zone"),
}
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Change:
    """One column that is not as declared or as last seen. `found` and `expected` are types; "nothing" where there is no column."""

    kind: str
    table: str
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}: found {self.found}, expected {self.expected}"


def compare(declared: JdbcTable, found: Columns, seen_before: Columns | None) -> list[Change]:
    """What is missing or of another family than declared, and what was not there at the last read (None: there was none).

    Columns that are not declared may go or change their type: nothing reads them.
    """
    types = {name.lower(): type_name.lower() for name, type_name in found.items()}
    return [*_broken(declared, types), *_added(declared, types, seen_before)]


def compare_all(tables: Iterable[JdbcTable], found: Mapping[str, Columns], seen_before: Mapping[str, Columns]) -> list[Change]:
    """`compare` for tables that may be parts of one: what another part declares is known. Columns are given by `source_name`."""
    declared = tuple(tables)
    known = {(table.source_name, name.lower()) for table in declared for name in table.column_names}
    changes = ((t, change) for t in declared for change in compare(t, found.get(t.source_name, {}), seen_before.get(t.source_name)))
    return [change for table, change in changes if change.kind != ADDED or (table.source_name, change.column) not in known]


def refuse(shop_code: str, changes: Iterable[Change], freeze: Collection[str] = ()) -> None:
    """DataError (65) for declared columns that went or changed their type, and for any new column of the tables in `freeze`."""
    refused = [change for change in changes if change.kind != ADDED or change.table in freeze]
    if not refused:
        return
    rest = f"; and {len(refused) - NAMED_AT_MOST} more" if len(refused) > NAMED_AT_MOST else ""
    named = "; ".join(map(str, refused[:NAMED_AT_MOST]))
    if all(change.kind == ADDED for change in refused):
        todo = f"look at the new columns; then take the tables out of shops.{shop_code}.freeze for one night"
    else:
        todo = f"look at what changed the shop's tables; `lakehouse grants {shop_code}` prints the rights that are needed"
    raise DataError(f"shop {shop_code}: {named}{rest}", todo)


def refuse_other_schema(shop_code: str, before: Mapping[str, Columns], after: Mapping[str, Columns]) -> None:
    """DataError (65) if two looks at the same tables, before and after a read, differ in anything."""
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        raise DataError(f"shop {shop_code}: {', '.join(changed)} changed while it was read", "run again")


def _broken(declared: JdbcTable, types: Columns) -> list[Change]:
    changes = []
    for column in declared.columns:
        family = FAMILIES[type(column.type)]
        found = types.get(column.name.lower())
        expected = column.type.simpleString()
        if found is None:
            changes.append(Change(REMOVED, declared.name, column.name, "nothing", expected))
        elif found not in family:
            changes.append(Change(RETYPED, declared.name, column.name, found, expected))
    return changes


def _added(declared: JdbcTable, types: Columns, seen_before: Columns | None) -> list[Change]:
    if seen_before is None:
        return []
    known = {name.lower() for name in (*seen_before, *declared.column_names)}
    return [Change(ADDED, declared.name, name, found, "nothing") for name, found in types.items() if name not in known]

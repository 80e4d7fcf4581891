"""How a table is declared: its grain, key, columns and rules. Importing this starts no JVM."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

STRING, LONG, INTEGER, BOOLEAN, DOUBLE = StringType(), LongType(), IntegerType(), BooleanType(), DoubleType()
DATE, TIMESTAMP = DateType(), TimestampType()
# As wide as WooCommerce's own amount columns: line totals carry more digits than a cent.
MONEY = DecimalType(26, 8)
QUANTITY = DecimalType(18, 4)
# How a table is written: overwritten, or made equal by touching only rows that differ.
Write = Literal["replace", "sync"]


@dataclass(frozen=True)
class Column:
    """One column: its name, Spark type and meaning.

    `personal` names the kind of personal data it holds ("email", "name"). `accepted` are the values it may have, beside null.
    """

    name: str
    type: DataType
    comment: str
    personal: str | None = None
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A sentence that is true for a good row, and the same as SQL. An unknown (null) answer counts as broken."""

    name: str
    condition: str


@dataclass(frozen=True)
class Reference:
    """A row's `columns` name a row of another table: its `key`, by default the columns of the same names. Null names none."""

    columns: tuple[str, ...]
    to: "Table"
    key: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name among the rules in quarantine and in checks."""
        return f"{self.columns[-1]}_is_one_of_{self.to.entity}"


@dataclass(frozen=True)
class Freshness:
    """Each shop's newest value of a date or time column, among the rows `where`, is at most so many days before the run date.

    An older one raises an alarm."""

    column: str
    days: int
    where: str = "true"


@dataclass(frozen=True)
class Alarm:
    """What is unusual, not wrong: SQL from `{batch}` (the table) that gives a row for each unusual thing, with `{run_date}` at hand.

    What `is_standing` may be so for years and is told once.
    """

    name: str
    meaning: str
    query: str
    is_standing: bool = False


@dataclass(frozen=True)
class Table:
    """The declaration of one Delta table.

    `scope` names the column that holds the root order's id, for tables that can be rebuilt order by order.
    `max_reject_share` is the share of rows that may break a rule before the step fails. A table that `optional` reads as an
    empty one while it was never written: of a file that nobody sends, or made of such files. One without rows is not published
    unless it `may_be_empty`. What is audited before it is published: lakehouse/checks.py.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = field(default=())
    scope: str | None = None
    max_reject_share: float = 0.01
    optional: bool = False
    may_be_empty: bool = False
    references: tuple[Reference, ...] = ()
    freshness: Freshness | None = None
    alarms: tuple[Alarm, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """In declared order."""
        return [column.name for column in self.columns]

    @property
    def entity(self) -> str:
        """The name without layer and source: `orders` of `silver.orders` and of `bronze.woo__orders`."""
        return self.name.split(".")[1].split("__")[-1]


def quoted(name: str) -> str:
    """A name as it stands in SQL of DuckDB, delta-rs and PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def schema_of(columns: Iterable[Column]) -> StructType:
    """The columns' names and types, all nullable."""
    return StructType([StructField(column.name, column.type) for column in columns])


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """The declared columns of `frame`, in declared order and type, with their comments. A missing one is an error of Spark's."""
    # As text and as one schema: a column that Python makes of parts costs a dozen questions to the JVM, and a night makes thousands.
    typed = frame.selectExpr(*(f"cast(`{c.name}` as {c.type.simpleString()}) as `{c.name}`" for c in table.columns))
    return typed.to(StructType([StructField(c.name, c.type, metadata={"comment": c.comment}) for c in table.columns]))


def row_rules(table: Table) -> list[Rule]:
    """What must hold for each row: a known key, accepted values, the declared rules."""
    keys = [Rule(f"{name}_is_known", f"`{name}` is not null") for name in table.key]
    accepted = [
        Rule(f"{c.name}_is_accepted", f"`{c.name}` is null or `{c.name}` in {_listed(c.accepted)}") for c in table.columns if c.accepted
    ]
    return [*keys, *accepted, *table.rules]


def broken_rules(table: Table, references: Sequence[Reference] = ()) -> SparkColumn:
    """array<string>: the names of the rules, and of the `references` answered in the row, that it breaks; empty for a good row."""
    answers = [(rule.name, _holds(rule)) for rule in row_rules(table)] + [(r.name, f"`{r.name}`") for r in references]
    names = [f"case when {is_true} then null else '{name}' end" for name, is_true in answers]
    return F.expr(f"array_compact(array({', '.join(names)}))")


def holds(rule: Rule) -> SparkColumn:
    """boolean, never null."""
    return F.expr(_holds(rule))


def with_answer(frame: DataFrame, reference: Reference, other: DataFrame) -> DataFrame:
    """The frame with a boolean column, named as the reference: whether the row names a row of `other`, or none. A left join."""
    columns = zip(reference.key or reference.columns, reference.columns, strict=True)
    there = other.select(*(F.col(key).alias(column) for key, column in columns)).distinct().withColumn(reference.name, F.lit(True))
    names_none = " or ".join(f"`{column}` is null" for column in reference.columns)
    is_true = F.expr(f"({names_none}) or `{reference.name}` is not null")
    return frame.join(there, list(reference.columns), "left").withColumn(reference.name, is_true)


def _holds(rule: Rule) -> str:
    return f"coalesce(({rule.condition}), false)"


def _listed(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"

"""What a kind's SELECTs may give: a slip of its author is told, and nothing is lost without a word."""

import pytest
from pyspark.sql import SparkSession

from lakehouse.bronze.databases.database_rows import entity_rows
from lakehouse.errors import DataError
from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.source import JdbcTable
from lakehouse.table import DOUBLE, LONG, STRING, Column

pytestmark = pytest.mark.spark
SALES = JdbcTable(
    "sales", "sales", "one sale", ("no",), (Column("no", LONG, "number"), Column("buyer", DOUBLE, "number"), Column("ref", STRING, "text"))
)


def rows_of(spark: SparkSession, rows: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    kind = DatabaseKind("till", "a till", (SALES,), rows, ("paid",))
    tables = {"sales": spark.createDataFrame([(7, 1.5, "A-7")], "no bigint, buyer double, ref string")}
    return {name: [tuple(row) for row in frame.collect()] for name, frame in entity_rows(kind, tables, {"currency": "EUR"}).items()}


def test_ids_are_whole_numbers_text_or_missing(spark: SparkSession) -> None:
    said = {
        "orders": "SELECT no AS order_id, NULL AS customer_id, {currency} AS currency_code FROM {sales}",
        "products": "SELECT ref AS product_id FROM {sales}",
    }
    assert rows_of(spark, said) == {"orders": [(7, None, "EUR")], "products": [("A-7",)]}


@pytest.mark.parametrize(
    ("entity", "statement", "said"),
    [
        ("orders", "SELECT no AS order_id, buyer AS customer_id FROM {sales}", "customer_id is double, and ids are text or whole numbers"),
        ("orders", "SELECT no * 1.5 AS order_id FROM {sales}", "order_id is decimal"),
        ("orders", "SELECT no AS order_id, ref AS state FROM {sales}", "orders have no state"),
        ("order", "SELECT no AS order_id FROM {sales}", "there are only customers, products, orders, order_lines"),
        ("orders", "SELECT number AS order_id FROM {sales}", "`number` cannot be resolved"),
        ("orders", "SELECT (no AS order_id FROM {sales}", "PARSE_SYNTAX_ERROR"),
    ],
)
def test_a_slip_of_the_author_is_an_error_that_names_it(spark: SparkSession, entity: str, statement: str, said: str) -> None:
    with pytest.raises(DataError, match="kind till: its SELECT of order") as caught:
        rows_of(spark, {entity: statement})
    assert said in str(caught.value) and "A-7" not in str(caught.value)

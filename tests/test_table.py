"""Declarations: conforming a frame, and the rules that a row breaks."""

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.table import INTEGER, LONG, MONEY, STRING, Column, Rule, Table, broken_rules, conform

TABLE = Table(
    name="silver.shelves",
    grain="one shelf",
    key=("shop_code", "shelf_id"),
    columns=(
        Column("shop_code", STRING, "the shop"),
        Column("shelf_id", LONG, "the shelf"),
        Column("height", INTEGER, "in cm"),
        Column("price", MONEY, "what it cost"),
    ),
    rules=(Rule("height_is_positive", "height > 0"), Rule("price_is_not_negative", "price >= 0")),
)


def test_a_conformed_frame_has_the_declared_order_types_and_comments_and_nothing_else(spark: SparkSession) -> None:
    frame = spark.sql("select '12.5' as price, 'not declared' as note, '180' as height, 7 as shelf_id, 'nl' as shop_code")
    conformed = conform(frame, TABLE)
    assert [(field.name, field.dataType, field.metadata["comment"]) for field in conformed.schema] == [
        (c.name, c.type, c.comment) for c in TABLE.columns
    ]
    assert str(conformed.collect()) == "[Row(shop_code='nl', shelf_id=7, height=180, price=Decimal('12.50000000'))]"


def test_a_declared_column_that_is_missing_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match="price"):
        conform(spark.sql("select 'nl' as shop_code, 7 as shelf_id, 180 as height"), TABLE)


def test_a_row_breaks_every_rule_whose_answer_is_not_true_and_a_missing_key_is_a_broken_rule(spark: SparkSession) -> None:
    cases: list[tuple[tuple[str | None, int | None, int | None, int | None], list[str]]] = [
        (("nl", 1, 180, 0), []),
        (("nl", 2, 0, 5), ["height_is_positive"]),
        (("nl", 3, None, 5), ["height_is_positive"]),
        (("nl", 4, -1, None), ["height_is_positive", "price_is_not_negative"]),
        (("nl", None, 180, 5), ["shelf_id_is_known"]),
        ((None, None, 0, 5), ["shop_code_is_known", "shelf_id_is_known", "height_is_positive"]),
    ]
    schema = "shop_code string, shelf_id bigint, height int, price int"
    frame = frame_from(spark, [row for row, _ in cases], schema).coalesce(1)
    assert [row[0] for row in frame.select(broken_rules(TABLE)).collect()] == [broken for _, broken in cases]


def test_the_entity_is_the_name_without_layer_and_source() -> None:
    assert TABLE.entity == "shelves"
    assert Table("bronze.woo__orders", "one order", ("id",), ()).entity == "orders"

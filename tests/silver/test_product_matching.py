"""Products are found by GTIN, then SKU, then the sender's list of articles; no row is lost or multiplied."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.silver.product_codes import TABLE
from lakehouse.silver.product_matching import matched

CODES = [
    ("nl", "gtin", "08710000000017", 1, 0),
    ("nl", "sku", "MUG-RED", 2, 21),
    ("nl", "sku", "POT", 3, 0),
    ("nl", "sku", "08710000000017", 4, 0),  # looks like the GTIN of 1
    ("de", "gtin", "08710000000017", 9, 0),
    ("de", "sku", "CUP", 9, 0),
]


@pytest.fixture(scope="module")
def product_codes(spark: SparkSession) -> DataFrame:
    names = ("shop_code", "code_type", "code", "product_id", "variation_id")
    return frame_of(spark, TABLE, [dict(zip(names, row, strict=True)) for row in CODES])


def test_the_first_way_that_finds_an_article_wins(spark: SparkSession, product_codes: DataFrame) -> None:
    rows = [
        ("gtin first", "871-0000000017", "mug-red", "pot"),
        ("then the sku", "8719999999999", " mug-red", "pot"),
        ("then the list", None, "unknown", "Pot"),
        ("a gtin that is none", "n/a", None, "pot"),
        ("a sku is no gtin", None, "08710000000017", None),
        ("of another shop", None, "cup", "cup"),
        ("nothing", None, None, None),
        ("nothing", None, "", None),
    ]
    frame = frame_from(spark, rows, "why string, gtin string, sku string, shop_sku string")
    found = matched(frame, product_codes, "nl", gtin=F.col("gtin"), sku=F.col("sku"), own_sku=F.col("shop_sku"))
    assert found.columns == [*frame.columns, "product_id", "variation_id", "product_match"]
    assert sorted((row["why"], row["product_match"], row["product_id"], row["variation_id"]) for row in found.collect()) == sorted(
        [
            ("gtin first", "gtin", 1, 0),
            ("then the sku", "sku", 2, 21),
            ("then the list", "article_map", 3, 0),
            ("a gtin that is none", "article_map", 3, 0),
            ("a sku is no gtin", "sku", 4, 0),
            ("of another shop", None, None, None),
            ("nothing", None, None, None),
            ("nothing", None, None, None),
        ],
        key=lambda row: row[0],
    )


def test_what_a_row_said_of_its_product_before_is_replaced(spark: SparkSession, product_codes: DataFrame) -> None:
    frame = frame_from(spark, [("pot", 77)], "sku string, product_id bigint")
    assert matched(frame, product_codes, "nl", sku=F.col("sku")).collect() == [("pot", 3, 0, "sku")]

"""silver.product_codes: which article has a code, and the form in which codes are compared."""

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of, rows_of

from lakehouse.arrow_frames import frame_from
from lakehouse.silver.product_codes import TABLE, build, gtin_code, sku_code
from lakehouse.sources.woocommerce.products import POST_META, POSTS

# (id, status, parent; 0: a product, SKU, GTIN)
Article = tuple[int, str, int, str | None, str | None]
COLUMNS = ("code_type", "code", "product_id", "variation_id", "product_count")


def codes(spark: SparkSession, *articles: Article, shop_code: str = "nl") -> list[tuple[Any, ...]]:
    posts = [
        {
            "shop_code": shop_code,
            "id": i,
            "post_status": status,
            "post_parent": parent,
            "post_type": "product_variation" if parent else "product",
        }
        for i, status, parent, _, _ in articles
    ]
    values = [(i, key, value) for i, _, _, sku, gtin in articles for key, value in (("_sku", sku), ("_global_unique_id", gtin))]
    meta = [
        {"shop_code": shop_code, "meta_id": n, "post_id": i, "meta_key": key, "meta_value": value}
        for n, (i, key, value) in enumerate(values)
        if value is not None
    ]
    # A price is no code.
    meta.append({"shop_code": shop_code, "meta_id": 999, "post_id": articles[0][0], "meta_key": "_price", "meta_value": "12345678"})
    return rows_of(build(frame_of(spark, POSTS.bronze, posts), frame_of(spark, POST_META.bronze, meta)), TABLE, *COLUMNS)


def test_a_gtin_is_compared_as_14_digits(spark: SparkSession) -> None:
    written = {
        "8712345678906": "08712345678906",
        "08712345678906": "08712345678906",
        " 871-2345 678906\t": "08712345678906",
        "12345670": "00000012345670",  # GTIN-8
        "20000001": "00000020000001",  # a number of the shop's own: the check digit is wrong
        "1234567": None,
        "123456789012345": None,
        "00000000": None,
        "8712345678906X": None,
        "": None,
        " - ": None,
        None: None,
    }
    frame = frame_from(spark, [(text,) for text in written], "written string").withColumn("code", gtin_code(F.col("written")))
    assert {row["written"]: row["code"] for row in frame.collect()} == written
    # What is compared may be compared again.
    assert frame.where(~gtin_code(F.col("code")).eqNullSafe(F.col("code"))).count() == 0


def test_a_sku_is_compared_in_capitals_without_white_space_around_it(spark: SparkSession) -> None:
    written = {" ab-1 \n": "AB-1", "a b": "A B", "007": "007", "  ": None, None: None}
    frame = frame_from(spark, [(text,) for text in written], "written string").withColumn("code", sku_code(F.col("written")))
    assert {row["written"]: row["code"] for row in frame.collect()} == written


def test_products_and_variations_have_codes_and_a_variation_counts_with_its_product(spark: SparkSession) -> None:
    found = codes(
        spark, (1, "publish", 0, "tea", "8710000000017"), (2, "publish", 0, "mug", None), (21, "publish", 2, "mug-red", "12345670")
    )
    assert found == [
        ("gtin", "00000012345670", 2, 21, 1),
        ("gtin", "08710000000017", 1, 0, 1),
        ("sku", "MUG", 2, 0, 1),
        ("sku", "MUG-RED", 2, 21, 1),
        ("sku", "TEA", 1, 0, 1),
    ]


def test_a_shared_code_is_that_of_the_published_then_of_the_oldest(spark: SparkSession) -> None:
    found = codes(
        spark,
        (1, "draft", 0, "Tea", None),
        (9, "publish", 0, "tea", None),
        (8, "publish", 0, " TEA", None),
        (7, "publish", 9, "tea", None),  # lower than its product, which is not the oldest
        (2, "draft", 0, "cup", None),
        (3, "private", 0, "cup", None),
    )
    assert found == [("sku", "CUP", 2, 0, 2), ("sku", "TEA", 8, 0, 4)]


def test_a_product_has_a_code_before_its_variations(spark: SparkSession) -> None:
    assert codes(spark, (5, "publish", 0, "mug", None), (3, "publish", 5, "mug", None), (4, "publish", 5, "mug", None)) == [
        ("sku", "MUG", 5, 0, 3)
    ]


def test_a_variation_of_a_draft_is_not_published(spark: SparkSession) -> None:
    found = codes(spark, (1, "draft", 0, None, None), (11, "publish", 1, "mug", None), (2, "publish", 0, "mug", None))
    assert found == [("sku", "MUG", 2, 0, 2)]


def test_what_is_in_the_bin_or_was_never_saved_has_no_codes(spark: SparkSession) -> None:
    found = codes(
        spark,
        (1, "trash", 0, "tea", "8710000000017"),
        (11, "publish", 1, "tea-red", None),  # its product is in the bin
        (2, "auto-draft", 0, "cup", None),
        (31, "publish", 3, "orphan", None),  # its product is gone
        (4, "publish", 0, "mug", None),
        (41, "trash", 4, "mug-red", None),
        (5, "draft", 0, "pot", " "),
    )
    assert found == [("sku", "MUG", 4, 0, 1), ("sku", "POT", 5, 0, 1)]


def test_shops_have_codes_of_their_own(spark: SparkSession) -> None:
    posts = [{"shop_code": s, "id": i, "post_status": "publish", "post_type": "product"} for s, i in (("nl", 1), ("de", 2))]
    meta = [
        {"shop_code": s, "meta_id": i, "post_id": i, "meta_key": "_sku", "meta_value": "tea"} for s, i in (("nl", 1), ("de", 2), ("de", 1))
    ]
    found = build(frame_of(spark, POSTS.bronze, posts), frame_of(spark, POST_META.bronze, meta))
    assert rows_of(found, TABLE) == [("de", "sku", "TEA", 2, 0, 1), ("nl", "sku", "TEA", 1, 0, 1)]

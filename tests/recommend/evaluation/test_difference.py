"""What another model would change, by hand."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.recommend.evaluation.difference import difference
from lakehouse.silver import categories, products

PLACES = "shop_code string, customer_key string, list_name string, rank int, product_id bigint"


def places(spark: SparkSession, lists: dict[tuple[str, str], list[int]]) -> DataFrame:
    return frame_from(spark, [("nl", who, name, r, p) for (who, name), shown in lists.items() for r, p in enumerate(shown, 1)], PLACES)


@pytest.fixture(scope="module")
def catalogue(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    # 1 and 2 are tea, 3 and 4 rice; 4 is on back-order.
    described = [
        {"shop_code": "nl", "product_id": p, "product_name": f"P{p}", "category_ids": [10 if p < 3 else 20], "stock_status": stock}
        for p, stock in ((1, "instock"), (2, "instock"), (3, "instock"), (4, "onbackorder"))
    ]
    named = [{"shop_code": "nl", "category_id": i, "category_name": name} for i, name in ((10, "Tea"), (20, "Rice"))]
    return frame_of(spark, products.TABLE, described), frame_of(spark, categories.TABLE, named)


def test_overlap_categories_stock_and_examples(spark: SparkSession, catalogue: tuple[DataFrame, DataFrame]) -> None:
    before = places(spark, {("anna", "mixed"): [1, 2], ("bob", "mixed"): [1, 3], ("bob", "discover"): [3], ("gone", "mixed"): [4]})
    after = places(spark, {("anna", "mixed"): [2, 4], ("bob", "mixed"): [1, 3], ("bob", "discover"): [4], ("new", "mixed"): [4]})
    found = difference(before, after, *catalogue)
    assert found.customers == 2
    # Anna keeps one of two places of her mixed list, Bob both; of discover nothing stays.
    assert found.overlap == {"discover": 0.0, "mixed": 0.75}
    # Five places each: tea 3 before and 2 after. Back-order: 4 stands on two of the places after.
    assert found.categories == {"Rice": (pytest.approx(2 / 5), pytest.approx(3 / 5)), "Tea": (pytest.approx(3 / 5), pytest.approx(2 / 5))}
    assert found.in_stock == (1.0, pytest.approx(3 / 5))
    assert found.examples == {"anna": (["P1", "P2"], ["P2", "P4"]), "bob": (["P1", "P3"], ["P1", "P3"])}


def test_the_text_says_it_all(spark: SparkSession, catalogue: tuple[DataFrame, DataFrame]) -> None:
    same = places(spark, {("anna", "mixed"): [1, 4]})
    text = difference(same, same, *catalogue).text()
    assert "Lists of 1 customers. Places that stay: mixed 100%." in text
    assert "In stock: 50.0% of the places before, 50.0% after." in text
    assert "- after: P1, P4" in text


def test_without_common_customers_there_is_nothing_to_compare(spark: SparkSession, catalogue: tuple[DataFrame, DataFrame]) -> None:
    found = difference(places(spark, {("anna", "mixed"): [1]}), places(spark, {("bob", "mixed"): [1]}), *catalogue)
    assert (found.customers, found.overlap, found.categories, found.examples) == (0, {}, {}, {})

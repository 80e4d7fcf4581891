"""silver.products: how many pieces of a product there are, by the product and by its variations."""

from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from tests.support.one_product import SHOP, built_of


def test_stock_that_the_shop_does_not_manage_is_unlimited_whatever_number_is_left(spark: SparkSession) -> None:
    meta = [(1, "_manage_stock", "yes"), (1, "_stock", "7")]
    found = {is_on: built_of(spark, meta, {"shop_code": "nl", "manages_stock": is_on}).collect() for is_on in (True, False)}
    assert {is_on: row["stock_quantity"] for is_on, (row,) in found.items()} == {True: Decimal("7"), False: None}


@pytest.mark.parametrize(
    ("stock", "quantity", "status"),
    [("3 pcs", Decimal(3), ""), ("3,5", Decimal(3), "instock"), ("none", Decimal(0), " "), ("-2", Decimal(-2), ""), (" ", None, "")],
)
def test_stock_that_is_no_number_and_a_status_that_is_not_said_are_what_woocommerce_makes_of_them(
    spark: SparkSession, stock: str, quantity: Decimal | None, status: str
) -> None:
    meta = [(1, "_price", "5"), (1, "_manage_stock", "yes"), (1, "_stock", stock), (1, "_stock_status", status)]
    (row,) = built_of(spark, meta, SHOP).collect()
    assert (row["stock_quantity"], row["is_sellable"]) == (quantity, True)


# Product 1 has the variations 11 and 12, and 13, which is not published. WooCommerce's product says nothing of their stock.
@pytest.mark.parametrize(
    ("product", "variation", "term", "together"),
    [
        # 4 and, sold beyond it, 0.
        ({}, {"_manage_stock": "yes", "_stock": "-2"}, "variable", Decimal(4)),
        ({}, {"_manage_stock": "yes", "_stock": "3"}, "variable-subscription", Decimal(7)),
        # One counts none, has no number, or may be ordered while it is not there: no limit.
        ({}, {"_manage_stock": "no", "_stock": "3"}, "variable", None),
        ({}, {"_manage_stock": "yes", "_stock": ""}, "variable", None),
        ({}, {"_manage_stock": "yes", "_stock": "0", "_stock_status": "onbackorder"}, "variable", None),
        # The product counts for those that do not, and a simple one had variations once.
        ({"_manage_stock": "yes", "_stock": "9"}, {"_manage_stock": "yes", "_stock": "3"}, "variable", None),
        ({}, {"_manage_stock": "yes", "_stock": "3"}, "simple", None),
    ],
)
def test_variations_that_count_their_own_stock_have_it_together(
    spark: SparkSession, product: dict[str, str], variation: dict[str, str], term: str, together: Decimal | None
) -> None:
    keys = {1: product, 11: {"_manage_stock": "yes", "_stock": "4"}, 12: variation, 13: {"_manage_stock": "yes", "_stock": "50"}}
    meta = [(post, key, value) for post, values in keys.items() for key, value in values.items()]
    statuses = {11: "publish", 12: "publish", 13: "private"}
    posts = [{"id": i, "post_parent": 1, "post_type": "product_variation", "post_status": status} for i, status in statuses.items()]
    (row,) = built_of(spark, meta, SHOP, posts, term).collect()
    assert (row["variations_stock_quantity"], row["stock_quantity"]) == (together, Decimal(9) if product else None)
    (of_uncounted_shop,) = built_of(spark, meta, {**SHOP, "manages_stock": False}, posts, term).collect()
    assert of_uncounted_shop["variations_stock_quantity"] is None

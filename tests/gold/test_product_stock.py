"""gold/product_stock.py: what the warehouse counts, else what the shop says."""

from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.gold.product_stock import available
from lakehouse.silver import product_codes, products
from lakehouse.sources.other_feeds import STOCK_LEVELS


def test_stock_is_on_hand_less_reserved_over_all_places_else_the_shops_own_else_that_of_variations(spark: SparkSession) -> None:
    own = {("nl", 6): None, ("nl", 1): "99", ("nl", 2): "7.5", ("nl", 3): None, ("nl", 4): "-2", ("nl", 5): None, ("be", 1): "4"}
    codes = [("A", 1, 0), ("A-RED", 1, 11), ("E", 5, 0)]
    levels = [
        ("a", "north", None, "10", "4"),
        ("A", "south", None, "3", "0"),
        ("?", "north", "4006381333931", "2", "1"),  # the variation's GTIN
        ("E", "north", None, "1", "3"),
        ("UNKNOWN", "north", None, "50", "0"),
    ]
    articles = [
        {"shop_code": "nl", "code_type": "sku", "code": code, "product_id": product, "variation_id": variation}
        for code, product, variation in codes
    ]
    articles.append({**articles[1], "code_type": "gtin", "code": "04006381333931"})
    found = available(
        frame_of(
            spark,
            products.TABLE,
            [
                {"shop_code": s, "product_id": p, "stock_quantity": q, "variations_stock_quantity": "3" if p == 6 else None}
                for (s, p), q in own.items()
            ],
        ),
        frame_of(spark, product_codes.TABLE, articles),
        frame_of(
            spark,
            STOCK_LEVELS.bronze,
            [dict(zip(("sku", "location_code", "gtin", "quantity_on_hand", "quantity_reserved"), level, strict=True)) for level in levels],
        ),
        feed_shop="nl",
    )
    assert {(row["shop_code"], row["product_id"]): row["available"] for row in found.collect()} == {
        ("nl", 1): 10.0,  # 10 - 4 + 3 - 0 + 2 - 1, not the shop's 99
        ("nl", 2): 7.5,
        ("nl", 3): None,
        ("nl", 4): 0.0,
        ("nl", 5): 0.0,
        ("nl", 6): 3.0,
        ("be", 1): 4.0,
    }

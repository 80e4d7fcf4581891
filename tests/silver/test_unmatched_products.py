"""ops.unmatched_products: codes that no article of the shop has, once per source."""

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.silver import product_codes, wholesale_offers
from lakehouse.silver.unmatched_products import TABLE, build
from lakehouse.sources.mobile_app import ORDER_LINES
from lakehouse.sources.other_feeds import STOCK_LEVELS

# (order, line, sku, gtin, name)
LINES = [
    (1, 1, "tea", None, "Tea"),
    (1, 2, "old-tea", "8710000000017", "Tea"),  # found by its GTIN
    (2, 1, "cup", "12345670", "Cup, white"),
    (2, 2, " CUP", "1234 5670", "Cup"),  # the same codes
    (3, 1, "cup", None, "Cup"),
    (3, 2, None, "n/a", None),
    (4, 1, None, None, "Delivery"),
]


def test_what_no_article_of_the_shop_is_stands_there_once_with_its_rows(spark: SparkSession) -> None:
    codes = [("nl", "gtin", "08710000000017", 1), ("nl", "sku", "TEA", 1), ("de", "sku", "CUP", 7)]
    frame = build(
        frame_of(
            spark,
            ORDER_LINES.bronze,
            [{"app_order_id": o, "line_no": n, "sku": sku, "gtin": gtin, "product_name": name} for o, n, sku, gtin, name in LINES],
        ),
        frame_of(
            spark,
            wholesale_offers.TABLE,
            [
                {"wholesaler_code": "wholesaler_a", "article_code": "a1", "product_id": 1, "description": "Tee"},
                {"wholesaler_code": "wholesaler_a", "article_code": "a2", "gtin": "00000012345670", "description": "Tasse"},
                {"wholesaler_code": "wholesaler_b", "article_code": "a2", "description": "Cup"},
            ],
        ),
        frame_of(
            spark,
            STOCK_LEVELS.bronze,
            [
                {"sku": "Tea", "location_code": "shop"},
                {"sku": "cup", "location_code": "shop", "gtin": "12345670"},
                {"sku": "cup", "location_code": "store", "gtin": "12345670"},
            ],
        ),
        frame_of(
            spark,
            product_codes.TABLE,
            [{"shop_code": s, "code_type": t, "code": c, "product_id": p, "variation_id": 0} for s, t, c, p in codes],
        ),
        feed_shop="nl",
    )
    assert rows_of(frame, TABLE) == [
        ("app_order_lines", "", "", "", "Delivery", 1),
        ("app_order_lines", "", "CUP", "", "Cup", 1),
        ("app_order_lines", "00000012345670", "CUP", "", "Cup", 2),
        ("app_order_lines", "n/a", "", "", None, 1),
        ("stock_levels", "00000012345670", "CUP", "", None, 2),
        ("wholesaler_a", "00000012345670", "", "a2", "Tasse", 1),
        ("wholesaler_b", "", "", "a2", "Cup", 1),
    ]

"""silver.products of one product, from keys of its meta."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lakehouse.silver import categories, shops
from lakehouse.silver.products import build
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.products import POST_META, POSTS, PROTECTED_POSTS, TERM_RELATIONSHIPS, TERM_TAXONOMY, TERMS
from tests.support.frames import frame_of

SHOP = {
    "shop_code": "nl",
    "home_url": "https://shop.example",
    "uploads_url": "https://shop.example/wp-content/uploads",
    "uploads_folder": "wp-content/uploads",
    "currency_code": "EUR",
    "price_includes_tax": True,
}


def built_of(
    spark: SparkSession, meta: list[tuple[int, str, str]], shop: dict[str, Any], others: Sequence[dict[str, Any]] = (), term: str = "simple"
) -> DataFrame:
    """Product 1 of this type with these keys (post, key, value) of itself, of its pictures and of `others`, which are posts too."""
    posts = [{"id": 1, "post_type": "product", "post_status": "publish"}, *others]
    rows = [{"shop_code": "nl", "meta_id": n, "post_id": i, "meta_key": k, "meta_value": v} for n, (i, k, v) in enumerate(meta)]
    return build(
        frame_of(spark, POSTS.bronze, [{"shop_code": "nl", **post} for post in posts]),
        frame_of(spark, POST_META.bronze, rows),
        frame_of(spark, TERMS.bronze, [{"shop_code": "nl", "term_id": 7, "name": term}]),
        frame_of(spark, TERM_TAXONOMY.bronze, [{"shop_code": "nl", "term_taxonomy_id": 6, "term_id": 7, "taxonomy": "product_type"}]),
        frame_of(spark, TERM_RELATIONSHIPS.bronze, [{"shop_code": "nl", "object_id": 1, "term_taxonomy_id": 6}]),
        frame_of(spark, shops.TABLE, [shop]),
        frame_of(spark, categories.TABLE, []),
        frame_of(spark, PROTECTED_POSTS.bronze, []),
        frame_of(spark, entities.PRODUCTS.bronze, []),
        restricted_categories=(),
    )

"""How many pieces of each product can be sold now: the warehouse's word before the shop's. No table of its own."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import PRODUCT
from lakehouse.silver.product_matching import matched


def available(products: DataFrame, product_codes: DataFrame, stock_levels: DataFrame, *, feed_shop: str) -> DataFrame:
    """One row per row of silver.products: shop_code, product_id, `available` (double, pieces; null: stock is not managed, so unlimited).

    Of a product of the shop `feed_shop` that bronze.stock_levels knows, what is on hand less what is reserved, over all places and
    variations. Of all others the shop's own stock_quantity, or what the variations have that count their own. What is reserved or sold
    beyond the stock leaves 0. Articles are found by GTIN, else by SKU.
    """
    counted = (
        matched(stock_levels, product_codes, feed_shop, gtin=F.col("gtin"), sku=F.col("sku"))
        .where(F.col("product_id").isNotNull())
        .groupBy(F.lit(feed_shop).alias("shop_code"), "product_id")
        .agg(F.sum(F.col("quantity_on_hand") - F.col("quantity_reserved")).alias("counted"))
    )
    known = F.coalesce("counted", "stock_quantity", "variations_stock_quantity").cast("double")
    return (
        products.select(*PRODUCT, "stock_quantity", "variations_stock_quantity")
        .join(F.broadcast(counted), PRODUCT, "left")
        .select(*PRODUCT, F.greatest(known, F.when(known.isNotNull(), F.lit(0.0))).alias("available"))
    )

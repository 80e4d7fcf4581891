"""What rules ask of products: one frame, with what the rules of tonight need and no more."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import PRODUCT
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.gold.product_stock import available
from lakehouse.recommend.rules.rule_set import OFFERS, STOCK, AnyRule

BASE, NAMED = ("category_ids", "is_new"), ("brand_name", "tag_names")


def facts(
    products: DataFrame,
    product_popularity: DataFrame,
    product_codes: DataFrame,
    stock_levels: DataFrame,
    wholesale_offers: DataFrame,
    *,
    rules: Collection[AnyRule],
    run_date: date,
    new_days: int,
    popularity_days: int,
    feed_shop: str,
) -> DataFrame:
    """shop_code, product_id, category_ids, is_new (created in the `new_days` before the run date): of what may be picked for a person.

    With rules of all products, since a rule may name any, and with `is_shown` (may be picked), brand_name and tag_names. Where a rule
    asks for it: `available` (pieces; null: unlimited) and `daily_sales` (pieces a day in the window of popularity), or price,
    price_includes_tax, `cost` (the lowest purchase price of the run date in the currency of the price) and discount_percent (the largest
    of the wholesalers' tiers of that day).
    """
    since = F.lit(datetime.combine(run_date - timedelta(days=new_days), time.min))
    is_shown = F.expr("is_sellable and not is_restricted")
    all_of_them = products.withColumn("is_new", F.coalesce(F.col("created_at") >= since, F.lit(False)))
    if not rules:
        return all_of_them.where(is_shown).select(*PRODUCT, *BASE)
    price = F.col("price_amount").cast("double").alias("price")
    found = all_of_them.select(*PRODUCT, *BASE, *NAMED, is_shown.alias("is_shown"), "currency_code", price, "price_includes_tax")
    asked = {each for rule in rules for each in rule.asks}
    if STOCK in asked:
        stock = available(products, product_codes, stock_levels, feed_shop=feed_shop)
        found = found.join(stock, PRODUCT, "left").join(_daily_sales(product_popularity, popularity_days), PRODUCT, "left")
    if OFFERS in asked:
        found = found.join(_offers(wholesale_offers, run_date, feed_shop), [*PRODUCT, "currency_code"], "left").join(
            _discounts(wholesale_offers, run_date, feed_shop), PRODUCT, "left"
        )
    return found


def _daily_sales(product_popularity: DataFrame, days: int) -> DataFrame:
    sold = (F.col("recent_quantity") / F.lit(days)).cast("double").alias("daily_sales")
    return product_popularity.where(F.col("country_code") == EVERYWHERE).select(*PRODUCT, sold)


def _of_tonight(wholesale_offers: DataFrame, run_date: date) -> DataFrame:
    day = F.lit(run_date)
    begins, ends = F.coalesce("valid_from", day), F.coalesce("valid_to", day)
    return wholesale_offers.where(F.col("product_id").isNotNull() & (begins <= day) & (ends >= day))


def _offers(wholesale_offers: DataFrame, run_date: date, feed_shop: str) -> DataFrame:
    """Of variations the cheapest: the price of a product with variations is the lowest one too."""
    of_shop = F.lit(feed_shop).alias("shop_code")
    by_currency = _of_tonight(wholesale_offers, run_date).groupBy(of_shop, "product_id", "currency_code")
    return by_currency.agg(F.min("unit_price_amount").cast("double").alias("cost"))


def _discounts(wholesale_offers: DataFrame, run_date: date, feed_shop: str) -> DataFrame:
    """Of tiers that the wholesaler can deliver."""

    def can_be_had(tier: Column) -> Column:
        return F.coalesce(F.col("available_units") >= tier["min_units"], F.lit(True))

    largest = F.array_max(F.transform(F.filter("tiers", can_be_had), lambda tier: tier["discount_percent"]))
    of_shop = F.lit(feed_shop).alias("shop_code")
    by_product = _of_tonight(wholesale_offers, run_date).groupBy(of_shop, "product_id")
    return by_product.agg(F.max(largest).cast("double").alias("discount_percent"))

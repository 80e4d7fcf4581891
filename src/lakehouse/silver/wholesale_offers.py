"""What the wholesalers offer, three lists in one shape: prices and stock per unit, discounts in percent from so many units."""

from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DecimalType, StructField, StructType

from lakehouse.expressions import decimal, quantity
from lakehouse.silver.product_matching import matched
from lakehouse.silver.rules import CURRENCY_IS_A_CODE
from lakehouse.sources.wholesalers import OFFERS_B, PRICES_A, SENDERS, TARIFF_C
from lakehouse.table import DATE, LONG, MONEY, QUANTITY, STRING, Column, Rule, Table

PERCENT = DecimalType(12, 6)
TIERS = ArrayType(StructType([StructField("min_units", QUANTITY), StructField("discount_percent", PERCENT)]))
# One tier of wholesaler_c: 10>5,5%
TIER_C = r"^([0-9]+)>([0-9]+(?:,[0-9]+)?)%$"

TABLE = Table(
    name="silver.wholesale_offers",
    grain="one article of one wholesaler",
    key=("wholesaler_code", "article_code"),
    optional=True,
    columns=(
        Column("wholesaler_code", STRING, "the wholesaler", accepted=("wholesaler_a", "wholesaler_b", "wholesaler_c")),
        Column("article_code", STRING, "the wholesaler's article number"),
        Column("gtin", STRING, "GTIN as sent; null if there is none"),
        Column("description", STRING, "the wholesaler's name of the article"),
        Column("units_per_case", QUANTITY, "units in a case"),
        Column("unit_price_amount", MONEY, "price of a unit before discount; its part of the price where that is a case's"),
        Column("currency_code", STRING, "ISO 4217"),
        Column("valid_from", DATE, "first day of the price"),
        Column("valid_to", DATE, "last day of it; null if it is open"),
        Column("available_units", QUANTITY, "units in stock there"),
        Column("tiers", TIERS, "discounts in percent of the price, ascending: of all tiers whose min_units are ordered the last holds"),
        Column("product_id", LONG, "the product of the shop; null if none was found"),
        Column("variation_id", LONG, "its variation; 0 for the product itself; null if none was found"),
        Column(
            "product_match",
            STRING,
            "how it was found: gtin, or article_map (the wholesaler's list of the shop's article numbers)",
            accepted=("gtin", "article_map"),
        ),
    ),
    rules=(
        Rule("units_per_case_is_positive", "units_per_case > 0"),
        Rule("unit_price_is_not_negative", "unit_price_amount >= 0"),
        Rule("valid_to_is_not_before_valid_from", "valid_to is null or valid_to >= valid_from"),
        CURRENCY_IS_A_CODE,
        Rule("discounts_are_at_most_all", "forall(tiers, tier -> tier.discount_percent between 0 and 100)"),
    ),
    # A wholesaler's wrong rows are left out; they are no reason to stop the night of the shop.
    max_reject_share=1,
)
OFFERED = TABLE.column_names[: TABLE.column_names.index("product_id")]


def build(
    wholesaler_a_prices: DataFrame,
    wholesaler_b_offers: DataFrame,
    wholesaler_c_tariff: DataFrame,
    wholesaler_a_articles: DataFrame,
    wholesaler_b_articles: DataFrame,
    wholesaler_c_articles: DataFrame,
    product_codes: DataFrame,
    *,
    feed_shop: str,
) -> DataFrame:
    """The newest list of each wholesaler, with the product of the shop `feed_shop` that an article is."""
    offers = _list_a(wholesaler_a_prices).union(_list_b(wholesaler_b_offers)).union(_list_c(wholesaler_c_tariff))
    maps = zip(SENDERS, (wholesaler_a_articles, wholesaler_b_articles, wholesaler_c_articles), strict=True)
    articles = reduce(DataFrame.union, [m.select(F.lit(sender).alias("wholesaler_code"), "article_code", "shop_sku") for sender, m in maps])
    mapped = offers.join(articles, ["wholesaler_code", "article_code"], "left")
    return matched(mapped, product_codes, feed_shop, gtin=F.col("gtin"), own_sku=F.col("shop_sku"))


def _list_a(prices: DataFrame) -> DataFrame:
    """Prices of units, stock in cases, one discount from so many units."""
    return _shaped(
        prices,
        PRICES_A.sender,
        available_units=_units(F.col("available_cases")),
        tiers=F.array(_tier(F.col("discount_from_units"), F.col("discount_percent"))),
    )


def _list_b(offers: DataFrame) -> DataFrame:
    """Prices and stock of cases, two discounts as fractions from so many cases."""
    tiers = (_tier(_units(F.col(f"min_cases_{n}")), F.col(f"discount_{n}") * 100) for n in (1, 2))
    return _shaped(
        offers,
        OFFERS_B.sender,
        # A case of 0 units has no price of a unit: null, which is a broken rule.
        unit_price_amount=F.round(F.try_divide("case_price_amount", "units_per_case"), MONEY.scale),
        available_units=_units(F.col("available_cases")),
        tiers=F.array(*tiers),
    )


def _list_c(tariff: DataFrame) -> DataFrame:
    """Prices and stock of units, any number of discounts as one text."""

    def tier(text: SparkColumn) -> SparkColumn:
        return _tier(F.regexp_extract(text, TIER_C, 1), F.replace(F.regexp_extract(text, TIER_C, 2), F.lit(","), F.lit(".")))

    return _shaped(tariff, TARIFF_C.sender, tiers=F.transform(F.split("discounts", r"\|"), tier))


def _shaped(frame: DataFrame, sender: str, tiers: SparkColumn, **others: SparkColumn) -> DataFrame:
    known = F.array_sort(F.array_compact(F.coalesce(tiers.cast(TIERS), F.array().cast(TIERS))))
    return frame.withColumns({"wholesaler_code": F.lit(sender), "tiers": known, **others}).select(*OFFERED)


def _units(cases: SparkColumn) -> SparkColumn:
    """Null where the product is far too large to be a number of units."""
    return quantity(cases * F.col("units_per_case"))


def _tier(min_units: SparkColumn, percent: SparkColumn) -> SparkColumn:
    """Null where one of the two parts is missing."""
    units, discount = quantity(min_units), decimal(percent, PERCENT)
    return F.when(units.isNotNull() & discount.isNotNull(), F.struct(units.alias("min_units"), discount.alias("discount_percent")))

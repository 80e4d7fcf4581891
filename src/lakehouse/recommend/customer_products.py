"""The lists of each customer: what to buy again, what to discover, and a mix of both for channels with one list."""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend.params import Lists
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, DOUBLE, INTEGER, LONG, STRING, Column, Table

BUY_AGAIN, DISCOVER, MIXED = "buy_again", "discover", "mixed"
ALS, OWN_FREQUENCY, POPULARITY = "als", "own_frequency", "popularity"
CUSTOMER, PRODUCT = ["shop_code", "customer_key"], ["shop_code", "product_id"]
PAIR = [*CUSTOMER, "product_id"]
# Popular products kept per country for filling up: a list stays short only for who has bought that many of them.
FILL_POOL = 10

TABLE = Table(
    name="recommendations.customer_products",
    grain="one place of one list of one customer",
    key=("shop_code", "customer_key", "list", "rank"),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer; anonymous ones have no lists"),
        Column("list", STRING, "buy_again (bought before), discover (not bought before) or mixed"),
        Column("rank", INTEGER, "1 is the best"),
        Column("product_id", LONG, "a product that is sellable"),
        Column("score", DOUBLE, "larger is better; comparable within a customer's list and source"),
        Column("source", STRING, "what put it there: als, own_frequency or popularity"),
        Column("model_version", STRING, "version in the model registry; null while there is no champion"),
        Column("run_date", DATE, "as-of date"),
    ),
)


def build(
    customers: DataFrame,
    products: DataFrame,
    interactions: DataFrame,
    product_popularity: DataFrame,
    candidates: DataFrame,
    *,
    run_date: date,
    model_version: str | None,
    lists: Lists,
) -> DataFrame:
    """Ranked lists for everybody who is somebody. `discover` and `mixed` are filled up with what is popular in the country."""
    people = customers.where(~F.col("is_anonymous")).select(*CUSTOMER, "country_code")
    sellable = products.where("is_sellable").select(*PRODUCT)
    popular = popularity(product_popularity, sellable)
    overall = popular.where(F.col("country_code") == EVERYWHERE).select(*PRODUCT, "popularity")

    bought = interactions.join(people.select(*CUSTOMER), CUSTOMER).select(*PAIR, "weight")
    own = bought.join(sellable, PRODUCT).join(overall, PRODUCT, "left").fillna(0.0, ["popularity"])
    proposed = candidates.select(*PAIR, "score").join(sellable, PRODUCT).join(people.select(*CUSTOMER), CUSTOMER)
    proposed = proposed.join(overall, PRODUCT, "left").fillna(0.0, ["popularity"])

    ranked = buy_again(own).unionByName(discover(proposed, bought, lists)).unionByName(mixed(own, proposed, lists))
    filled = ranked.unionByName(fill(people, popular, bought, lists.length))
    # A product that a better part of the list has already is not shown twice.
    once = Window.partitionBy(*CUSTOMER, "list", "product_id").orderBy("tier", F.desc("score"))
    order = Window.partitionBy(*CUSTOMER, "list").orderBy("tier", F.desc("score"), "product_id")
    return (
        filled.withColumn("seen", F.row_number().over(once))
        .where("seen = 1")
        .withColumn("rank", F.row_number().over(order))
        .where(F.col("rank") <= lists.length)
        .withColumn("model_version", F.lit(model_version))
        .withColumn("run_date", F.lit(run_date))
    )


def popularity(product_popularity: DataFrame, sellable: DataFrame) -> DataFrame:
    """Sellable products per country with `popularity` 0..1: recent orders as a share of the most popular one's there."""
    most = Window.partitionBy("shop_code", "country_code")
    share = F.col("recent_order_count") / F.greatest(F.max("recent_order_count").over(most), F.lit(1))
    return product_popularity.join(sellable, PRODUCT).withColumn("popularity", share)


def buy_again(own: DataFrame) -> DataFrame:
    """Own decayed frequency, lifted by recent popularity."""
    return _part(own, BUY_AGAIN, F.col("weight") * (1 + F.col("popularity")), F.lit(OWN_FREQUENCY))


def discover(proposed: DataFrame, bought: DataFrame, lists: Lists) -> DataFrame:
    """The model's score (1 at the customer's best) and a little recent popularity; nothing that was bought before."""
    new = proposed.join(bought.select(*PAIR), PAIR, "left_anti").withColumn("als", _scaled("score"))
    return _part(new, DISCOVER, F.col("als") + lists.discover_popularity * F.col("popularity"), F.lit(ALS))


def mixed(own: DataFrame, proposed: DataFrame, lists: Lists) -> DataFrame:
    """Own frequency, model and popularity, each 1 at the customer's best, weighed; the larger of the first two is the source."""
    own_part = own.withColumn("own", _scaled("weight")).select(*PAIR, "own", F.col("popularity").alias("own_popularity"))
    als_part = proposed.withColumn("als", _scaled("score")).select(*PAIR, "als", "popularity")
    both = own_part.join(als_part, PAIR, "full_outer").withColumn("popularity", F.coalesce("popularity", "own_popularity"))
    both = both.fillna(0.0, ["own", "als", "popularity"])
    by_own, by_als = lists.mixed_own * F.col("own"), lists.mixed_als * F.col("als")
    source = F.when((F.col("own") > 0) & (by_own >= by_als), OWN_FREQUENCY).otherwise(ALS)
    return _part(both, MIXED, by_own + by_als + lists.mixed_popularity * F.col("popularity"), source)


def fill(people: DataFrame, popular: DataFrame, bought: DataFrame, length: int) -> DataFrame:
    """What is popular in the customer's country, then everywhere, for `discover` (not bought before) and `mixed`."""
    best = Window.partitionBy("shop_code", "country_code").orderBy(F.desc("recent_order_count"), F.desc("order_count"), "product_id")
    pool = popular.withColumn("place", F.row_number().over(best)).where(F.col("place") <= FILL_POOL * length)
    pool = pool.select("shop_code", "country_code", "product_id", "popularity")
    wanted = F.array(F.lit(EVERYWHERE), F.when(F.col("country_code").isNotNull(), F.col("country_code")))
    tier = F.when(F.col("country_code") == EVERYWHERE, 2).otherwise(1)
    found = people.withColumn("country_code", F.explode(F.array_compact(wanted))).join(F.broadcast(pool), ["shop_code", "country_code"])
    found = found.select(*PAIR, tier.alias("tier"), F.col("popularity").alias("score"), F.lit(POPULARITY).alias("source"))
    unknown = found.join(bought.select(*PAIR), PAIR, "left_anti").withColumn("list", F.lit(DISCOVER))
    return unknown.unionByName(found.withColumn("list", F.lit(MIXED)))


def _part(rows: DataFrame, name: str, score: SparkColumn, source: SparkColumn) -> DataFrame:
    return rows.select(*PAIR, F.lit(0).alias("tier"), score.alias("score"), source.alias("source"), F.lit(name).alias("list"))


def _scaled(value: str) -> SparkColumn:
    """Not below 0, and 1 at the customer's largest."""
    largest = F.max(value).over(Window.partitionBy(*CUSTOMER))
    return F.when(largest > 0, F.greatest(F.col(value), F.lit(0.0)) / largest).otherwise(0.0)

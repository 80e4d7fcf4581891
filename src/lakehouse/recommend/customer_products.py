"""The lists of each customer: what to buy again, what to discover, and a mix of both for channels with one list."""

from datetime import date, datetime, time, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.due import Due
from lakehouse.recommend.params import Lists
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.scorer import LISTS, Ranking, top_lists
from lakehouse.recommend.scoring_arrays import catalogues, profiles
from lakehouse.silver import customers, products
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, DOUBLE, INTEGER, LONG, STRING, Column, Reference, Rule, Table

TABLE = Table(
    name="recommendations.customer_products",
    grain="one place of one list of one customer",
    key=("shop_code", "customer_key", "list_name", "rank"),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer; anonymous ones have no lists"),
        Column("list_name", STRING, "buy_again (bought before), discover (not bought before) or mixed", accepted=LISTS),
        Column("rank", INTEGER, "1 is the best"),
        Column("product_id", LONG, "a product that is sellable, not restricted, and that no rule hides in the customer's country"),
        Column(
            "score",
            DOUBLE,
            "larger is better, comparable within a customer's list: a logarithm, in buy_again 1,000 lower for what was just bought; of a"
            " new product its affinity, 0 to 1",
        ),
        Column(
            "candidate_source",
            STRING,
            "als (and its companions), own_frequency, popularity (of the customer nothing is known) or new_product",
            accepted=("als", "own_frequency", "popularity", "new_product"),
        ),
        Column("model_version", STRING, "version in the model registry; null while there is no champion"),
        Column("run_date", DATE, "as-of date"),
        Column(
            "due_date",
            DATE,
            "the shop's day on which the customer will want it again, in the past if it is overdue; null if not bought before or not known",
        ),
    ),
    rules=(
        Rule("rank_counts_from_1", "rank is null or rank >= 1"),
        Rule("product_is_known", "product_id is not null"),
        # What is infinite has no difference to itself.
        Rule("score_is_a_number", "score is not null and not isnan(score - score)"),
    ),
    references=(Reference(("shop_code", "customer_key"), customers.TABLE), Reference(("shop_code", "product_id"), products.TABLE)),
)


def build(
    customers: DataFrame,
    products: DataFrame,
    interactions: DataFrame,
    product_popularity: DataFrame,
    *,
    run_date: date,
    model: RegisteredModel,
    lists: Lists,
    blend: Blend,
    country_smoothing: float,
) -> DataFrame:
    """Ranked lists for everybody who is somebody, of what can be sold. New is what was created in the last days before the run date.

    `blend` has the exponents of a model with which none were learned.
    The app itself has no products, so there are no lists in it.
    """
    since = F.lit(datetime.combine(run_date - timedelta(days=lists.new_product_days), time.min))
    is_new = F.coalesce(F.col("created_at") >= since, F.lit(False))
    shown = shelf(products, lists).withColumn("is_new", is_new)
    shops = catalogues(model.factors.products, model.neighbours, product_popularity, shown, country_smoothing)
    known = customers.where(F.col("is_customer") & ~F.col("is_anonymous") & ~is_apps())
    people = profiles(known, interactions, model.factors.customers)
    due = Due.of(interactions, shops, lists.due_days)
    ranking = Ranking(shops, model.blend or blend, lists.length, new_share=lists.new_product_share, due=due)
    listed = places(top_lists(people, ranking)).withColumn("due_date", F.date_add(F.lit(run_date), F.col("due_in_days")))
    return listed.withColumn("model_version", F.lit(model.version)).withColumn("run_date", F.lit(run_date))


def shelf(products: DataFrame, lists: Lists) -> DataFrame:
    """What may be picked for a person: shop_code, product_id, category_ids, created_at, `hidden_in` (the countries where it may not)."""
    found = [
        F.when((F.col("shop_code") == rule.shop) & F.array_contains("category_ids", rule.category_id), F.lit(country))
        for rule in lists.hidden
        for country in rule.countries
    ]
    where = F.array_compact(F.array(*found)).cast("array<string>")
    sellable = products.where("is_sellable and not is_restricted").select(
        "shop_code", "product_id", "category_ids", "created_at", where.alias("hidden_in")
    )
    return sellable.where(~F.array_contains("hidden_in", EVERYWHERE))


def places(lists: DataFrame) -> DataFrame:
    """One row per place from one row per list: shop_code, customer_key, list_name, rank, product_id, score, candidate_source,
    due_in_days."""
    place = F.posexplode(F.arrays_zip("product_ids", "scores", "sources", "due_in_days")).alias("position", "place")
    return lists.select(*CUSTOMER, "list_name", place).select(
        *CUSTOMER,
        "list_name",
        (F.col("position") + 1).alias("rank"),
        F.col("place.product_ids").alias("product_id"),
        F.col("place.scores").alias("score"),
        F.col("place.sources").alias("candidate_source"),
        F.col("place.due_in_days").alias("due_in_days"),
    )

"""The lists that some customers would get today from a model that does not score yet: what the gate's guards and people look at."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold import interactions, product_popularity
from lakehouse.gold.keys import CUSTOMER, PRODUCT
from lakehouse.recommend import customer_products
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.evaluation.difference import Difference, difference
from lakehouse.recommend.evaluation.gate import Guards
from lakehouse.recommend.evaluation.judge import lists_of
from lakehouse.recommend.model import Learned
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.eligibility import Eligibility, is_hidden
from lakehouse.recommend.scorer import BUY_AGAIN, DISCOVER, MIXED
from lakehouse.runs.stage import RunContext
from lakehouse.silver import categories, customers, product_codes, products, wholesale_offers
from lakehouse.sources import other_feeds

# So many customers, the same ones every time.
LOOKED_AT = 5000
OF_FEEDS = (other_feeds.STOCK_LEVELS.bronze, wholesale_offers.TABLE)


def lists_of_some(run: RunContext, people: DataFrame, model: RegisteredModel) -> DataFrame:
    """The lists of `people` (shop_code, customer_key) by a model and by the rules of the run date, made as a night makes them."""
    tables = (*(each.TABLE for each in (products, interactions, product_popularity, categories, product_codes)), *OF_FEEDS)
    return customer_products.build(
        run.read(customers.TABLE).join(people, CUSTOMER, "left_semi"),
        *(run.read(table) for table in tables),
        run_date=run.run_date,
        model=model,
        lists=run.params.lists,
        rules=run.list_rules,
        blend=Blend.of(run.params.blend),
        country_smoothing=run.params.popularity.country_smoothing,
        popularity_days=run.params.popularity.days,
        feed_shop=run.settings.feed_shop_code,
    )


def eligible(run: RunContext) -> Eligibility:
    """What the lists of tonight may show."""
    tables = (*(each.TABLE for each in (products, product_popularity, product_codes)), *OF_FEEDS, categories.TABLE)
    return customer_products.what_may_be_shown(
        *(run.read(table) for table in tables),
        rules=run.list_rules,
        run_date=run.run_date,
        lists=run.params.lists,
        popularity_days=run.params.popularity.days,
        feed_shop=run.settings.feed_shop_code,
    )


def preview(run: RunContext, learned: Learned, blend: Blend, shown: Eligibility) -> DataFrame:
    """Places of the lists, in memory; of what can be sold."""
    known = run.read(customers.TABLE).where(~F.col("is_anonymous")).join(learned.countries.select(*CUSTOMER), CUSTOMER, "left_semi")
    people = known.select(*CUSTOMER).orderBy(F.xxhash64("customer_key"), *CUSTOMER).limit(LOOKED_AT)
    return lists_of(learned, blend, people, run.params, run.params.lists.length, eligible=shown).persist()


def guards(run: RunContext, lists: DataFrame, learned: Learned, shown: Eligibility) -> Guards:
    """Measured on the lists of `preview`; the champion's coverage on the published lists of the same customers."""
    bought = learned.interactions.where("product_id > 0").select(*CUSTOMER, "product_id", F.lit(True).alias("is_bought"))
    shelf = shown.frame(run.spark)
    countries = learned.countries.select(*CUSTOMER, "country_code")
    marked = lists.join(bought, [*CUSTOMER, "product_id"], "left").join(shelf, PRODUCT, "left").join(countries, CUSTOMER, "left")
    facts = marked.groupBy("list_name").agg(
        F.count_if(is_hidden("list_name", "country_code")).alias("ineligible"),
        F.count_if(F.coalesce("is_bought", F.lit(False))).alias("bought"),
        F.count("*").alias("places"),
    )
    by_list = {row["list_name"]: row for row in facts.collect()}
    before, total = published(run), max(shelf.count(), 1)
    if before is not None and shown.rules:
        # What rules hide by now is no loss of the new model's.
        before = before.join(shelf, PRODUCT, "left_semi")
    return Guards(
        coverage=_shown(lists) / total,
        completeness=_completeness(lists, run.params.lists.length),
        ineligible_shown=sum(row["ineligible"] for row in by_list.values()),
        bought_in_discover=by_list[DISCOVER]["bought"] if DISCOVER in by_list else 0,
        champion_coverage=None
        if before is None
        else _shown(before.join(lists.select(*CUSTOMER).distinct(), CUSTOMER, "left_semi")) / total,
        buy_again_repeat_share=again["bought"] / again["places"] if (again := by_list.get(BUY_AGAIN)) else None,
    )


def changes(run: RunContext, lists: DataFrame) -> Difference | None:
    """From the published lists to these; None if nothing is published."""
    before = published(run)
    return None if before is None else difference(before, lists, run.read(products.TABLE), run.read(categories.TABLE))


def published(run: RunContext) -> DataFrame | None:
    """The lists that readers see now, if a model made them."""
    if customer_products.TABLE.name not in run.heads:
        return None
    lists = run.read(customer_products.TABLE)
    return None if lists.where(F.col("model_version").isNotNull()).isEmpty() else lists


def _shown(lists: DataFrame) -> int:
    return lists.select(*PRODUCT).distinct().count()


def _completeness(lists: DataFrame, length: int) -> float:
    """The share of customers whose mixed list has all its places."""
    places = lists.where(F.col("list_name") == MIXED).groupBy(*CUSTOMER).count()
    full = places.agg(F.avg((F.col("count") >= length).cast("int"))).first()
    return float((full and full[0]) or 0)

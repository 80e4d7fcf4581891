"""Lists and baselines judged by what was bought after the cut, each from what was known at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend import metrics
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.customer_products import places
from lakehouse.recommend.evaluation import baselines
from lakehouse.recommend.evaluation.split import Fold
from lakehouse.recommend.model import Learned
from lakehouse.recommend.params import Params
from lakehouse.recommend.rules.eligibility import Eligibility
from lakehouse.recommend.scorer import LISTS, top_lists

K = 10
POPULARITY, OWN_FREQUENCY, FILLED, DECAYED = "popularity", "own_frequency", "filled_own_frequency", "decayed_own_frequency"
BLENDED, LAST_ORDER, ALS_ALONE = "blended_own_frequency", "last_order", "als"
# ALS's own order of all products, bought ones among them.
_ALS_ONLY = Blend((0.0,) * 7, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Judged:
    """The judged customers' metrics, a row for each method (`mixed`, `popularity` …) and customer, in memory; and what was shown."""

    per_customer: DataFrame
    ranked: dict[str, DataFrame]

    def of(self, method: str) -> DataFrame:
        """The customers' metrics of one method."""
        return self.per_customer.where(self.per_customer["method"] == method)

    def means(self) -> dict[str, dict[str, float]]:
        """Method → means of the metrics."""
        return metrics.means(self.per_customer, self.ranked)

    def summary(self) -> dict[str, dict[str, metrics.Summary]]:
        """Method → the metrics with their intervals."""
        return metrics.summary(self.per_customer, self.ranked)

    def exposure(self, method: str, learned: Learned) -> metrics.Exposure:
        """Of a method's lists, over all products sold before the cut."""
        everywhere = learned.popularity.where(learned.popularity["country_code"] == EVERYWHERE)
        buyers = learned.interactions.where("product_id > 0").groupBy("shop_code", "product_id").agg(F.count("*").alias("customer_count"))
        return metrics.exposure(self.ranked[method], everywhere, buyers, learned.customers_of_shops(), K)


def judge(lists: DataFrame, learned: Learned, fold: Fold, params: Params) -> Judged:
    """`lists` (places of the three lists) beside all baselines, for the customers of the truth."""
    truth = fold.truth.persist()
    customers = truth.select(*baselines.CUSTOMER).distinct().persist()
    known = learned.interactions.join(customers, baselines.CUSTOMER, "left_semi").persist()
    methods = {name: lists.where(lists["list_name"] == name) for name in LISTS} | _baselines(learned, known, customers, params)
    ranked = {name: frame.select(*baselines.RANKED) for name, frame in methods.items()}
    return Judged(metrics.per_customer(ranked, truth, known.where("product_id > 0"), K).persist(), ranked)


def lists_of(
    learned: Learned,
    blend: Blend,
    customers: DataFrame,
    params: Params,
    length: int,
    keep_seen: bool = False,
    eligible: Eligibility | None = None,
) -> DataFrame:
    """The places of the lists of `customers` (shop_code, customer_key): the code that writes recommendations.customer_products.

    `eligible`: what may be shown; None is everything.
    """
    return places(top_lists(learned.profiles(customers), learned.ranking(blend, params, length, keep_seen, eligible)))


def _baselines(learned: Learned, known: DataFrame, customers: DataFrame, params: Params) -> dict[str, DataFrame]:
    als = lists_of(learned, _ALS_ONLY, customers, params, K, keep_seen=True)
    return {
        POPULARITY: baselines.most_popular(learned.popularity, customers, K),
        OWN_FREQUENCY: baselines.own_frequency(known, K),
        FILLED: baselines.filled_own_frequency(known, learned.popularity, customers, K),
        BLENDED: baselines.blended_own_frequency(known, learned.popularity, customers, K),
        DECAYED: baselines.decayed_frequency(known, K),
        LAST_ORDER: baselines.last_order(known, K),
        ALS_ALONE: als.where("list_name = 'discover'"),
    }


def flatten_metrics(judged: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """`als.ndcg`, `popularity.recall` … for a tracking server."""
    return {f"{name}.{metric}": value for name, found in judged.items() for metric, value in found.items()}

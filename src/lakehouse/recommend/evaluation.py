"""One configuration on a global time split, beside the baselines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold import product_popularity
from lakehouse.recommend import als, baselines, metrics
from lakehouse.recommend.params import Als, Params
from lakehouse.recommend.scorer import top_products
from lakehouse.recommend.split import Sales, bought_after, cut_date, known_at

K = 10
MODEL = "als"
POPULARITY, OWN_FREQUENCY, DECAYED_FREQUENCY = "popularity", "own_frequency", "decayed_own_frequency"


@dataclass(frozen=True)
class TestSet:
    """Interactions and popularity as known at the cut, and what was bought after it; all kept in memory."""

    known: DataFrame
    popular: DataFrame
    truth: DataFrame


def test_set(sales: Sales, run_date: date, params: Params) -> TestSet:
    """Split at `window_days` before the run date."""
    cut = cut_date(run_date, params.evaluation.window_days)
    known = known_at(sales, cut, params.weights.half_life_days).persist()
    popular = product_popularity.build(*sales, run_date=cut, popularity_days=params.lists.popularity_days).persist()
    return TestSet(known, popular, bought_after(sales, cut, run_date, known).persist())


def judge_baselines(test: TestSet) -> dict[str, dict[str, float]]:
    """Name → means of the metrics."""
    lists = {
        POPULARITY: baselines.most_popular(test.popular, test.truth, K),
        OWN_FREQUENCY: baselines.own_frequency(test.known, K),
        DECAYED_FREQUENCY: baselines.decayed_frequency(test.known, K),
    }
    return {name: metrics.means(metrics.per_customer(ranked, test.truth, K)) for name, ranked in lists.items()}


def judge_als(test: TestSet, params: Als) -> dict[str, float]:
    """Fit before the cut, rank all products for the customers of the truth, bought ones among them; with coverage."""
    ranked = als_lists(test, params).persist()
    found = metrics.means(metrics.per_customer(ranked, test.truth, K))
    return {**found, "coverage": metrics.coverage(ranked, test.known.where("product_id > 0"), K)}


def als_lists(test: TestSet, params: Als) -> DataFrame:
    """shop_code, customer_key, rank, product_id of the model fitted on what was known at the cut."""
    model = als.fit(test.known, params).factors()
    judged = model.customers.join(test.truth.select(*als.CUSTOMER).distinct(), als.CUSTOMER)
    ranked = top_products(judged, model.items(), K)
    return ranked.select(*als.CUSTOMER, F.posexplode("product_ids").alias("rank", "product_id")).withColumn("rank", F.col("rank") + 1)


def flat(judged: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """`als.ndcg`, `popularity.recall` … for a tracking server."""
    return {f"{name}.{metric}": value for name, found in judged.items() for metric, value in found.items()}

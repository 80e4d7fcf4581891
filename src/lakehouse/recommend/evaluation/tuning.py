"""A bounded, seeded random search for parameters (Bergstra, Bengio 2012) on a validation fold; the test window is never looked at."""

from collections.abc import Callable, Iterator

import numpy as np
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.purchases import Clock
from lakehouse.recommend import metrics
from lakehouse.recommend.evaluation.judge import K, lists_of
from lakehouse.recommend.evaluation.split import Fold
from lakehouse.recommend.model import fit_blend, learn
from lakehouse.recommend.params import Params
from lakehouse.recommend.scorer import LISTS

# Of the fold's customers half fit the blend; the others judge, so many at most.
JUDGES = 4000


def search(fold: Fold, params: Params, clock: Clock, trials: int, heard: Callable[[int, Params, float], None]) -> Params:
    """The best of the parameters given and `trials - 1` drawn from `params.search`, by the mean NDCG@10 of the three lists.

    `heard` is told of every trial: number from 1, parameters, value. Equal ones: the first.
    """
    found: list[tuple[float, Params]] = []
    for number, candidate in enumerate(candidates(params, clock, trials), 1):
        found.append((judged(fold, candidate, clock), candidate))
        heard(number, candidate, found[-1][0])
    return max(found, key=lambda trial: trial[0])[1]


def candidates(params: Params, clock: Clock, trials: int) -> Iterator[Params]:
    """The parameters given, then draws; the seed is that of ALS."""
    yield params
    chance = np.random.default_rng(params.als.seed)
    space = params.search
    for _ in range(trials - 1):
        drawn = {
            name: getattr(space, name)[chance.integers(len(getattr(space, name)))] for name in type(space).model_fields if name != "trials"
        }
        of_time = ("half_life_baskets", "share_of_baskets") if clock.unit == "baskets" else ("half_life_days", "popularity_days")
        half_life, recent = (drawn[name] for name in of_time)
        recent_name = "share_of_baskets" if clock.unit == "baskets" else "days"
        yield params.model_copy(
            update={
                "weights": params.weights.model_copy(update={of_time[0]: half_life}),
                "als": params.als.model_copy(update={name: drawn[name] for name in ("rank", "alpha", "reg_param")}),
                "neighbours": params.neighbours.model_copy(update={"ridge": drawn["ridge"]}),
                "popularity": params.popularity.model_copy(update={recent_name: recent}),
            }
        )


def judged(fold: Fold, params: Params, clock: Clock) -> float:
    """The mean over the lists of NDCG@10 for customers whose choices the blend was not fitted on."""
    learned = learn(fold.known, params, clock)
    is_judge = F.pmod(F.xxhash64("customer_key", F.lit(params.als.seed + 1)), F.lit(2)) == 0
    blend = fit_blend(learned, fold.truth.where(~is_judge), params)
    of_judges = fold.truth.where(is_judge)
    some = of_judges.select(*CUSTOMER).distinct().orderBy(F.xxhash64("customer_key")).limit(JUDGES).persist()
    truth = of_judges.join(some, CUSTOMER, "left_semi").persist()
    lists = lists_of(learned, blend, some, params, K).persist()
    known = learned.interactions.where("product_id > 0")
    ranked = {name: lists.where(F.col("list_name") == name) for name in LISTS}
    values = [found["ndcg"] for found in metrics.means(metrics.per_customer(ranked, truth, known, K), ranked).values()]
    for frame in (some, truth, lists):
        frame.unpersist()
    learned.forget()
    return float(np.mean(values))

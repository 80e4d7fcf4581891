"""What the registry kept of a version, as the lists want it."""

from typing import cast

from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.io.mlflow.model_facts import Champion
from lakehouse.io.mlflow.model_registry import ModelRegistry
from lakehouse.recommend import als
from lakehouse.recommend.params import Als
from lakehouse.stages.score import registered

CHAMPION = Champion("7", "a run", {})
PAIRS = [("nl", "anna", 1, 2.0), ("nl", "anna", 2, 1.0), ("nl", "bob", 2, 3.0)]


class Kept:
    """A registry with one version; who asks it for the model counts."""

    def __init__(self, model: ALSModel, index: dict[str, DataFrame]) -> None:
        self._model, self._index, self.loaded = model, index, 0

    def index(self, champion: Champion, spark: SparkSession) -> dict[str, DataFrame]:
        return self._index

    def load(self, champion: Champion) -> ALSModel:
        self.loaded += 1
        return self._model


def test_factors_that_were_kept_beside_the_model_are_those_of_the_model_and_spare_loading_it(spark: SparkSession) -> None:
    pairs = frame_from(spark, PAIRS, "shop_code string, customer_key string, product_id bigint, weight double")
    trained = als.fit(pairs, Als(rank=2, alpha=10.0, reg_param=0.3, iterations=1, seed=7, blocks=1))
    factors = trained.factors()
    beside = Kept(trained.model, {"customers": factors.customers, "products": factors.products})
    keys_only = Kept(trained.model, {"customers": trained.customer_index, "products": trained.product_index})
    models = [registered(spark, cast("ModelRegistry", kept), CHAMPION) for kept in (beside, keys_only)]
    found, expected = (
        [sorted(map(tuple, frame.drop("customer_idx", "product_idx").collect())) for frame in model.factors] for model in models
    )
    assert found == expected
    assert [len(rows) for rows in found] == [2, 2]
    assert (beside.loaded, keys_only.loaded) == (0, 1)

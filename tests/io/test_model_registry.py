"""A tiny trained model through a real registry: logged, looked at, promoted at the end of its run, loaded again."""

from datetime import date
from pathlib import Path

import mlflow
import pytest
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from lakehouse.errors import DataError
from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.model_changes import GATE, model_changes, system_user
from lakehouse.io.model_registry import ModelRegistry, Training
from lakehouse.io.settings import Settings

PAIRS = [(0, 0, 1.0), (0, 1, 2.0), (1, 0, 1.0), (1, 2, 3.0), (2, 1, 1.0), (2, 2, 1.0)]
TRAINING = Training(
    name="2026-11-16 a",
    params={"rank": 2},
    metrics={"als.ndcg": 0.2},
    inputs={"gold.interactions": Head("id-1", 4), "silver.orders": Head("id-2", 0)},
    tags={"run_date": "2026-11-16", "lakehouse_run_id": "a", "gate": "passed", "gate_reason": "ndcg 0.2 beats popularity 0.1"},
)


def settings_of(folder: Path) -> Settings:
    return Settings(
        env="local",
        lake_root=str(folder / "lake"),
        vault_root=str(folder / "vault"),
        export_root=str(folder / "export"),
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        shops={"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}},  # type: ignore[dict-item]
    )


@pytest.mark.slow
def test_a_training_that_passed_is_the_champion_from_the_end_of_its_run_on(spark: SparkSession, store: DeltaStore, tmp_path: Path) -> None:
    registry = ModelRegistry(settings_of(tmp_path), store)
    assert (registry.registered(), registry.champion(), registry.champions_version()) == ([], None, None)
    ratings = spark.createDataFrame(PAIRS, "customer_idx int, product_idx int, weight float")
    als = ALS(rank=2, maxIter=1, implicitPrefs=True, seed=7, userCol="customer_idx", itemCol="product_idx", ratingCol="weight")
    index = {"products": spark.createDataFrame([("nl", 30, 0)], "shop_code string, product_id bigint, product_idx int")}

    version = registry.log(als.fit(ratings), index, TRAINING)

    # Neither the champion nor a training that counts, as long as its run goes on.
    found = registry.find(version)
    assert (found.is_champion, found.was_promoted) == (False, False)
    assert (found.params, found.metrics, found.inputs) == ({"rank": "2"}, {"als.ndcg": 0.2}, {"gold.interactions": 4, "silver.orders": 0})
    assert found.tags == TRAINING.tags
    assert registry.last_training() is None
    assert model_changes(store) == []

    registry.finish(version, promote=True)

    champion = registry.champion()
    assert champion is not None
    assert (champion.version, champion.trained_on, champion.params) == (version, date(2026, 11, 16), {"rank": "2"})
    assert registry.last_training() == date(2026, 11, 16)
    (found,) = registry.registered()
    assert (found.is_champion, found.was_promoted) == (True, True)
    (change,) = model_changes(store)
    assert (change.run_id, change.from_version, change.to_version, change.kind) == ("a", None, version, GATE)
    assert (change.reason, change.changed_by) == ("ndcg 0.2 beats popularity 0.1", system_user())
    model, keys = registry.load(champion, spark)
    assert model.rank == 2
    assert [tuple(row) for row in keys["products"].collect()] == [("nl", 30, 0)]

    # One that did not pass counts as a training and changes no champion.
    run = mlflow.MlflowClient().create_run(
        mlflow.get_experiment_by_name("lakehouse-recommender").experiment_id, tags={**TRAINING.tags, "run_date": "2026-11-17"}
    )
    failed = mlflow.MlflowClient().create_model_version("lakehouse-recommender", "none", run.info.run_id)
    registry.finish(str(failed.version), promote=False)
    assert registry.last_training() == date(2026, 11, 17)
    assert registry.champions_version() == version
    assert len(model_changes(store)) == 1

    with pytest.raises(DataError, match="there is no version 99 of lakehouse-recommender"):
        registry.find("99")

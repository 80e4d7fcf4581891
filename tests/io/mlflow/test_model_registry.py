"""A tiny trained model through a real registry: logged, looked at, promoted at the end of its run, loaded again."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from pyspark.ml import PipelineModel
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.errors import DataError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.mlflow.experiments import make_database
from lakehouse.io.mlflow.model_registry import ModelRegistry, Training
from lakehouse.ops.model_changes import GATE, model_changes, system_user

PAIRS = [(0, 0, 1.0), (0, 1, 2.0), (1, 0, 1.0), (1, 2, 3.0), (2, 1, 1.0), (2, 2, 1.0)]
TRAINING = Training(
    name="2026-11-16 a",
    params={"rank": 2},
    metrics={"als.ndcg": 0.2},
    inputs={"gold.interactions": TableVersion("id-1", 4), "silver.orders": TableVersion("id-2", 0)},
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


def test_what_the_registry_cannot_write_is_raised_and_not_logged_with_its_values(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = settings_of(tmp_path)
    registry = ModelRegistry(settings)
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("drop table experiments")
    with pytest.raises(MlflowException):
        registry.last_training()
    assert "Traceback" not in capfd.readouterr().err


def test_a_model_passes_through_a_folder_that_machines_of_a_cluster_share(
    spark: SparkSession, store: DeltaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vault's, which all of them reach: on a cluster the folder for temporary files is another one on each machine."""
    elsewhere = tmp_path / "of this machine"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    passed: list[str] = []
    save, load = PipelineModel.save, PipelineModel.load

    def saved(model: PipelineModel, path: str) -> None:
        passed.append(path)
        save(model, path)

    def loaded_from(path: str) -> object:
        passed.append(path)
        return load(path)

    monkeypatch.setattr(PipelineModel, "save", saved)
    monkeypatch.setattr(PipelineModel, "load", loaded_from)
    registry = ModelRegistry(settings_of(tmp_path), store)
    ratings = frame_from(spark, PAIRS, "customer_idx int, product_idx int, weight float")
    als = ALS(rank=2, maxIter=1, implicitPrefs=True, seed=7, userCol="customer_idx", itemCol="product_idx", ratingCol="weight")
    model = als.fit(ratings)
    version = registry.log(model, {}, TRAINING)
    assert list((tmp_path / "vault" / "_staging").iterdir()) == [], "what was written is with the artifacts now"
    loaded = registry.load(registry.version(version))
    assert loaded.userFactors.count() == model.userFactors.count() == 3
    shared = str(tmp_path / "vault" / "_staging")
    assert len(passed) == 2 and all(shared in path for path in passed), "saved, and loaded"


def test_a_training_that_passed_is_the_champion_from_the_end_of_its_run_on(
    spark: SparkSession, store: DeltaStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    registry = ModelRegistry(settings_of(tmp_path), store)
    assert (registry.registered(), registry.champion(), registry.champions_version()) == ([], None, None)
    ratings = frame_from(spark, PAIRS, "customer_idx int, product_idx int, weight float")
    als = ALS(rank=2, maxIter=1, implicitPrefs=True, seed=7, userCol="customer_idx", itemCol="product_idx", ratingCol="weight")
    columns = "shop_code string, product_id bigint, product_idx int, features array<float>"
    index = {"products": frame_from(spark, [("nl", 30, 0, [0.5, 0.25])], columns)}

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
    assert (champion.version, champion.params) == (version, {"rank": "2"})
    assert registry.last_training() == date(2026, 11, 16)
    (found,) = registry.registered()
    assert (found.is_champion, found.was_promoted) == (True, True)
    (change,) = model_changes(store)
    assert (change.run_id, change.from_version, change.to_version, change.kind) == ("a", None, version, GATE)
    assert (change.reason, change.changed_by) == ("ndcg 0.2 beats popularity 0.1", system_user())
    assert registry.load(champion).rank == 2
    assert [tuple(row) for row in registry.index(champion, spark)["products"].collect()] == [("nl", 30, 0, [0.5, 0.25])]
    assert "Downloading" not in capfd.readouterr().err

    # What was done is not done twice; and a run that dies between the alias and its row has the row written by the next one.
    registry.finish(version, promote=True)
    assert len(model_changes(store)) == 1
    store.replace("ops.model_changes", store.read("ops.model_changes").limit(0))
    registry.finish(version, promote=True)
    assert [(change.from_version, change.to_version) for change in model_changes(store)] == [(None, version)]

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


def test_a_training_whose_run_died_is_taken_up_with_the_same_fingerprint_unless_somebody_changed_the_champion(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    registry, client = ModelRegistry(settings), mlflow.MlflowClient()
    assert registry.left_over("r") is None
    registry.end_trainings({"a"})  # nothing was ever trained
    experiment = client.create_experiment("lakehouse-recommender")
    client.create_registered_model(settings.model_name)
    tags = {**TRAINING.tags, "fingerprint": "r", "judged_against": ""}
    run = client.create_run(experiment, tags=tags)
    version = str(client.create_model_version(settings.model_name, "none", run.info.run_id).version)
    found = registry.left_over("r")
    assert found is not None and found.version == version
    assert registry.left_over("other code or data") is None
    client.set_registered_model_alias(settings.model_name, "champion", version)  # it came as far as this
    assert registry.left_over("r") is not None
    other = str(client.create_model_version(settings.model_name, "by hand").version)
    client.set_registered_model_alias(settings.model_name, "champion", other)
    client.delete_model_version(settings.model_name, other)
    assert registry.left_over("r") is not None  # no champion is what it was judged against

    registry.end_trainings({"b"})
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    registry.end_trainings({"a"})
    assert client.get_run(run.info.run_id).info.status == "KILLED"
    assert not registry.has_counted("r")
    client.set_tag(run.info.run_id, "run_succeeded", "yes")
    assert registry.left_over("r") is None
    assert registry.has_counted("r")
    assert not registry.has_counted("other code or data")


def test_the_database_of_a_new_registry_appears_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while MLflow makes its tables, a run leaves no file that the next one would stumble over."""
    file = tmp_path / "mlflow.db"

    def killed(*_: object, **__: object) -> None:
        assert not file.exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("mlflow.MlflowClient.search_experiments", killed)
        make_database(f"sqlite:///{file}")
    assert not file.exists()
    make_database(f"sqlite:///{file}")
    assert list(tmp_path.iterdir()) == [file]
    made = file.stat().st_mtime_ns
    make_database(f"sqlite:///{file}")
    assert file.stat().st_mtime_ns == made
    make_database("databricks")

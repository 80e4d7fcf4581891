"""MLflow: what was trained from which data, and which version is the champion."""

import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported

import mlflow
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from pyspark.ml import PipelineModel
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession

from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.settings import Settings

ALIAS, EXPERIMENT = "champion", "lakehouse-recommender"
DONE = "run_succeeded"
# No such model, or no such alias of it.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.integer, "customer_idx"), ColSpec(DataType.integer, "product_idx")]),
    outputs=Schema([ColSpec(DataType.float, "prediction")]),
)


@dataclass(frozen=True)
class Champion:
    """The model version that scores: the run that made it, the as-of date it was trained at, its parameters."""

    version: str
    run_id: str
    trained_on: date
    params: dict[str, str]


@dataclass(frozen=True)
class Training:
    """What is logged of a training besides the model. `tags` must hold run_date (ISO)."""

    name: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    inputs: Mapping[str, Head]
    tags: Mapping[str, str]


class ModelRegistry:
    """One registered model at a tracking server. No rows go there: data versions, metrics, factors and pseudonyms only."""

    def __init__(self, settings: Settings, store: DeltaStore) -> None:
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        self._name, self._store = settings.model_name, store
        mlflow.set_tracking_uri(settings.tracking_uri)
        mlflow.set_registry_uri(settings.tracking_uri)
        folder = _sqlite_folder(settings.tracking_uri)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._artifacts = settings.artifact_root or ((folder / "mlartifacts").as_uri() if folder else None)
        self._client = mlflow.MlflowClient()

    def champion(self) -> Champion | None:
        """The version under the alias; None as long as no model passed the gate."""
        try:
            return self.version(str(self._client.get_model_version_by_alias(self._name, ALIAS).version))
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise

    def version(self, version: str) -> Champion:
        """A registered version, whether it is the champion or may become it."""
        run = self._client.get_run(str(self._client.get_model_version(self._name, version).run_id))
        return Champion(version, run.info.run_id, date.fromisoformat(run.data.tags["run_date"]), run.data.params)

    def last_training(self) -> date | None:
        """As-of date of the latest training whose run came to its end, passed or not."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return None
        runs = self._client.search_runs(
            [experiment.experiment_id], f"tags.{DONE} = 'yes'", max_results=1, order_by=["attributes.start_time DESC"]
        )
        return date.fromisoformat(runs[0].data.tags["run_date"]) if runs else None

    def log(self, model: ALSModel, index: Mapping[str, DataFrame], training: Training) -> str:
        """Log a training and register its model; gives the model version. Nothing is promoted.

        `index`: the keys behind the model's integers, by the name of their file.
        """
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(EXPERIMENT, self._artifacts)
        with mlflow.start_run(experiment_id=experiment_id, run_name=training.name, tags=dict(training.tags)):
            mlflow.log_params(dict(training.params))
            mlflow.log_metrics(dict(training.metrics))
            for name, head in training.inputs.items():
                source = DeltaDatasetSource(path=self._store.path(name), delta_table_version=head.version, delta_table_id=head.table_id)
                mlflow.log_input(MetaDataset(source, name=name, digest=f"v{head.version}"), context="training")  # type: ignore[abstract]
            _log_index(index)
            with tempfile.TemporaryDirectory() as scratch, redirect_stderr(StringIO()):  # it prints what it did
                info = mlflow.spark.log_model(
                    PipelineModel([model]),
                    artifact_path="model",
                    registered_model_name=self._name,
                    pip_requirements=_requirements(),
                    signature=SIGNATURE,
                    dfs_tmpdir=scratch,
                )
        return str(info.registered_model_version)

    def finish(self, version: str, promote: bool) -> None:
        """The run that trained it succeeded: the training counts, and if it passed it is the champion from now on."""
        if promote:
            self._client.set_registered_model_alias(self._name, ALIAS, version)
        self._client.set_tag(self.version(version).run_id, DONE, "yes")

    def load(self, champion: Champion, spark: SparkSession) -> tuple[ALSModel, dict[str, DataFrame]]:
        """The champion and the keys behind its integers, as they were logged."""
        model = mlflow.spark.load_model(f"models:/{self._name}/{champion.version}", dfs_tmpdir=tempfile.mkdtemp())
        stage = model.stages[0]
        assert isinstance(stage, ALSModel)
        folder = Path(mlflow.artifacts.download_artifacts(run_id=champion.run_id, artifact_path="index"))
        return stage, {file.stem: spark.read.parquet(file.resolve().as_uri()) for file in folder.glob("*.parquet")}


def _log_index(index: Mapping[str, DataFrame]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, keys in index.items():
            keys.toPandas().to_parquet(f"{folder}/{name}.parquet", index=False)
        mlflow.log_artifacts(folder, "index")


def _requirements() -> list[str]:
    return [f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "pyarrow", "pyspark")]


def _sqlite_folder(tracking_uri: str) -> Path | None:
    """Where the sqlite file is, and without another setting the artifacts; None for a server, which knows its own place."""
    if not tracking_uri.startswith("sqlite:"):
        return None
    return Path(urlsplit(tracking_uri).path[1:]).resolve().parent

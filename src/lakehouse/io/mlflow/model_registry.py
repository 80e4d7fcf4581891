"""MLflow: what was trained from which data, and which version is the champion."""

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from contextlib import redirect_stderr
from datetime import UTC, date, datetime
from importlib.metadata import version
from io import StringIO
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported

import mlflow
import pyarrow.parquet as pq
import pyspark
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Run as MlflowRun
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from pyspark.ml import PipelineModel
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import DataError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mlflow.experiments import artifact_place, folder_of_all_machines, registry_of, use_server
from lakehouse.io.mlflow.model_facts import Champion, Registered, Training
from lakehouse.ops.model_changes import GATE, ModelChange, model_changes, record_model_change, system_user

ALIAS = "champion"
DONE = "run_succeeded"
# Tag of a version, not of its run: when it became the champion the last time.
PROMOTED_AT = "promoted_at"
# No such model, or no such alias of it.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.integer, "customer_idx"), ColSpec(DataType.integer, "product_idx")]),
    outputs=Schema([ColSpec(DataType.float, "prediction")]),
)


class ModelRegistry:
    """One registered model at a tracking server. What goes there: data versions, metrics, factors, and what the model was trained on, by
    pseudonyms.

    Without a store it can be looked at, but nothing can be logged or promoted.
    """

    def __init__(self, settings: Settings, store: DeltaStore | None = None) -> None:
        self._name, self._experiment, self._settings, self._store = settings.model_name, settings.experiment_name, settings, store
        self._artifacts = artifact_place(settings)
        use_server(settings)
        mlflow.set_registry_uri(registry_of(settings))
        self._client = mlflow.MlflowClient()

    def champion(self) -> Champion | None:
        """The version under the alias; None as long as no model passed the gate."""
        try:
            version = self.champions_version()
            return None if version is None else self.version(version)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise

    def champions_version(self) -> str | None:
        """The version under the alias, also of a model that `version` could not tell about."""
        try:
            return str(self._client.get_model_version_by_alias(self._name, ALIAS).version)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise

    def version(self, version: str) -> Champion:
        """A registered version, whether it is the champion or may become it."""
        run = self._client.get_run(str(self._client.get_model_version(self._name, version).run_id))
        return Champion(version, run.info.run_id, run.data.params)

    def registered(self) -> list[Registered]:
        """All versions, newest first."""
        champion, found, page = self.champions_version(), [], None
        while page is None or page:
            versions = self._client.search_model_versions(f"name='{self._name}'", page_token=page)
            found += [self._described(version, champion) for version in versions]
            page = versions.token or ""
        return sorted(found, key=lambda version: int(version.version), reverse=True)

    def find(self, version: str) -> Registered:
        """One version. DataError (65) if there is none of that name."""
        try:
            return self._described(self._client.get_model_version(self._name, version), self.champions_version())
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                raise DataError(f"there is no version {version} of {self._name}", "`lakehouse models list` shows all of them") from None
            raise

    def last_training(self) -> date | None:
        """As-of date of the latest training whose run came to its end, passed or not."""
        experiment = self._client.get_experiment_by_name(self._experiment)
        if experiment is None:
            return None
        runs = self._client.search_runs(
            [experiment.experiment_id], f"tags.{DONE} = 'yes'", max_results=1, order_by=["attributes.start_time DESC"]
        )
        return date.fromisoformat(runs[0].data.tags["run_date"]) if runs else None

    def log(self, model: ALSModel, index: Mapping[str, DataFrame], training: Training) -> str:
        """Log a training and register its model; gives the model version. Nothing is promoted.

        `index`: the keys behind the model's integers with their factors, and what else scoring wants, by the name of their file.
        """
        store = self._writable()
        experiment = self._client.get_experiment_by_name(self._experiment)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(self._experiment, self._artifacts)
        with mlflow.start_run(experiment_id=experiment_id, run_name=training.name, tags=dict(training.tags)):
            mlflow.log_params(dict(training.params))
            mlflow.log_metrics(dict(training.metrics))
            for name, head in training.inputs.items():
                place = {"path": path} if (path := store.tables.path(name)) else {"delta_table_name": store.tables.full_name(name)}
                source = DeltaDatasetSource(**place, delta_table_version=head.version, delta_table_id=head.table_id)
                mlflow.log_input(MetaDataset(source, name=name, digest=f"v{head.version}"), context="training")  # type: ignore[abstract]
            for file, text in training.texts.items():
                mlflow.log_text(text, file)
            _log_index(index)
            with tempfile.TemporaryDirectory(dir=folder_of_all_machines(self._settings)) as scratch, redirect_stderr(StringIO()):
                info = mlflow.spark.log_model(
                    PipelineModel([model]),
                    artifact_path="model",
                    registered_model_name=self._name,
                    pip_requirements=_requirements(),
                    signature=SIGNATURE,
                    dfs_tmpdir=scratch,
                )
        return str(info.registered_model_version)

    def left_over(self, fingerprint: str) -> Registered | None:
        """The newest version, if it is what a training of this fingerprint (its tag) would give and its run died before it counted.

        None if somebody has changed the champion since it was judged (tag `judged_against`).
        """
        newest = self._newest(fingerprint)
        if newest is None or DONE in newest.tags:
            return None
        return newest if (self.champions_version() or "") in (newest.tags.get("judged_against"), newest.version) else None

    def has_counted(self, fingerprint: str) -> bool:
        """Whether the newest version was trained with this fingerprint, in a run that succeeded."""
        newest = self._newest(fingerprint)
        return newest is not None and DONE in newest.tags

    def _newest(self, fingerprint: str) -> Registered | None:
        """The newest version, if it is of this fingerprint."""
        newest = next(iter(self.registered()), None)
        return newest if newest is not None and newest.tags.get("fingerprint") == fingerprint else None

    def finish(self, version: str, promote: bool) -> None:
        """The run that trained it succeeded: the training counts, and if it passed it is the champion from now on. Safe to repeat."""
        found = self.find(version)
        run_id = found.tags.get("lakehouse_run_id", "")
        if promote and not (found.is_champion and (run_id, version) in self._recorded()):
            self.promote(version, GATE, run_id, found.tags.get("gate_reason", ""))
        self._client.set_terminated(found.run_id)
        self._client.set_tag(found.run_id, DONE, "yes")

    def end_trainings(self, of_runs: Collection[str]) -> None:
        """Trainings that are said to go on although their run (id of this lake's) ended long ago are marked as killed."""
        experiment = self._client.get_experiment_by_name(self._experiment)
        going_on = [] if experiment is None else self._client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        for run in going_on:
            if run.data.tags.get("lakehouse_run_id") in of_runs:
                self._client.set_terminated(run.info.run_id, "KILLED")

    def _recorded(self) -> set[tuple[str, str]]:
        return {(change.run_id, change.to_version) for change in model_changes(self._writable())}

    def promote(self, version: str, kind: str, run_id: str, reason: str) -> str | None:
        """Make it the champion and record that in `ops.model_changes`; gives the version that it replaced.

        The alias comes first: a run that is killed in between leaves a champion without a row, which `champion_before` understands,
        and not a row about what never was.
        """
        store, before, now = self._writable(), self.champions_version(), datetime.now(UTC)
        if before == version:  # the alias got through in a run that died before its row
            before = next((change.to_version for change in reversed(model_changes(store))), None)
        self._client.set_registered_model_alias(self._name, ALIAS, version)
        record_model_change(store, ModelChange(now, run_id, before, version, kind, reason, system_user()))
        self._client.set_model_version_tag(self._name, version, PROMOTED_AT, now.isoformat(timespec="seconds"))
        return before

    def index(self, champion: Champion, spark: SparkSession) -> dict[str, DataFrame]:
        """What was logged beside a version's model, by name. Read by the driver: other machines don't see its files."""
        folder = Path(mlflow.artifacts.download_artifacts(run_id=champion.run_id, artifact_path="index"))
        return {file.stem: spark.createDataFrame(pq.read_table(file)) for file in folder.glob("*.parquet")}

    def load(self, champion: Champion) -> ALSModel:
        """A version's model as Spark knows it. It needs a session that is not of Spark Connect."""
        scratch = tempfile.mkdtemp(dir=folder_of_all_machines(self._settings))  # Spark reads from it as long as the model is used
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        model = mlflow.spark.load_model(f"models:/{self._name}/{champion.version}", dfs_tmpdir=scratch, dst_path=scratch)
        stage = model.stages[0]
        assert isinstance(stage, ALSModel)
        return stage

    def _writable(self) -> DeltaStore:
        assert self._store is not None, "this registry was opened to be looked at"
        return self._store

    def _described(self, found: ModelVersion, champion: str | None) -> Registered:
        run, version = self._run_of(found), str(found.version)
        tags = {name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")} if run else {}
        # Champions of before there was PROMOTED_AT: whoever passed in a run that succeeded.
        passed = tags.get("gate") == "passed" and tags.get(DONE) == "yes"
        return Registered(
            version=version,
            run_id=str(found.run_id or ""),
            is_champion=version == champion,
            was_promoted=version == champion or PROMOTED_AT in found.tags or passed,
            params=dict(run.data.params) if run else {},
            metrics=dict(run.data.metrics) if run else {},
            tags=tags,
            inputs=_delta_inputs(run) if run else {},
        )

    def _run_of(self, found: ModelVersion) -> MlflowRun | None:
        """The run that made the version; None if it was removed, or the version was registered without one."""
        try:
            return self._client.get_run(found.run_id) if found.run_id else None
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise


def _delta_inputs(run: MlflowRun) -> dict[str, int]:
    """Table → the version that was read, from the digests that `log` wrote: MLflow's sources leave out version 0 and the table's id."""
    datasets = [entry.dataset for entry in run.inputs.dataset_inputs] if run.inputs else []
    versions = {dataset.name: re.fullmatch(r"v(\d+)", dataset.digest) for dataset in datasets if dataset.source_type == "delta_table"}
    return {name: int(found[1]) for name, found in sorted(versions.items()) if found}


def _log_index(index: Mapping[str, DataFrame]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, keys in index.items():
            pq.write_table(keys.toArrow(), f"{folder}/{name}.parquet")
        mlflow.log_artifacts(folder, "index")


def _requirements() -> list[str]:
    # Databricks' pyspark is part of its runtime, without the metadata of a package.
    return [*(f"{name}=={version(name)}" for name in ("mlflow", "numpy", "pandas", "pyarrow")), f"pyspark=={pyspark.__version__}"]

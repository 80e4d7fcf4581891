"""Runs at the tracking server that train no model of the shop: backtests, and the trials of a search below them."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported

import mlflow

from lakehouse.io.config.settings import Settings, sqlite_file


class Log:
    """The open run."""

    def params(self, values: Mapping[str, object]) -> None:
        """Parts become `part.name`."""
        for name, value in values.items():
            mlflow.log_params({f"{name}.{part}": v for part, v in value.items()} if isinstance(value, dict) else {name: value})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Values by their names, without a step."""
        mlflow.log_metrics(dict(values))

    def files(self, folder: Path, names: tuple[str, ...]) -> None:
        """Those that are there."""
        for name in names:
            if (folder / name).exists():
                mlflow.log_artifact(str(folder / name))

    def trial(self, values: Mapping[str, object], value: float) -> None:
        """A nested run with the parameters that were tried and what they reached."""
        with mlflow.start_run(nested=True):
            self.params(values)
            mlflow.log_metric("validation_ndcg", value)


@contextmanager
def tracked(settings: Settings, experiment: str, name: str) -> Iterator[Log]:
    """A run of that experiment at the settings' tracking server; a failure ends it as failed."""
    place = artifact_place(settings)
    use_server(settings)
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(experiment)
    number = found.experiment_id if found else client.create_experiment(experiment, place)
    with mlflow.start_run(experiment_id=number, run_name=name):
        yield Log()


def use_server(settings: Settings) -> None:
    """Talk to the settings' tracking server from now on."""
    # What goes wrong is raised; what is logged of it as well are statements with their values.
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    # A bar for three small files would stand between the lines of a night's log.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    make_database(settings.tracking_uri)
    mlflow.set_tracking_uri(settings.tracking_uri)


def registry_of(settings: Settings) -> str:
    """Where models are registered: at the tracking server; a name of three parts (catalog.schema.model) is one of Unity Catalog."""
    is_of_a_catalog = settings.tracking_uri == "databricks" and settings.model_name.count(".") == 2
    return "databricks-uc" if is_of_a_catalog else settings.tracking_uri


def artifact_place(settings: Settings) -> str | None:
    """Where a new experiment keeps its files, and the folder for it; None where a server knows its own place."""
    folder = _sqlite_folder(settings.tracking_uri)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return settings.artifact_root or ((folder / "mlartifacts").as_uri() if folder else None)


def folder_of_all_machines(settings: Settings) -> str | None:
    """Where executors on other machines find the files of a model that passes through a folder: in the staging area, if that is a folder.

    None, a folder of this machine, where the vault is in a bucket or a volume of Databricks: there they write to where artifacts are.
    """
    root = settings.vault_root
    if "://" in root or root.startswith("/Volumes/"):
        return None
    folder = Path(root) / "_staging"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def make_database(tracking_uri: str) -> None:
    """A sqlite file that is missing appears with all its tables: with one that a killed run left half made MLflow can't go on."""
    file = sqlite_file(tracking_uri)
    if file is None:
        return
    folder = file.with_name(f".{file.name}.unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    if not file.exists():
        folder.mkdir(parents=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder)) / file.name  # MLflow remembers addresses that it had
        mlflow.MlflowClient(f"sqlite:///{unfinished}", f"sqlite:///{unfinished}").search_experiments(max_results=1)
        unfinished.replace(file)
        shutil.rmtree(folder)


def _sqlite_folder(tracking_uri: str) -> Path | None:
    """Where the sqlite file is, and without another setting the artifacts; None for a server, which knows its own place."""
    file = sqlite_file(tracking_uri)
    return None if file is None else file.parent

"""The versions in the model registry, as text."""

from lakehouse.errors import DataError
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.io.config.settings import is_registry_made, load_settings
from lakehouse.io.mlflow.model_registry import ModelRegistry, Registered


def overview(env: str, output: RowFormat = RowFormat.TABLE) -> str:
    """All versions, newest first: as-of date, champion or not, what the gate said, and each metric that ends with `.ndcg`."""
    versions = _registry(env).registered()
    if not versions:
        raise _no_model()
    metrics = sorted({name for version in versions for name in version.metrics if name.endswith(".ndcg")})
    rows = [
        [
            version.version,
            version.tags.get("run_date", ""),
            _standing(version),
            *(_number(version.metrics.get(name)) for name in metrics),
            version.tags.get("gate", ""),
            version.tags.get("gate_reason", ""),
        ]
        for version in versions
    ]
    return as_rows(["version", "trained on", "promoted", *metrics, "gate", "reason"], rows, output)


def details(env: str, version: str, output: RowFormat = RowFormat.TABLE) -> str:
    """One version, a row a fact: its run, tags, parameters, metrics, and the Delta versions of what it was trained from."""
    found = _registry(env).find(version)
    rows = [
        ["version", "version", found.version],
        ["version", "promoted", _standing(found)],
        ["version", "MLflow run", found.run_id],
        *(["tag", name, value] for name, value in sorted(found.tags.items())),
        *(["parameter", name, value] for name, value in sorted(found.params.items())),
        *(["metric", name, _number(value)] for name, value in sorted(found.metrics.items())),
        *(["input", name, str(number)] for name, number in sorted(found.inputs.items())),
    ]
    return as_rows(["kind", "name", "value"], rows, output)


def _registry(env: str) -> ModelRegistry:
    """DataError (65) if there is none yet."""
    settings = load_settings(env)
    if not is_registry_made(settings.tracking_uri):
        raise _no_model()
    return ModelRegistry(settings)


def _no_model() -> DataError:
    return DataError("no model was registered yet", "run `lakehouse train`")


def _standing(version: Registered) -> str:
    if version.is_champion:
        return "champion"
    return "before" if version.was_promoted else "no"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"

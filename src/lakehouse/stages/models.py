"""Which version in the model registry is the champion: what another one would change, and a change by hand."""

from pyspark.sql import functions as F

from lakehouse.errors import ConfigError, DataError
from lakehouse.gold.keys import CUSTOMER
from lakehouse.io.mlflow.model_registry import ModelRegistry
from lakehouse.ops.model_changes import PROMOTE, ROLLBACK, champion_before, model_changes
from lakehouse.recommend.evaluation.difference import difference
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import categories, products
from lakehouse.stages.score import registered
from lakehouse.stages.training.preview import LOOKED_AT, lists_of_some, published


def diff(run: RunContext, version: str) -> StageResult:
    """What the version would change in the published lists of some customers, as Markdown."""
    registry = ModelRegistry(run.settings, run.store)
    registry.find(version)
    before = published(run)
    if before is None:
        raise DataError("no lists of a model are published to compare with", "run `lakehouse night` first")
    people = before.select(*CUSTOMER).distinct().orderBy(F.xxhash64("customer_key"), *CUSTOMER).limit(LOOKED_AT)
    model = registered(run.spark, registry, registry.version(version))
    after = lists_of_some(run, people, model).persist()
    return StageResult(text=difference(before, after, run.read(products.TABLE), run.read(categories.TABLE)).text())


def promote(run: RunContext, version: str, reason: str) -> StageResult:
    """Make the version champion, whatever the gate said of it. Gives what was done, in words."""
    if not reason.strip():
        raise ConfigError("the reason is empty", "say why with --reason; it is kept in ops.model_changes")
    return _change(run, ModelRegistry(run.settings, run.store), version, PROMOTE, reason.strip())


def rollback(run: RunContext, reason: str) -> StageResult:
    """Back to the champion before the present one; again: one further back. DataError (65) if none is known."""
    registry = ModelRegistry(run.settings, run.store)
    champion = registry.champions_version()
    if champion is None:
        raise DataError("there is no champion to go back from", "`lakehouse models promote VERSION --reason ...` makes one")
    before = champion_before(model_changes(run.store), champion)
    if before is None:
        raise DataError(
            f"no champion is known before version {champion}", "see `lakehouse models list`, then `lakehouse models promote VERSION`"
        )
    return _change(run, registry, before, ROLLBACK, reason.strip())


def _change(run: RunContext, registry: ModelRegistry, version: str, kind: str, reason: str) -> StageResult:
    """At once and not at the run's end: nothing else is shown that it must wait for, and a failure is recorded with the run."""
    found = registry.find(version)
    if found.is_champion:
        return StageResult(text=f"version {found.version} is the champion already; nothing was changed")
    if "run_date" not in found.tags:
        raise DataError(f"version {found.version} was not made by `lakehouse train`, or its MLflow run is gone", "choose another version")
    replaced = registry.promote(found.version, kind, run.run_id, reason)
    lines = [
        f"version {found.version} (trained on {found.tags['run_date']}) is the champion now; "
        + (f"it replaced version {replaced}" if replaced else "there was none before"),
        *([f"its gate had failed: {found.tags.get('gate_reason', '')}"] if found.tags.get("gate") == "failed" else []),
        f"lists already written keep their model_version; the next `lakehouse score`, or night, uses version {found.version}",
    ]
    return StageResult(text="\n".join(lines))

"""The champion and the customers' own history → everybody's lists."""

from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession, is_remote

from lakehouse.errors import ConfigError
from lakehouse.flow import MODEL, RECOMMENDATIONS
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.io.mlflow.model_registry import Champion, ModelRegistry
from lakehouse.pipeline.planner import NOTHING
from lakehouse.recommend import customer_products, neighbours
from lakehouse.recommend.als import Factors, with_keys
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.registered import Parts, RegisteredModel
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.stages.rules.count_effects import count_effects
from lakehouse.stages.step_runner import step_runner

# Among a version's parameters: the configuration as JSON, and the names of the blend's exponents.
CONFIG, FITTED = "config", "fitted."


def score(run: RunContext) -> StageResult:
    """Score with the champion, or with the one that this run's training will promote at its end.

    Without a champion lists come from own frequency and popularity; their rows say so.
    """
    registry = ModelRegistry(run.settings, run.store)
    promoted = run.heads.get(MODEL)
    champion = registry.champion() if promoted is None else registry.version(str(promoted.version))
    if champion is None:
        logs.warn("no champion yet: lists come from own frequency and popularity")
    run = replace(run, heads={**run.heads, MODEL: model_head(champion)})
    runner = step_runner(run, partial(registered, run.spark, registry, champion))
    for step in RECOMMENDATIONS:
        runner.run(step)
    count_effects(run, runner.outputs[customer_products.TABLE.name])
    return StageResult(runner.outputs)


def model_head(champion: Champion | None) -> TableVersion:
    """The model as an input of a step: the MLflow run that made it, and its version."""
    return NOTHING if champion is None else TableVersion(champion.run_id, int(champion.version))


def registered(spark: SparkSession, registry: ModelRegistry, champion: Champion | None) -> RegisteredModel:
    """The model of a version, or the one that knows nobody."""
    if champion is None:
        return RegisteredModel.none(spark)
    # Versions of before there was a blend have neither exponents nor neighbours.
    exponents = {name.removeprefix(FITTED): float(value) for name, value in champion.params.items() if name.startswith(FITTED)}

    def load() -> Parts:
        index = registry.index(champion, spark)
        factors = Factors(index["customers"], index["products"])
        if "features" not in factors.products.columns:  # of a large shop, or of before they were kept beside the model
            if is_remote():
                raise ConfigError(
                    f"version {champion.version} keeps its factors in the model alone, which MLflow loads by the driver's JVM",
                    "score without SPARK_REMOTE, or train again if the model is of an older version of this package",
                )
            factors = with_keys(registry.load(champion), *factors)
        return factors, neighbours.from_frame(index["neighbours"]) if "neighbours" in index else {}

    blend = Blend.from_named(exponents) if exponents else None
    return RegisteredModel(champion.version, blend, load, float(champion.params.get("als.reg_param", 0)))

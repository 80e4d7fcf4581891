"""The champion and the customers' own history → everybody's lists."""

from lakehouse.flow import RECOMMENDATIONS
from lakehouse.io import logs
from lakehouse.io.model_registry import Champion, ModelRegistry
from lakehouse.recommend import neighbours
from lakehouse.recommend.als import with_keys
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.registered import Parts, RegisteredModel
from lakehouse.tasks.audit import audit
from lakehouse.tasks.run import Run

# Among a version's parameters: the configuration as JSON, and the names of the blend's exponents.
CONFIG, FITTED = "config", "fitted."


def score(run: Run, promoted: Champion | None = None) -> None:
    """Score with the champion, or with the one that this run's training will promote at its end.

    Without a champion lists come from own frequency and popularity; their rows say so.
    """
    registry = ModelRegistry(run.settings, run.store)
    champion = promoted or registry.champion()
    if champion is None:
        logs.warn("no champion yet: lists come from own frequency and popularity")
    run.runner.parameters["model"] = registered(run, registry, champion)
    for step in RECOMMENDATIONS:
        run.runner.run(step)
    audit(run)


def registered(run: Run, registry: ModelRegistry, champion: Champion | None) -> RegisteredModel:
    """The model of a version, or the one that knows nobody."""
    prior = Blend.of(run.params.blend)
    if champion is None:
        return RegisteredModel.none(run.spark, prior)
    # Versions of before there was a blend have neither exponents nor neighbours.
    exponents = {name.removeprefix(FITTED): float(value) for name, value in champion.params.items() if name.startswith(FITTED)}
    blend = Blend.from_named(exponents) if exponents else prior

    def load() -> Parts:
        als, index = registry.load(champion, run.spark)
        factors = with_keys(als, index["customers"], index["products"])
        return factors, neighbours.from_frame(index["neighbours"]) if "neighbours" in index else {}

    return RegisteredModel(champion.version, champion.run_id, blend, load)

"""The champion's candidates, and from them and the customers' own history the lists."""

from lakehouse.flow import RECOMMENDATIONS
from lakehouse.io import logs
from lakehouse.io.model_registry import Champion, ModelRegistry
from lakehouse.recommend.als import FactorModel, with_keys
from lakehouse.tasks.run import Run


def score(run: Run, promoted: Champion | None = None) -> None:
    """Score with the champion, or with the one that this run's training will promote at its end.

    Without a champion there are no candidates, and lists come from own frequency and popularity; their rows say so.
    """
    registry = ModelRegistry(run.settings, run.store)
    champion = promoted or registry.champion()
    if champion is None:
        logs.warn("no champion yet: lists come from own frequency and popularity")
        model = FactorModel.none(run.spark)
    else:
        als, index = registry.load(champion, run.spark)
        model = with_keys(champion.version, champion.run_id, als, index["customers"], index["products"])
    run.runner.parameters |= {"model": model, "model_version": model.version}
    for step in RECOMMENDATIONS:
        run.runner.run(step)

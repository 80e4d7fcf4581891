"""Interactions → a registered ALS model; the alias `champion` moves only when the gate passes."""

import time

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold import interactions
from lakehouse.io import logs
from lakehouse.io.ledger import SUCCEEDED, Entry, inputs_json
from lakehouse.io.model_registry import Champion, ModelRegistry, Training
from lakehouse.recommend import als
from lakehouse.recommend.evaluation import MODEL, POPULARITY, flat, judge_als, judge_baselines, test_set
from lakehouse.recommend.gate import decide
from lakehouse.recommend.params import Als, Weights
from lakehouse.recommend.split import Sales
from lakehouse.silver import customer_identities, customers, order_lines, orders, refund_lines
from lakehouse.table import Table
from lakehouse.tasks.run import Run

SALES = (orders.TABLE, order_lines.TABLE, refund_lines.TABLE, customer_identities.TABLE)


def train(run: Run, when_due: bool = False) -> Champion | None:
    """Judge the configuration of conf/als.yaml before a cut, fit it on everything, register it, promote it if it passes.

    With `when_due` only if no model was ever promoted or the last training is `train_every_days` old. Gives the version
    that passed; it is promoted at the end of the run, with everything else that the run shows.
    """
    registry = ModelRegistry(run.settings, run.store)
    champion = registry.champion()
    if when_due and not _is_due(run, registry, champion):
        logs.info("train: not due", step="train")
        return None
    started = time.monotonic()
    logs.at("train")
    sales = Sales(*(_read(run, table) for table in SALES))
    test = test_set(sales, run.run_date, run.params)
    judged = {**judge_baselines(test), MODEL: judge_als(test, run.params.als)}
    verdict = decide(judged[MODEL], judged[POPULARITY], _champions_metrics(run, champion, sales), run.params.evaluation.min_customers)
    trained = als.fit(_read(run, interactions.TABLE), run.params.als)
    index = {"customers": _without_anonymous(run, trained.customer_index), "products": trained.product_index}
    inputs = {table.name: run.runner.heads[table.name] for table in (*SALES, interactions.TABLE)}
    training = Training(
        name=f"{run.run_date} {run.run_id}",
        params={**run.params.als.model_dump(), **run.params.weights.model_dump(), **run.params.evaluation.model_dump()},
        metrics=flat(judged),
        inputs=inputs,
        tags={
            "run_date": run.run_date.isoformat(),
            "lakehouse_run_id": run.run_id,
            "gate": "passed" if verdict.passed else "failed",
            "gate_reason": verdict.reason,
        },
    )
    version = registry.log(trained.model, index, training)
    run.at_end.append(lambda: registry.finish(version, verdict.passed))
    outcome = "becomes the champion" if verdict.passed else "was not promoted"
    run.ledger.record(Entry("train", SUCCEEDED, outcome, time.monotonic() - started, inputs=inputs_json(inputs), message=verdict.reason))
    logs.info(f"{'train':<40} {time.monotonic() - started:6.1f} s  version {version} {outcome}: {verdict.reason}", step="train")
    return registry.version(version) if verdict.passed else None


def _is_due(run: Run, registry: ModelRegistry, champion: Champion | None) -> bool:
    last = registry.last_training()
    if champion is None or last is None:
        return True
    return (run.run_date - last).days >= run.settings.train_every_days


def _champions_metrics(run: Run, champion: Champion | None, sales: Sales) -> dict[str, float] | None:
    """The champion's configuration, fitted before the same cut; None where it is the one that is tried anyway."""
    if champion is None:
        return None
    config = Als.model_validate({name: champion.params[name] for name in Als.model_fields})
    weights = Weights.model_validate({name: champion.params[name] for name in Weights.model_fields})
    theirs = run.params.model_copy(update={"als": config, "weights": weights})
    return None if theirs == run.params else judge_als(test_set(sales, run.run_date, theirs), config)


def _without_anonymous(run: Run, customer_index: DataFrame) -> DataFrame:
    """Buyers nobody knows teach the model what goes together; nobody will ever ask for their lists."""
    known = _read(run, customers.TABLE).where(~F.col("is_anonymous"))
    return customer_index.join(known, als.CUSTOMER, "left_semi")


def _read(run: Run, table: Table) -> DataFrame:
    return run.store.read(table.name, run.runner.pinned(table).version).select(*table.column_names)

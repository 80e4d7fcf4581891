"""Purchases → a registered model; the alias `champion` moves only when the gate passes."""

import json
import time
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError
from pyspark.sql import DataFrame, is_remote
from pyspark.sql import functions as F

from lakehouse.errors import ConfigError
from lakehouse.fingerprint import fingerprint
from lakehouse.flow import MODEL, SALES
from lakehouse.gold import interactions
from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.purchases import as_of, evening, purchases
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.io.mlflow.model_registry import Champion, ModelRegistry, Training
from lakehouse.ops.ledger import SUCCEEDED, Entry, inputs_json
from lakehouse.pipeline.recording import record
from lakehouse.recommend import als, metrics, neighbours
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.evaluation import gate, split
from lakehouse.recommend.evaluation.gate import GateDecision, Guards
from lakehouse.recommend.evaluation.judge import POPULARITY, Judged, flatten_metrics, judge, lists_of
from lakehouse.recommend.evaluation.split import Fold
from lakehouse.recommend.model import Learned, clock_of, fit_blend, learn
from lakehouse.recommend.params import Params
from lakehouse.recommend.scorer import BUY_AGAIN, DISCOVER, LISTS, MIXED
from lakehouse.runs.stage import AfterPublication, RunContext, StageResult
from lakehouse.silver import customers, products
from lakehouse.stages.score import CONFIG, FITTED, model_head
from lakehouse.stages.training.preview import changes, eligible, guards, preview
from lakehouse.stages.training.training_due import why_due

PASSED = "passed"
# So many customers' factors (256 bytes each) and the pairs that they come from (16 bytes each) pass through the driver. They are kept
# beside the model too, where scoring reads them without loading it, which costs seconds and needs a session with a JVM.
HELD_CUSTOMERS = 500_000
# MLflow writes a model of Spark by the driver's JVM.
NEEDS_CLASSIC = "training needs a Spark session of its own, and SPARK_REMOTE asks for one of Spark Connect"
TRAIN_ELSEWHERE = "run `lakehouse train` without SPARK_REMOTE, or by spark-submit"


def due(run: RunContext) -> str:
    """Why a night trains: no model was ever promoted, or the last training is `train_every_days` old. Not from what the newest version
    was trained from."""
    registry = ModelRegistry(run.settings, run.store)
    reason = why_due(run.settings.train_every_days, run.run_date, registry.champion() is not None, registry.last_training())
    if not reason or registry.has_counted(_fingerprint(run)):
        return ""
    if is_remote():
        logs.warn(f"train: due ({reason}), and left out: {NEEDS_CLASSIC}; {TRAIN_ELSEWHERE}")
        return ""
    return reason


def train(run: RunContext) -> StageResult:
    """Judge the configuration of conf/als.yaml before a cut, fit it on everything, register it, promote it if it passes.

    A training that a run left which died before its end is taken up instead. The version that passed is the MODEL of later stages; it is
    promoted when everything is published. ConfigError (2) in a session of Spark Connect.
    """
    if is_remote():
        raise ConfigError(NEEDS_CLASSIC, TRAIN_ELSEWHERE)
    registry = ModelRegistry(run.settings, run.store)
    champion = registry.champion()
    started, made_by = time.monotonic(), _fingerprint(run)
    inputs = {table.name: run.head(table) for table in (*SALES, interactions.TABLE, products.TABLE)}
    if left := registry.left_over(made_by):
        logs.info(f"train: version {left.version} is taken up, its run {left.tags['lakehouse_run_id']} died", step="train")
        return _conclude(run, registry, left.version, left.tags["gate"] == PASSED, left.tags["gate_reason"], inputs, started)
    registry.end_trainings(run.ledger.ended_runs())
    every = purchases(*(run.read(table) for table in SALES), feed_shop=run.settings.feed_shop_code)
    bought = every.where(F.col("order_day") < evening(run.run_date)).persist()
    tried = _tried(bought, run, run.params)
    known = as_of(bought, evening(run.run_date), clock_of(run.params))
    learned = learn(known, run.params, clock_of(run.params), run.read(interactions.TABLE))
    blend = _blend(tried.learned, tried.fold, run.params)
    shown = eligible(run)
    lists = preview(run, learned, blend, shown)
    verdict = _verdict(run, champion, bought, tried, found := guards(run, lists, learned, shown))
    changed = changes(run, lists)
    training = Training(
        name=f"{run.run_date} {run.run_id}",
        params=_logged(run.params, blend),
        metrics={**flatten_metrics(tried.judged.means()), "coverage": found.coverage, "completeness": found.completeness},
        inputs=inputs,
        tags=_tags(run, made_by, champion, verdict),
        texts={} if changed is None else {"rec_diff.md": changed.text()},
    )
    version = registry.log(learned.trained.model, _index(run, learned), training)
    for frame in (bought, lists, *tried.fold):
        frame.unpersist()
    tried.learned.forget()
    learned.forget()
    return _conclude(run, registry, version, verdict.passed, verdict.reason, inputs, started)


def _tags(run: RunContext, made_by: str, champion: Champion | None, verdict: GateDecision) -> dict[str, str]:
    return {
        "run_date": run.run_date.isoformat(),
        "lakehouse_run_id": run.run_id,
        "fingerprint": made_by,
        "judged_against": "" if champion is None else champion.version,
        "gate": PASSED if verdict.passed else "failed",
        "gate_outcome": verdict.outcome,
        "gate_reason": verdict.reason,
    }


def _index(run: RunContext, learned: Learned) -> dict[str, DataFrame]:
    """What is kept beside the model of ALS, by name."""
    keys = _without_anonymous(run, learned.trained.customer_index)
    customers, products = keys, learned.trained.product_index
    if keys.count() <= HELD_CUSTOMERS:
        factors, pairs = learned.trained.factors(), als.training_pairs(learned.interactions, run.params.als.alpha)
        customers, products = factors.customers.join(keys, CUSTOMER, "left_semi").join(pairs, CUSTOMER, "left"), factors.products
    return {
        "customers": customers,
        "products": products,
        "neighbours": neighbours.as_frame(run.spark, learned.neighbours),
    }


def _conclude(
    run: RunContext, registry: ModelRegistry, version: str, passed: bool, reason: str, inputs: dict[str, TableVersion], started: float
) -> StageResult:
    outcome = "becomes the champion" if passed else "was not promoted"
    entry = Entry("train", SUCCEEDED, outcome, time.monotonic() - started, inputs=inputs_json(inputs), message=reason)
    record(run.ledger, entry, f"version {version} {outcome}: {reason}")
    unpublished = {MODEL: model_head(registry.version(version))} if passed else {}
    return StageResult(unpublished=unpublished, after=(AfterPublication.of(finish, version=version, passed=passed),))


def finish(run: RunContext, version: str, passed: bool) -> None:
    """The training counts from now on; if it passed, its version is the champion."""
    ModelRegistry(run.settings, run.store).finish(version, passed)


def _fingerprint(run: RunContext) -> str:
    """All that the version comes from. The published lists are only compared with, so they are none of it."""
    heads = sorted((name, head) for name, head in run.heads.items() if name.startswith(("silver.", "gold.")))
    return fingerprint("lakehouse.stages.train", run.run_date, run.params, heads)


@dataclass(frozen=True)
class _Tried:
    """A configuration fitted before the cut and judged after it."""

    learned: Learned
    fold: Fold
    judged: Judged


def _tried(bought: DataFrame, run: RunContext, params: Params) -> _Tried:
    """The test window is the last days before the run date, the one that the blend is fitted on the days before that."""
    days, clock = params.evaluation.window_days, clock_of(params)
    cut = evening(run.run_date) - days
    fold = split.window(bought, cut, days, clock)
    past = split.window(bought.where(F.col("order_day") < cut), cut - days, days, clock)
    blend = Blend.of(params.blend) if past.truth.isEmpty() else _blend(learn(past.known, params, clock), past, params)
    learned = learn(fold.known, params, clock)
    lists = lists_of(learned, blend, fold.truth, params, params.lists.length).persist()
    return _Tried(learned, fold, judge(lists, learned, fold, params))


def _blend(learned: Learned, fold: Fold, params: Params) -> Blend:
    return fit_blend(learned, fold.truth, params)


def _verdict(run: RunContext, champion: Champion | None, bought: DataFrame, tried: _Tried, found: Guards) -> GateDecision:
    """The champion's configuration is fitted before the same cut. One that this code can't read is compared as popularity is."""
    least, seed = run.params.evaluation.min_customers, run.params.als.seed
    theirs = None if champion is None else _config(champion, run.params)
    ours = _ndcg(tried.judged, *LISTS)
    if theirs is None:
        popular = _ndcg(tried.judged, POPULARITY)[POPULARITY]
        return gate.decide_first(gate.compare({MIXED: popular}, {MIXED: ours[MIXED]}, seed), found, least)
    if _logged_config(theirs) == _logged_config(run.params):
        return gate.decide_refit(found)
    their = _tried(bought, run, theirs.model_copy(update={"evaluation": run.params.evaluation}))
    found = replace(found, worst_country=gate.worst_country(_by_country(their), _by_country(tried)))
    compared = (BUY_AGAIN, DISCOVER)
    return gate.decide(gate.compare(_ndcg(their.judged, *compared), {name: ours[name] for name in compared}, seed), found, least)


def _by_country(tried: _Tried) -> dict[str, dict[str, float]]:
    return metrics.by_group(tried.judged.of(MIXED), tried.learned.countries, "country_code")


def _ndcg(judged: Judged, *methods: str) -> dict[str, np.ndarray]:
    """The customers' NDCG, in the order of their keys."""
    rows = judged.per_customer.where(F.col("method").isin(*methods)).orderBy("method", *CUSTOMER).select("method", "ndcg").toPandas()
    return {name: rows.loc[rows["method"] == name, "ndcg"].to_numpy() for name in methods}


def _logged(params: Params, blend: Blend) -> dict[str, object]:
    """What the registry keeps: each parameter to be read, all of them to be fitted again, and the exponents that were learned."""
    flat_params = {
        f"{part}.{name}": value for part in ("weights", "als", "neighbours", "popularity") for name, value in getattr(params, part)
    }
    forms = {f"form.{name}": form for name, form in zip(("buy_again", "mixed"), blend.forms, strict=True)}
    return {**flat_params, CONFIG: _logged_config(params), **forms, **{FITTED + name: value for name, value in blend.named().items()}}


def _logged_config(params: Params) -> str:
    """What makes two trainings the same but for their data."""
    return json.dumps(params.model_dump(include={"weights", "als", "neighbours", "popularity", "blend"}), sort_keys=True)


def _config(champion: Champion, present: Params) -> Params | None:
    try:
        return Params.model_validate({**present.model_dump(), **json.loads(champion.params[CONFIG])})
    except (KeyError, ValueError, ValidationError):
        logs.warn("the champion's configuration is of another version of this code: the model is compared with popularity alone")
        return None


def _without_anonymous(run: RunContext, customer_index: DataFrame) -> DataFrame:
    """Buyers nobody knows teach the model what goes together; nobody will ever ask for their lists."""
    known = run.read(customers.TABLE).where(~F.col("is_anonymous"))
    return customer_index.join(known, CUSTOMER, "left_semi")

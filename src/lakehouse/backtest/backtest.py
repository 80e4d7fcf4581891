"""Recommendations on anybody's orders: the nightly code from purchases to lists, judged by what was bought next."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.backtest.report import flat_means, report_of, table
from lakehouse.errors import ConfigError, DataError
from lakehouse.gold.keys import CUSTOMER
from lakehouse.gold.purchases import Clock
from lakehouse.io.config.settings import Settings, load_settings, read_conf
from lakehouse.io.files.orders_file import SHOP, OrderHistory, parse_columns, read, read_orders
from lakehouse.io.host import logs
from lakehouse.io.mlflow import experiments
from lakehouse.io.mlflow.experiments import Log
from lakehouse.io.spark.session import spark_session
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.evaluation import split, tuning
from lakehouse.recommend.evaluation.judge import FILLED, Judged, judge, lists_of
from lakehouse.recommend.evaluation.split import Fold
from lakehouse.recommend.model import Learned, clock_of, fit_blend, learn
from lakehouse.recommend.params import Params, parse_params
from lakehouse.recommend.scorer import LISTS, pair_scores

EXPERIMENT = "lakehouse-backtests"
# Columns of lists.parquet, whose names are a contract, by those of `recommendations.customer_products`.
AS_LISTED = {"list_name": "list", "candidate_source": "source"}
LISTED = ["customer", "list", "rank", "product", "score", "source"]


@dataclass(frozen=True)
class Request:
    """What the command was asked for. One of `split_at` (with `window`), `test` and `every` is set."""

    orders: str
    columns: str
    out: Path
    lists: tuple[str, ...]
    length: int
    split_at: str | None = None
    window: float = 28
    test: str | None = None
    customers: str | None = None
    keep_seen: bool = False
    score_pairs: str | None = None
    tune: bool = False
    replay: int = 0

    @property
    def mode(self) -> str:
        """What is judged, in words."""
        if self.split_at is not None:
            return f"split at {self.split_at}, {self.window:g} days"
        return "all" if self.test is None else "test file"


@dataclass(frozen=True)
class Result:
    """What was found, for the screen, for files and for the tracking server."""

    params: Params
    blend: Blend
    judged: Judged | None
    report: Mapping[str, Mapping[str, object]]


def run(request: Request, env: str) -> str:
    """What the command does; gives what it says at its end."""
    settings = load_settings(env)
    logs.set_up(settings.log_format, "backtest")
    try:
        return _run(request, settings)
    finally:
        logs.end()


def _run(request: Request, settings: Settings) -> str:
    if unknown := set(request.lists) - set(LISTS):
        raise ConfigError(f"--lists has unknown {', '.join(sorted(unknown))}", f"there are {', '.join(LISTS)}")
    params, spark = parse_params(read_conf("als.yaml")), spark_session(settings)
    if request.replay:
        return replayed(spark, request, params, settings)
    with experiments.tracked(settings, EXPERIMENT, Path(request.orders).name) as log:
        result = backtest(spark, request, params, log)
        log.params({**result.params.model_dump(exclude={"search"}), "fitted": result.blend.named(), "mode": request.mode})
        log.metrics(flat_means(result.report))
        log.files(request.out, ("metrics.json", "params.json"))
    return table(result.report) if result.report else f"{request.out}/lists.parquet"


def replayed(spark: SparkSession, request: Request, params: Params, settings: Settings) -> str:
    """Each of the last weeks as of its first day, in a folder of its own; the table has a row for each week and list."""
    orders = read_orders(spark, request.orders, parse_columns(request.columns))
    if orders.unit == "baskets":
        raise ConfigError("--replay needs times, and the column of time holds numbers", "use --split-at or --test")
    end = orders.bought.agg(F.max("order_day")).first()
    assert end is not None
    report: dict[str, Mapping[str, object]] = {}
    for week in range(request.replay, 0, -1):
        day = (datetime(1970, 1, 1) + timedelta(days=int(end[0]) + 1 - 7 * week)).date().isoformat()
        logs.info(f"as of {day}", step="backtest")
        once = replace(request, split_at=day, window=7, replay=0, out=request.out / day)
        with experiments.tracked(settings, EXPERIMENT, f"{Path(request.orders).name} {day}") as log:
            result = backtest(spark, once, params, log)
            log.params({"mode": once.mode})
            log.metrics(flat_means(result.report))
        report |= {f"{day} {name}": found for name, found in result.report.items() if name in (*LISTS, FILLED)}
    return table(report)


def backtest(spark: SparkSession, request: Request, params: Params, log: Log | None = None) -> Result:
    """Writes lists.parquet, params.json and, where there is something to judge by, metrics.json (and pairs.parquet if asked)."""
    started = time.monotonic()

    def told(what: str) -> None:
        logs.info(f"{what:<40} {time.monotonic() - started:6.1f} s", step="backtest")

    request.out.mkdir(parents=True, exist_ok=True)
    orders = read_orders(spark, request.orders, parse_columns(request.columns))
    told("orders read")
    clock = clock_of(params, orders.unit)
    fold = _fold(spark, request, orders, clock)
    past = _validation(request, orders, fold, clock, params)
    if request.tune:
        params = tuning.search(past, params, clock, params.search.trials, _trial(log, told))
    learned, blend = _fitted(past, fold, params, clock, told)
    customers = _customers(spark, request, orders, fold)
    lists = lists_of(learned, blend, customers, params, request.length, request.keep_seen).persist()
    _write(
        orders.given(lists.where(F.col("list_name").isin(*request.lists)).withColumnsRenamed(AS_LISTED))
        .select(*LISTED)
        .orderBy("customer", "list", "rank"),
        request.out / "lists.parquet",
    )
    told("lists.parquet")
    if request.score_pairs:
        asked = orders.pairs(read(spark, request.score_pairs, {"customer": "customer", "product": "product"}))
        scores = pair_scores(asked, learned.profiles(asked), learned.ranking(blend, params, 1))
        _write(orders.given(scores).select("customer", "product", "score"), request.out / "pairs.parquet")
        told("pairs.parquet")
    judged: Judged | None = None
    report: dict[str, dict[str, object]] = {}
    if fold.truth is not None:
        wanted = fold.truth if request.customers is None else fold.truth.join(customers, CUSTOMER, "left_semi")
        judged = judge(lists, learned, Fold(fold.known, wanted), params)
        report = report_of(judged, learned)
        (request.out / "metrics.json").write_text(json.dumps(report, indent=1) + "\n")
        told("metrics.json")
    found = {**params.model_dump(), "fitted": blend.named(), "fitted_on_customers": list(blend.customers), "forms": list(blend.forms)}
    (request.out / "params.json").write_text(json.dumps(found, indent=1) + "\n")
    return Result(params, blend, judged, report)


def _trial(log: Log | None, told: Callable[[str], None]) -> Callable[[int, Params, float], None]:
    def heard(number: int, tried: Params, value: float) -> None:
        told(f"trial {number} of {tried.search.trials}: NDCG@10 {value:.4f}")
        if log:
            log.trial(tried.model_dump(exclude={"search"}), value)

    return heard


@dataclass(frozen=True)
class _Task:
    """The known past, and the truth if there is one."""

    known: DataFrame
    truth: DataFrame | None
    cut: float | None


def _fold(spark: SparkSession, request: Request, orders: OrderHistory, clock: Clock) -> _Task:
    if request.split_at is not None:
        cut = moment(request.split_at, orders.unit)
        known, truth = split.window(orders.bought, cut, request.window, clock)
        if truth.isEmpty():
            raise DataError(
                "nobody with orders before the split bought a known product in the window", "look at --split-at and --window-days"
            )
        return _Task(known, truth, cut)
    known = split.everything(orders.bought, clock)
    if request.test is None:
        return _Task(known, None, None)
    pairs = orders.pairs(read(spark, request.test, {"customer": "customer", "product": "product"}))
    return _Task(known, split.judgeable(pairs, known), None)


def moment(text: str, unit: str) -> float:
    """Days since 1970 of a date or time (UTC), or the number of a basket. ConfigError (2) for anything else."""
    try:
        if unit == "baskets":
            return float(int(text))
        when = datetime.fromisoformat(text)
    except ValueError:
        todo = "a whole number, as the column of time" if unit == "baskets" else "a date or time, as 2011-11-01"
        raise ConfigError(f"--split-at {text} can't be read", todo) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() / 86400


def _validation(request: Request, orders: OrderHistory, fold: _Task, clock: Clock, params: Params) -> Fold:
    """A fold inside what is known: a window as long as the test's before the cut, else what `split.held_out` says."""
    if fold.cut is None:
        return split.held_out(orders.bought, clock, params.als.seed)
    before = orders.bought.where(F.col("order_day") < fold.cut)
    return split.window(before, fold.cut - request.window, request.window, clock)


def _fitted(past: Fold, fold: _Task, params: Params, clock: Clock, told: Callable[[str], None]) -> tuple[Learned, Blend]:
    blend = Blend.of(params.blend)
    if not past.truth.isEmpty():
        blend = fit_blend(learn(past.known, params, clock), past.truth, params)
        told(f"blend fitted on {max(blend.customers)} customers")
    learned = learn(fold.known, params, clock)
    told("ALS and neighbours learned")
    return learned, blend


def _customers(spark: SparkSession, request: Request, orders: OrderHistory, fold: _Task) -> DataFrame:
    if request.customers is None:
        return fold.known.select(*CUSTOMER).distinct()
    asked = read(spark, request.customers, {"customer": "customer"})
    return asked.select(F.lit(SHOP).alias("shop_code"), F.col("customer").cast("string").alias("customer_key")).distinct()


def _write(frame: DataFrame, path: Path) -> None:
    pq.write_table(frame.toArrow(), path)

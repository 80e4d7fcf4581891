"""The command `lakehouse backtest` on a small made-up grocery: what it writes, and that nothing of the future leaks into it."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from lakehouse.backtest.backtest import Request, backtest
from lakehouse.cli import main
from lakehouse.gold.purchases import Clock
from lakehouse.io.config.settings import read_conf
from lakehouse.recommend.evaluation.tuning import candidates
from lakehouse.recommend.params import Params, parse_params

COLUMNS = "customer=customer,product=product,order=order,time=time"
CUT = datetime(2026, 6, 1, tzinfo=UTC)
CUSTOMERS, PRODUCTS = 120, 60


def grocery(changing: bool = False) -> pd.DataFrame:
    """Half a year of weekly orders: everybody has six favourites out of one of four tastes, and now and then takes something else of it.

    `changing`: after three months everybody has other favourites.
    """
    chance = random.Random(7)
    rows = []
    for customer in range(CUSTOMERS):
        taste = range(customer % 4, PRODUCTS, 4)
        favourites = chance.sample(taste, 6)
        for week in range(26):
            if changing and week == 13:
                favourites = chance.sample([product for product in taste if product not in favourites], 6)
            if chance.random() < 0.6:
                basket = {*chance.sample(favourites, 3), *chance.sample(taste, chance.randrange(2))}
                when = CUT - timedelta(days=7 * (22 - week), hours=chance.randrange(24))
                rows += [
                    (f"c{customer:03}", f"p{product:02}", f"{customer}-{week}", when.replace(tzinfo=None)) for product in sorted(basket)
                ]
    return pd.DataFrame(rows, columns=["customer", "product", "order", "time"]).astype({"time": "datetime64[us]"})


@pytest.fixture(scope="module")
def params() -> Params:
    values = parse_params(read_conf("als.yaml"))
    return values.model_copy(update={"als": values.als.model_copy(update={"rank": 8, "iterations": 4})})


Tried = Callable[..., tuple[dict[str, Any], pd.DataFrame, Path]]


@pytest.fixture(scope="module")
def tried(spark: SparkSession, params: Params, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """metrics.json, lists.parquet and the folder of a backtest of a frame of orders."""

    def tried(frame: pd.DataFrame, **changes: Any) -> tuple[dict[str, Any], pd.DataFrame, Path]:
        folder = tmp_path_factory.mktemp("backtest")
        frame.to_parquet(folder / "orders.parquet", index=False)
        wanted: dict[str, Any] = {
            "split_at": "2026-06-01",
            "window": 28,
            "columns": COLUMNS,
            "lists": ("buy_again", "discover", "mixed"),
            "length": 10,
        }
        backtest(spark, Request(orders=str(folder / "orders.parquet"), out=folder / "out", **(wanted | changes)), params)
        metrics = folder / "out" / "metrics.json"
        return (
            json.loads(metrics.read_text()) if metrics.exists() else {},
            pd.read_parquet(folder / "out" / "lists.parquet"),
            folder / "out",
        )

    return tried


@pytest.fixture(scope="module")
def plain(tried: Tried) -> tuple[dict[str, Any], pd.DataFrame, Path]:
    return tried(grocery())


def test_lists_are_whole_and_metrics_are_those_of_the_lists(plain: tuple[dict[str, Any], pd.DataFrame, Path]) -> None:
    metrics, lists, folder = plain
    assert list(lists.columns) == ["customer", "list", "rank", "product", "score", "source"]
    assert not lists.duplicated(["customer", "list", "product"]).any()
    frame = grocery()
    known, after = frame[frame.time < "2026-06-01"], frame[frame.time >= "2026-06-01"]
    after = after[after["product"].isin(known["product"]) & after.customer.isin(known.customer)]
    bought, before = after.groupby("customer")["product"].agg(set), known.groupby("customer")["product"].agg(set)
    for name in ("buy_again", "discover", "mixed"):
        shown = lists[(lists["list"] == name) & (lists["rank"] <= 10)].groupby("customer")["product"].agg(set)
        recall = [len(shown.get(c, set()) & wanted) / len(wanted) for c, wanted in bought.items()]
        assert metrics[name]["recall"]["mean"] == pytest.approx(sum(recall) / len(recall))
    mine = lists[lists["list"] == "discover"].groupby("customer")["product"].agg(set).to_dict()
    assert not any(products & before.to_dict()[customer] for customer, products in mine.items())
    saved = json.loads((folder / "params.json").read_text())
    assert saved["als"]["rank"] == 8
    assert set(saved["fitted"]) >= {"discover.als", "mixed.is_bought"}


def test_every_baseline_stands_beside_and_the_lists_beat_popularity(plain: tuple[dict[str, Any], pd.DataFrame, Path]) -> None:
    metrics, _, _ = plain
    assert set(metrics) == {
        *("buy_again", "discover", "mixed", "als", "popularity"),
        *("own_frequency", "filled_own_frequency", "blended_own_frequency", "decayed_own_frequency", "last_order"),
    }
    ndcg = {name: found["ndcg"]["mean"] for name, found in metrics.items()}
    assert ndcg["mixed"] > 2 * ndcg["popularity"]
    # What was just bought is put off, and here everything is bought again within the window: within the interval, not above.
    assert metrics["mixed"]["ndcg"]["high"] > ndcg["own_frequency"]
    # Everybody keeps to a quarter of the products: who knows the taste finds what is new four times as often.
    assert metrics["discover"]["explore_recall"]["mean"] > 2 * metrics["popularity"]["explore_recall"]["mean"]
    assert metrics["mixed"]["ndcg"]["low"] < ndcg["mixed"] < metrics["mixed"]["ndcg"]["high"]


def test_the_simple_blend_is_decayed_weight_times_the_root_of_popularity_filled_up_by_popularity(
    plain: tuple[dict[str, Any], pd.DataFrame, Path],
) -> None:
    frame = grocery()
    known, after = frame[frame.time < "2026-06-01"], frame[frame.time >= "2026-06-01"]
    age = np.ceil((pd.Timestamp("2026-06-01") - known.time).dt.total_seconds() / 86_400) - 1
    known = known.assign(weight=0.5 ** (age / 120), is_recent=age < 28)
    counts = known.groupby("product").agg(recent=("is_recent", "sum"), ever=("weight", "size")).reset_index()
    sellers = counts.sort_values(["recent", "ever", "product"], ascending=[False, False, True]).reset_index(drop=True)
    place = {product: i for i, product in enumerate(sellers["product"])}
    own = known.groupby(["customer", "product"])["weight"].sum().reset_index().merge(counts, on="product")
    own["value"], own["place"] = own.weight * np.sqrt(1 + own.recent), own["product"].map(place)
    best = own.sort_values(["value", "place"], ascending=[False, True]).groupby("customer")["product"].agg(list)
    bought = after[after["product"].isin(place) & after.customer.isin(best.index)].groupby("customer")["product"].agg(set)
    recall = []
    of_customer = best.to_dict()
    for customer, wanted in bought.items():
        own_best = of_customer[customer]
        listed = [*own_best, *(product for product in sellers["product"] if product not in own_best)][:10]
        recall.append(len(wanted.intersection(listed)) / len(wanted))
    assert plain[0]["blended_own_frequency"]["recall"]["mean"] == pytest.approx(sum(recall) / len(recall))


@pytest.mark.slow
def test_what_happens_after_the_cut_changes_no_list(tried: Tried, plain: tuple[dict[str, Any], pd.DataFrame, Path]) -> None:
    frame = grocery()
    future = frame[frame.time >= "2026-06-01"].assign(product="p00", order=lambda rows: "x" + rows.order)
    _, lists, _ = tried(pd.concat([frame, *[future.assign(order=str(i) + future.order) for i in range(3)]]))
    pd.testing.assert_frame_equal(lists, plain[1])


@pytest.mark.slow
def test_with_shuffled_customers_the_lists_know_no_more_than_popularity(tried: Tried) -> None:
    frame = grocery()
    frame["customer"] = random.Random(7).sample(list(frame.customer), len(frame))
    metrics, _, _ = tried(frame)
    assert metrics["mixed"]["ndcg"]["mean"] < 1.35 * metrics["popularity"]["ndcg"]["mean"]


@pytest.mark.slow
def test_with_shuffled_times_decay_knows_no_more_than_frequency(tried: Tried) -> None:
    frame = grocery(changing=True)
    metrics, _, _ = tried(frame)
    assert metrics["decayed_own_frequency"]["ndcg"]["mean"] > 1.1 * metrics["own_frequency"]["ndcg"]["mean"]
    # Orders before the cut change places with each other, those after it stay.
    known = frame.time < "2026-06-01"
    times = frame[known].drop_duplicates("order").set_index("order").time
    shuffled = dict(zip(times.index, random.Random(7).sample(list(times), len(times)), strict=True))
    frame.loc[known, "time"] = frame[known].order.map(shuffled)
    blind, _, _ = tried(frame)
    assert blind["decayed_own_frequency"]["ndcg"]["mean"] < 1.05 * blind["own_frequency"]["ndcg"]["mean"]
    assert blind["mixed"]["ndcg"]["mean"] < metrics["mixed"]["ndcg"]["mean"]


@pytest.mark.slow
def test_the_command_replays_weeks_and_tracks_each(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAKEHOUSE_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    frame = grocery()
    frame[frame.customer < "c040"].to_parquet(tmp_path / "orders.parquet", index=False)
    main(["backtest", str(tmp_path / "orders.parquet"), "--columns", COLUMNS, "--replay", "2", "-n", "10", "--out", str(tmp_path / "out")])
    weeks = sorted(folder.name for folder in (tmp_path / "out").iterdir())
    # The last order is of 28 June or the day before.
    last = frame.time.max().date()
    assert weeks == [(last - timedelta(days=days)).isoformat() for days in (13, 6)]
    shown = capsys.readouterr().out
    assert all(f"{week} mixed" in shown for week in weeks)
    runs = mlflow.search_runs(experiment_names=["lakehouse-backtests"])
    assert sorted(runs["params.mode"]) == [f"split at {week}, 7 days" for week in weeks]
    assert (runs["metrics.mixed.ndcg"] > runs["metrics.popularity.ndcg"]).all()


@pytest.mark.parametrize("modes", [[], ["--all", "--replay", "1"]])
def test_exactly_one_way_of_judging_is_asked_for(modes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["backtest", "orders.csv", "--columns", COLUMNS, "--out", "out", *modes])
    assert stop.value.code == 2
    assert "one of --split-at, --test, --all and --replay" in capsys.readouterr().err


def test_a_search_begins_with_what_is_set_and_draws_the_same_from_the_same_seed(params: Params) -> None:
    days, again = (list(candidates(params, Clock("days"), 6)) for _ in range(2))
    assert days[0] == params
    assert days == again
    assert len({repr(candidate) for candidate in days}) == 6
    assert {candidate.weights.half_life_days for candidate in days[1:]} <= set(params.search.half_life_days)
    assert {candidate.weights.half_life_baskets for candidate in days} == {params.weights.half_life_baskets}
    assert {c.weights.half_life_days for c in candidates(params, Clock("baskets"), 6)} == {params.weights.half_life_days}


@pytest.mark.slow
def test_baskets_without_dates_a_test_file_and_single_customers(tried: Tried, tmp_path: Path) -> None:
    frame = grocery()
    frame["time"] = frame.groupby("customer")["time"].rank("dense").astype(int)
    last = frame.time == frame.groupby("customer")["time"].transform("max")
    frame[last][["customer", "product"]].to_csv(tmp_path / "test.csv", index=False)
    pd.DataFrame({"customer": ["c001", "c002", "stranger"]}).to_csv(tmp_path / "some.csv", index=False)
    pd.DataFrame({"customer": ["c001", "c001"], "product": ["p01", "p02"]}).to_csv(tmp_path / "pairs.csv", index=False)
    metrics, lists, folder = tried(
        frame[~last],
        split_at=None,
        test=str(tmp_path / "test.csv"),
        customers=str(tmp_path / "some.csv"),
        score_pairs=str(tmp_path / "pairs.csv"),
        keep_seen=True,
    )
    assert metrics["mixed"]["customers"] == 2
    assert set(lists.customer) == {"c001", "c002", "stranger"}
    strangers = lists[lists.customer == "stranger"]
    assert set(strangers["list"]) == {"discover", "mixed"}
    assert set(strangers.source) == {"popularity"}
    scores = pd.read_parquet(folder / "pairs.parquet").set_index("product")["score"]
    # c001's taste is 1, 5, 9 …
    assert scores["p01"] > scores["p02"]


def test_all_writes_lists_and_judges_nothing(tried: Tried) -> None:
    metrics, lists, _ = tried(grocery(), split_at=None, lists=("mixed",))
    assert metrics == {}
    assert set(lists["list"]) == {"mixed"}
    assert (lists.groupby("customer")["rank"].max() == 10).all()

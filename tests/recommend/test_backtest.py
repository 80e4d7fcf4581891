"""The command `lakehouse backtest` on a small made-up grocery: what it writes, and that nothing of the future leaks into it."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from lakehouse.io.settings import read_conf
from lakehouse.recommend.params import Params, parse_params
from lakehouse.tasks.backtest import Request, backtest

COLUMNS = "customer=customer,product=product,order=order,time=time"
CUT = datetime(2026, 6, 1, tzinfo=UTC)
CUSTOMERS, PRODUCTS = 120, 60


def grocery() -> pd.DataFrame:
    """Half a year of weekly orders: everybody has six favourites out of one of four tastes, and now and then takes something else of it."""
    chance = random.Random(7)
    rows = []
    for customer in range(CUSTOMERS):
        taste = range(customer % 4, PRODUCTS, 4)
        favourites = chance.sample(taste, 6)
        for week in range(26):
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
        *("own_frequency", "filled_own_frequency", "decayed_own_frequency", "last_order"),
    }
    ndcg = {name: found["ndcg"]["mean"] for name, found in metrics.items()}
    assert ndcg["mixed"] > 2 * ndcg["popularity"]
    assert ndcg["mixed"] >= 0.98 * ndcg["own_frequency"]
    # Everybody keeps to a quarter of the products: who knows the taste finds what is new four times as often.
    assert metrics["discover"]["explore_recall"]["mean"] > 2 * metrics["popularity"]["explore_recall"]["mean"]
    assert metrics["mixed"]["ndcg"]["low"] < ndcg["mixed"] < metrics["mixed"]["ndcg"]["high"]


def test_what_happens_after_the_cut_changes_no_list(tried: Tried, plain: tuple[dict[str, Any], pd.DataFrame, Path]) -> None:
    frame = grocery()
    future = frame[frame.time >= "2026-06-01"].assign(product="p00", order=lambda rows: "x" + rows.order)
    _, lists, _ = tried(pd.concat([frame, *[future.assign(order=str(i) + future.order) for i in range(3)]]))
    pd.testing.assert_frame_equal(lists, plain[1])


def test_with_shuffled_customers_the_lists_know_no_more_than_popularity(tried: Tried) -> None:
    frame = grocery()
    frame["customer"] = random.Random(7).sample(list(frame.customer), len(frame))
    metrics, _, _ = tried(frame)
    assert metrics["mixed"]["ndcg"]["mean"] < 1.35 * metrics["popularity"]["ndcg"]["mean"]


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

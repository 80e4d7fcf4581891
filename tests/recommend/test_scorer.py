"""The scorer against brute force, and against Spark's own recommendations."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import scipy.sparse as sp
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.recommend.als import fit
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.lists.ranked_items import best
from lakehouse.recommend.params import Als
from lakehouse.recommend.scorer import Ranking, pair_scores, top_lists
from lakehouse.recommend.scoring_arrays import BLOCK, Block, ScoringArrays, catalogues, profiles

RANK = 3
NOTHING = np.zeros(0, np.int64)
PROFILE = (
    "shop_code string, customer_key string, country_code string,"
    " own array<struct<product_id: bigint, weight: double, order_count: bigint, recency_days: double, span_days: double>>,"
    " features array<float>"
)
BLEND = Blend((1.0, 0.5, -0.2, 0.4, 0.1, 0.3, 0.2), (0.9, 0.6, 0.8, -0.2), (1.5, 1.0, 0.7))


def catalogue(rng: np.random.Generator, ids: range) -> ScoringArrays:
    n = len(ids)
    neighbours = sp.random_array((n, n), density=0.2, rng=rng, format="csr", dtype=np.float32)
    recent = {"*": rng.integers(0, 4, n).astype(np.float32), "DE": rng.integers(0, 4, n).astype(np.float32)}
    eligible = np.ones(n, dtype=bool)
    eligible[[1, n - 1]] = False
    factors = rng.integers(-2, 3, (n, RANK)).astype(np.float32)
    return ScoringArrays(
        np.array(ids), factors, neighbours, recent, rng.integers(0, 4, n).astype(np.float32), eligible, NOTHING, sp.csr_matrix((n, 0))
    )


def brute_force(
    items: ScoringArrays, country: str | None, own: list[tuple[int, float, int, float, float | None]], features: list[float] | None
) -> dict[str, list[int]]:
    """One customer's lists of five, product by product."""
    place = {int(product): i for i, product in enumerate(items.product_ids)}
    recent = items.recent.get(country or "*", items.recent["*"])
    seen = {place[product]: (weight, count, recency) for product, weight, count, recency, _ in own if product in place}
    als = [log(max(0.0, float(np.dot(features or [0.0] * RANK, f))) + 0.01) for f in items.factors]
    weights = items.neighbours.toarray()
    near = [log(max(0.0, sum(w**0.5 * weights[i, j] for i, (w, _, _) in seen.items())) + 0.01) for j in range(len(place))]
    is_new = not seen and not any(features or [])
    new, again = {}, {}
    for j in range(len(place)):
        if items.eligible[j] and j in seen:
            w, count, recency = seen[j]
            parts = (log(w + 0.01), log(count), log(1 + recency), recent[j], items.ever[j], als[j], near[j])
            again[j] = float(np.dot(BLEND.buy_again, parts))
        elif items.eligible[j]:
            new[j] = (
                recent[j] + 0.01 * items.ever[j] if is_new else float(np.dot(BLEND.discover, (als[j], near[j], recent[j], items.ever[j])))
            )
    ranked = {"buy_again": again, "discover": new}
    top = {name: dict(sorted(scores.items(), key=lambda s: (-round(s[1], 4), s[0]))[:5]) for name, scores in ranked.items()}
    mixed = {j: 1.5 + s for j, s in top["buy_again"].items()} | {j: 0.7 * s for j, s in top["discover"].items()}
    top["mixed"] = dict(sorted(mixed.items(), key=lambda s: (-s[1], s[0]))[:5])
    return {name: [int(items.product_ids[j]) for j in scores] for name, scores in top.items() if scores}


def test_the_lists_are_those_of_brute_force_and_shops_never_mix(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    shops = {"nl": catalogue(rng, range(100, 140)), "de": catalogue(rng, range(500, 506))}
    customers = []
    for i in range(2 * BLOCK + 20):  # more than a block of each shop, mixed
        code = ("nl", "de")[i % 2]
        ids = rng.choice(shops[code].product_ids, rng.integers(0, 5), replace=False)
        own = [(int(p), float(rng.random() + 0.1), int(rng.integers(1, 5)), float(rng.integers(0, 90)), None) for p in np.sort(ids)]
        own += [(9999, 1.0, 1, 0.0, None)] if i % 7 == 0 else []  # a product that is gone
        features = [float(x) for x in rng.integers(-2, 3, RANK)] if i % 5 else None
        customers.append((code, f"c{i}", ("DE", "FR", None)[i % 3], own or None, features))
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    scores: list[list[float]] = []
    for row in top_lists(frame_from(spark, customers, PROFILE), Ranking(shops, BLEND, 5)).collect():
        found.setdefault((row["shop_code"], row["customer_key"]), {})[row["list_name"]] = row["product_ids"]
        scores.append(row["scores"])
    assert all(listed == sorted(listed, reverse=True) for listed in scores)
    differing = [
        (code, customer)
        for code, customer, country, own, features in customers
        if found.get((code, customer), {}) != brute_force(shops[code], country, own or [], features)
    ]
    assert differing == []


def test_what_was_bought_is_shown_by_discover_only_when_it_may_be_kept(spark: SparkSession) -> None:
    shops = {"nl": catalogue(np.random.default_rng(1), range(10))}
    frame = frame_from(spark, [("nl", "anna", None, [(0, 5.0, 3, 1.0, None), (2, 1.0, 1, 9.0, None)], [1.0, 1.0, 1.0])], PROFILE)
    strict, kept = ({r["list_name"]: r for r in top_lists(frame, Ranking(shops, BLEND, 8, keep)).collect()} for keep in (False, True))
    assert not {0, 2} & set(strict["discover"]["product_ids"])
    assert sorted(kept["discover"]["product_ids"]) == [0, 2, 3, 4, 5, 6, 7, 8]
    assert kept["mixed"]["product_ids"] == strict["mixed"]["product_ids"]
    assert dict(zip(strict["mixed"]["product_ids"], strict["mixed"]["sources"], strict=True))[0] == "own_frequency"


def test_a_block_of_customers_who_bought_nothing_gets_what_is_popular(spark: SparkSession) -> None:
    shops = {"nl": catalogue(np.random.default_rng(1), range(10))}
    (row,) = (
        top_lists(frame_from(spark, [("nl", "cold", None, None, None)], PROFILE), Ranking(shops, BLEND, 3))
        .where("list_name = 'mixed'")
        .collect()
    )
    assert row["product_ids"] == brute_force(shops["nl"], None, [], None)["mixed"][:3]
    assert set(row["sources"]) == {"popularity"}


def test_the_score_of_a_pair_is_that_of_the_list_also_of_what_was_bought(spark: SparkSession) -> None:
    shops = {"nl": catalogue(np.random.default_rng(1), range(10))}
    frame = frame_from(spark, [("nl", "anna", None, [(0, 5.0, 3, 1.0, None)], [1.0, 1.0, 1.0])], PROFILE)
    ranking = Ranking(shops, BLEND, 10, keep_seen=True)
    listed = next(r for r in top_lists(frame, ranking).collect() if r["list_name"] == "discover")
    asked = frame_from(spark, [("nl", "anna", p) for p in (0, 4, 99)], "shop_code string, customer_key string, product_id bigint")
    found = {r["product_id"]: r["score"] for r in pair_scores(asked, frame, ranking).collect()}
    of_list = dict(zip(listed["product_ids"], listed["scores"], strict=True))
    assert found == {0: pytest.approx(of_list[0]), 4: pytest.approx(of_list[4]), 99: None}


def test_with_als_alone_the_order_is_that_of_recommend_for_all_users(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    rows = [("nl", f"c{c:02}", int(p), 1, 0.0, float(rng.random())) for c in range(30) for p in rng.choice(40, 8, replace=False) + 1]
    bought = frame_from(
        spark, rows, "shop_code string, customer_key string, product_id bigint, order_count bigint, recency_days double, weight double"
    )
    trained = fit(bought, Als(rank=6, alpha=10.0, reg_param=0.1, iterations=3, seed=7, blocks=2))
    nothing = frame_from(
        spark,
        [("nl", "*", 1, 0, 0)],
        "shop_code string, country_code string, product_id bigint, recent_order_count bigint, order_count bigint",
    )
    als_only = Blend((0.0,) * 7, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    shops = catalogues(trained.factors().products, {}, nothing, None, 1.0)
    bought = bought.withColumns({name: F.lit(None).cast("timestamp") for name in ("first_ordered_at", "last_ordered_at")})
    people = bought.select("shop_code", "customer_key", F.lit("NL").alias("country_code")).distinct()
    lists = top_lists(profiles(people, bought, trained.factors().customers), Ranking(shops, als_only, 10, keep_seen=True))
    ours = {r["customer_key"]: r["product_ids"] for r in lists.where("list_name = 'discover'").collect()}
    theirs = _by_spark(trained.model.recommendForAllUsers(10), trained.customer_index, trained.product_index)
    for customer, (products, scores) in theirs.items():
        positive = [product for product, score in zip(products, scores, strict=True) if score > 0]  # below 0 ALS expects nothing
        assert ours[customer][: len(positive)] == positive


def _by_spark(recommended: DataFrame, customers: DataFrame, products: DataFrame) -> dict[str, tuple[list[int], list[float]]]:
    id_of = {r["product_idx"]: r["product_id"] for r in products.collect()}
    key_of = {r["customer_idx"]: r["customer_key"] for r in customers.collect()}
    return {
        key_of[r["customer_idx"]]: ([id_of[x["product_idx"]] for x in r["recommendations"]], [x["rating"] for x in r["recommendations"]])
        for r in recommended.collect()
    }


def test_of_equal_scores_the_smaller_ids_are_taken_in_order() -> None:
    assert best(np.array([[1, 2, 1, 2, 1], [0, 0, 0, 0, 0]], np.float32), 3).tolist() == [[1, 3, 0], [0, 1, 2]]


def test_more_than_there_is_gives_all_there_is() -> None:
    assert best(np.array([[1, 3, 2]], np.float32), 10).tolist() == [[1, 2, 0]]
    assert best(np.zeros((2, 0), np.float32), 10).tolist() == [[], []]


@pytest.mark.parametrize("width", [31, 32, 500, 517])
@pytest.mark.parametrize("n", [1, 10, 40])
def test_the_best_of_many_are_those_of_a_full_sort(width: int, n: int) -> None:
    scores = np.random.default_rng(7).integers(0, 30, (20, width)).astype(np.float32)
    scores[:, ::7] = -np.inf
    assert best(scores, n).tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :n].tolist()


def test_what_a_customer_scores_does_not_depend_on_who_else_is_in_the_block() -> None:
    """To the last bit: a night that was killed and done again may put customers together in another way."""
    rng, n, rank = np.random.default_rng(7), 327, 32
    items = replace(catalogue(rng, range(1, n + 1)), factors=rng.normal(size=(n, rank)).astype(np.float32))
    none = np.zeros(0, np.float32)
    everybody = rng.normal(size=(BLOCK, rank)).astype(np.float32)
    scores = Block(["DE"] * BLOCK, everybody, NOTHING, NOTHING, none, none, none, none).expected(items)[0]
    for some in (1, 3, 37):
        alone = Block(["DE"] * some, everybody[:some], NOTHING, NOTHING, none, none, none, none).expected(items)[0]
        assert np.array_equal(alone, scores[:some])

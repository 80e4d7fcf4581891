"""Which products of a customer's history are named for a place. One factor, so that every number can be computed by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from lakehouse.recommend import reasons
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.lists.contributions import NormalEquations
from lakehouse.recommend.reasons import NONE, Cells, History, strongest, with_reasons
from lakehouse.recommend.rules.shop_rules import Hidden, ShopRules
from lakehouse.recommend.scoring_arrays import OWN, Block, ScoringArrays

NOTHING = np.zeros(0, np.int64)
# Products 10 … 15 have these factors; 15 is the one that is shown.
HAS = np.array([[1.0], [2.0], [3.0], [-1.0], [0.5], [1.0]], dtype=np.float32)
NORMAL = NormalEquations.of([HAS], reg_param=0.5)
PAIRS = pa.list_(pa.struct([("product_id", pa.int64()), ("confidence", pa.float64())]))
OF_BOUGHT = pa.list_(pa.struct([(name, pa.int64() if name in ("product_id", "order_count") else pa.float64()) for name in OWN]))


def blend(als: float, neighbours: float) -> Blend:
    return Blend((0.0,) * 7, (als, neighbours, 0.3, -0.2), (0.0, 0.0, 1.0))


def catalogue(**said: Any) -> ScoringArrays:
    zeros, every = np.zeros(6, dtype=np.float32), np.ones(6, dtype=bool)
    none = sp.csr_matrix((6, 6), dtype=np.float32)
    of_shop = ScoringArrays(np.arange(10, 16), HAS, none, {"*": zeros}, zeros, every, NOTHING, sp.csr_matrix((6, 0)))
    return replace(of_shop, **said)


def profile(
    trained: dict[int, float] | None, factor: float | None, country: str | None = None, bought: dict[int, float] | None = None
) -> dict[str, Any]:
    """A row of `profiles`: product → confidence in the training; product → weight of what was bought, by default the same products."""
    bought = dict.fromkeys(trained or {}, 1.0) if bought is None else bought
    return {
        "country_code": country,
        "own": [{"product_id": p, "weight": w, "order_count": 1, "recency_days": 0.0} for p, w in bought.items()],
        "features": None if factor is None else [factor],
        "training_pairs": None if trained is None else [{"product_id": p, "confidence": c} for p, c in trained.items()],
    }


def factor_of(trained: dict[int, float]) -> float:
    """The equation of ALS, solved by hand: one unknown."""
    factors = {product: float(HAS[product - 10, 0]) for product in trained}
    left = float(NORMAL.gram[0, 0]) + sum((c - 1) * factors[p] ** 2 for p, c in trained.items()) + 0.5 * len(trained)
    return sum(c * factors[p] for p, c in trained.items()) / left


def batch_of(*rows: dict[str, Any]) -> pa.RecordBatch:
    rows = tuple({**row, "customer_key": f"c{number}"} for number, row in enumerate(rows))
    kinds = (
        ("customer_key", pa.string()),
        ("country_code", pa.string()),
        ("own", OF_BOUGHT),
        ("features", pa.list_(pa.float32())),
        ("training_pairs", PAIRS),
    )
    return pa.RecordBatch.from_pylist(list(rows), schema=pa.schema(kinds))


def lists_of(shown: list[list[int]], sources: list[list[str]], rows: list[int]) -> pa.RecordBatch:
    """A row for each list: its products, where they come from, and which customer's it is."""
    columns = [pa.array([f"c{row}" for row in rows]), pa.array(shown, pa.list_(pa.int64())), pa.array(sources, pa.list_(pa.string()))]
    return pa.RecordBatch.from_arrays(columns, names=["customer_key", "product_ids", "sources"])


def explained(shop: ScoringArrays, exponents: Blend, *rows: dict[str, Any], shown: int = 15) -> list[list[int]]:
    """The products named for one place of each customer."""
    batch, lists = batch_of(*rows), lists_of([[shown]] * len(rows), [["als"]] * len(rows), [*range(len(rows))])
    found = with_reasons(lists, "als", batch, Block.of(batch, shop), shop, exponents, NORMAL)
    return [reasons_of for (reasons_of,) in found.column("reasons").to_pylist()]


def test_the_two_products_that_add_most_to_als_are_named_and_none_that_takes_away() -> None:
    # What they add is confidence x factor: 3 of 10, 4 of 11, 3.3 of 12, less than nothing of 13.
    trained = {10: 3.0, 11: 2.0, 12: 1.1, 13: 9.0}
    others = {10: 3.0, 13: 2.0}
    rows = [profile(trained, factor_of(trained)), profile(others, factor_of(others))]
    assert explained(catalogue(), blend(1.0, 1.0), *rows) == [[11, 12], [10]]


def test_the_exponents_of_the_blend_weigh_als_against_the_neighbours() -> None:
    speaks = np.zeros((6, 6), dtype=np.float32)
    speaks[4, 5], speaks[0, 5] = 0.1, 0.3  # of 14 and 10 for 15
    shop, trained = catalogue(neighbours=sp.csr_matrix(speaks)), {10: 3.0, 11: 3.0}
    row = profile(trained, factor_of(trained), bought={10: 1.0, 11: 1.0, 14: 4.0})
    # Of ALS 11 has two thirds and 10 one; of the neighbours 10 has 0.3 of 0.5, and 14 has 0.2, for a weight counts by its root.
    assert explained(shop, blend(1.0, 0.0), row) == [[11, 10]]
    assert explained(shop, blend(0.0, 1.0), row) == [[10, 14]]
    assert explained(shop, blend(1.0, 1.0), row) == [[10, 11]]


def test_no_product_is_named_that_the_customer_may_not_be_shown() -> None:
    trained = {10: 3.0, 11: 2.0, 12: 1.1}
    cannot_be_sold = np.array([True, False, True, True, True, True])
    hidden = Hidden(0, ("NO",), (), np.array([False, False, True, False, False, False]))
    rules = ShopRules(("mine.no_fish",), np.arange(10, 16), hidden=(hidden,))
    rows = [profile(trained, factor_of(trained), country) for country in ("NL", "NO")]
    assert explained(catalogue(eligible=cannot_be_sold, rules=rules), blend(1.0, 1.0), *rows) == [[12, 10], [10]]


def test_what_was_given_back_since_the_training_is_not_named() -> None:
    trained = {10: 3.0, 11: 2.0}
    assert explained(catalogue(), blend(1.0, 1.0), profile(trained, factor_of(trained), bought={10: 1.0})) == [[10]]


def test_a_place_is_not_explained_by_its_own_product() -> None:
    trained = {10: 1.5, 12: 5.0}
    assert explained(catalogue(), blend(1.0, 1.0), profile(trained, factor_of(trained)), shown=12) == [[10]]


def test_pairs_that_do_not_make_the_score_explain_nothing() -> None:
    """As where a version is older than the pairs that are kept with it, or the customer is unknown to the model."""
    trained = {10: 3.0, 11: 2.0}
    rows = [profile(trained, factor_of(trained) + 0.01), profile(None, None, bought={10: 1.0}), profile({99: 3.0}, 1.0)]
    assert explained(catalogue(), blend(1.0, 1.0), *rows) == [[], [], []]


def test_only_places_of_the_source_are_explained_and_each_of_its_own_customer() -> None:
    trained, others, shop = {10: 3.0, 11: 2.0}, {12: 3.0}, catalogue()
    batch = batch_of(profile(trained, factor_of(trained)), profile(others, factor_of(others)))
    shown = [[15, 13], [15], [13, 15, 15]]
    lists = lists_of(shown, [["als", "new_product"], ["als"], ["popularity", "als", "als"]], [0, 1, 0])
    found = with_reasons(lists, "als", batch, Block.of(batch, shop), shop, blend(1.0, 0.0), NORMAL)
    assert found.column("reasons").to_pylist() == [[[11, 10], []], [[12]], [[], [11, 10], [11, 10]]]
    without = with_reasons(lists, "als", batch, Block.of(batch, shop), shop, blend(1.0, 0.0), None)
    assert without.column("reasons").to_pylist() == [[[], []], [[]], [[], [], []]]


@pytest.mark.parametrize("together", [1, 2, 4])
def test_it_does_not_matter_who_is_computed_together(monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    chance = np.random.default_rng(7)
    factors = chance.random((6, 1)).astype(np.float32)
    speaks = sp.random_array((6, 6), density=0.6, rng=chance, format="csr", dtype=np.float32)
    rows = np.repeat(np.arange(9), [0, 3, 1, 6, 0, 2, 5, 4, 0])
    columns = np.concatenate([np.sort(chance.permutation(6)[:size]) for size in (0, 3, 1, 6, 0, 2, 5, 4, 0)])
    history = History(Cells(rows, columns), np.zeros(len(rows)), chance.random(len(rows)))
    shop, places = catalogue(factors=factors, neighbours=speaks), Cells(np.repeat(np.arange(9), 2), np.tile([1, 4], 9))
    block = Block.of(batch_of(*[profile({}, 1.0)] * 9), shop)
    whole = strongest(places, history, block, shop, blend(1.0, 1.0), NORMAL)
    monkeypatch.setattr(reasons, "TOGETHER", together)
    assert np.array_equal(strongest(places, history, block, shop, blend(1.0, 1.0), NORMAL), whole)
    assert (whole[places.row == 0] == NONE).all() and (whole[:, 0] != NONE).any()

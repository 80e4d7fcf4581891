"""The scorer with and without rules, over the same customers, without Spark."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from pyspark.sql import DataFrame

from lakehouse.recommend.blend import Blend
from lakehouse.recommend.due import Due
from lakehouse.recommend.rules.shop_rules import Boosted, Capped, Hidden, Pinned, ShopRules
from lakehouse.recommend.scorer import Ranking, top_lists
from lakehouse.recommend.scoring_arrays import ScoringArrays

PRODUCTS, CUSTOMERS, LENGTH, NEW = 90, 200, 8, 3
BLEND = Blend((1.0, 0.5, -0.2, 0.4, 0.1, 0.3, 0.2), (0.9, 0.6, 0.8, -0.2), (1.5, 1.0, 0.7))
OWN = ("product_id", "weight", "order_count", "recency_days", "span_days")
Rows = list[dict[str, Any]]


class Profiles:
    """What mapInArrow does with batches."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def mapInArrow(self, work: Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]], schema: str) -> Rows:
        return [row for found in work([self._batch]) for row in found.to_pylist()]


@pytest.fixture(scope="module")
def listed() -> Callable[[ShopRules | None], Rows]:
    chance = np.random.default_rng(5)
    popular = {name: chance.integers(0, 4, PRODUCTS).astype(np.float32) for name in ("*", "NL")}
    arrays = ScoringArrays(
        np.arange(PRODUCTS) * 10,
        chance.integers(-2, 3, (PRODUCTS, 2)).astype(np.float32),
        sp.random_array((PRODUCTS, PRODUCTS), density=0.1, rng=chance, format="csr", dtype=np.float32),
        popular,
        chance.integers(0, 4, PRODUCTS).astype(np.float32),
        chance.random(PRODUCTS) < 0.9,
        np.arange(NEW),
        sp.csr_matrix(np.eye(4, dtype=np.float32)[chance.integers(0, 4, PRODUCTS)]),
    )
    bought = [sorted(chance.choice(PRODUCTS, size=chance.integers(0, 15), replace=False).tolist()) for _ in range(CUSTOMERS)]
    # Of four products two were ordered three times or more, and just now.
    own = [[dict(zip(OWN, (p * 10, 0.5 + p % 3, 1 + p % 4, 3.0, 80.0), strict=True)) for p in mine] for mine in bought]
    batch = pa.RecordBatch.from_pylist(
        [
            {
                "shop_code": "nl",
                "customer_key": f"c{number:03}",
                "country_code": (None, "NL", "DE")[number % 3],
                "own": mine,
                "features": chance.integers(-1, 3, 2).tolist() if number % 5 else None,
            }
            for number, mine in enumerate(own)
        ]
    )

    def listed(rules: ShopRules | None) -> Rows:
        ranking = Ranking({"nl": replace(arrays, rules=rules)}, BLEND, LENGTH, new_share=0.3, due=Due({"nl": np.full(PRODUCTS, 30.0)}, 21))
        return cast("Rows", top_lists(cast("DataFrame", Profiles(batch)), ranking))

    return listed


def of(chosen: list[int]) -> np.ndarray:
    return np.isin(np.arange(PRODUCTS), chosen)


def test_rules_that_do_nothing_leave_every_list_as_it_is(listed: Callable[[ShopRules | None], Rows]) -> None:
    groups = np.zeros((PRODUCTS, 1), dtype=np.int32)
    idle = ShopRules(
        tuple("abcd"),
        np.arange(PRODUCTS) * 10,
        (Hidden(0, ("SE",), (), of(list(range(PRODUCTS)))),),
        (Pinned(1, (), (), of([]), 0.5),),
        (Capped(2, (), (), groups, 1, LENGTH),),
        (Boosted(3, (), (), np.zeros(PRODUCTS, dtype=np.float32)),),
    )
    found, plain = listed(idle), listed(None)
    assert [{**row, "rules": None, "removed": None} for row in found] == plain
    assert not any(row["removed"] or any(row["rules"]) for row in found)
    assert {source for row in plain for source in row["sources"]} == {"als", "own_frequency", "popularity", "new_product"}


def test_what_was_just_bought_is_at_the_end_of_what_was_bought_and_says_when_it_is_due(listed: Callable[[ShopRules | None], Rows]) -> None:
    # 80 days in 0 to 3 intervals, usually 30: (80 + 90) / 3 to 6 = 56.7, 42.5, 34 and 28.3 days, of which 3 are over.
    days = {0: 54, 1: 39, 2: 31, 3: 25}
    for row in listed(None):
        kinds = [(source, product // 10 % 4) for source, product in zip(row["sources"], row["product_ids"], strict=True)]
        assert row["due_in_days"] == [days[kind] if source == "own_frequency" else None for source, kind in kinds]
        put_off = [kind >= 2 for source, kind in kinds if source == "own_frequency"]
        assert put_off == sorted(put_off)
        assert row["list_name"] == "discover" or row["scores"] == sorted(row["scores"], reverse=True)


def test_what_rules_took_stands_once_on_the_first_row_of_each_customer(listed: Callable[[ShopRules | None], Rows]) -> None:
    hide = ShopRules(("x.gone",), np.arange(PRODUCTS) * 10, (Hidden(0, ("NL",), ("buy_again", "discover"), of(list(range(0, 90, 2)))),))
    plain = {(row["customer_key"], row["list_name"]): row["product_ids"] for row in listed(None)}
    found = listed(hide)
    first: dict[str, Any] = {}
    for row in found:
        first.setdefault(row["customer_key"], row)
        assert row is first[row["customer_key"]] or not row["removed"]
    for customer in {customer for customer, _ in plain}:
        is_meant = int(customer[1:]) % 3 == 1
        expected = [
            {"list_name": name, "rule": "x.gone", "product_id": product}
            for name in ("buy_again", "discover")
            for product in plain.get((customer, name), [])
            if is_meant and product % 20 == 0
        ]
        assert (first[customer]["removed"] or []) == expected
    even = [product for row in found if row["customer_key"] == "c001" and row["list_name"] != "mixed" for product in row["product_ids"]]
    assert even and not [product for product in even if product % 20 == 0]

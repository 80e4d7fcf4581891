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
from lakehouse.recommend.rules.shop_rules import Boosted, Capped, Hidden, Pinned, ShopRules
from lakehouse.recommend.scorer import Ranking, top_lists
from lakehouse.recommend.scoring_arrays import ScoringArrays

PRODUCTS, CUSTOMERS, LENGTH, NEW = 90, 200, 8, 3
BLEND = Blend((1.0, 0.5, -0.2, 0.4, 0.1, 0.3, 0.2), (0.9, 0.6, 0.8, -0.2), (1.5, 1.0, 0.7))
OWN = ("product_id", "weight", "order_count", "recency_days")
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
    own = [[dict(zip(OWN, (p * 10, 0.5 + p % 3, 1 + p % 2, 3.0), strict=True)) for p in mine] for mine in bought]
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
        ranking = Ranking({"nl": replace(arrays, rules=rules)}, BLEND, LENGTH, new_share=0.3)
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
            {"list_name": name, "rule": "x.gone"}
            for name in ("buy_again", "discover")
            for product in plain.get((customer, name), [])
            if is_meant and product % 20 == 0
        ]
        assert (first[customer]["removed"] or []) == expected
    even = [product for row in found if row["customer_key"] == "c001" and row["list_name"] != "mixed" for product in row["product_ids"]]
    assert even and not [product for product in even if product % 20 == 0]

"""How much of a product each customer is expected to buy, by hand."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import log
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from lakehouse.recommend.blend import Blend
from lakehouse.recommend.product_demand import of_block
from lakehouse.recommend.rules.shop_rules import Hidden, ShopRules
from lakehouse.recommend.scorer import Ranking, over_blocks
from lakehouse.recommend.scoring_arrays import ScoringArrays

OWN = pa.struct(
    {"product_id": pa.int64(), "weight": pa.float64(), "order_count": pa.int64(), "recency_days": pa.float64(), "span_days": pa.float64()}
)
NAMES = {"shop_code": pa.string(), "customer_key": pa.string(), "country_code": pa.string(), "own": pa.list_(OWN)}
PROFILE = pa.schema({**NAMES, "features": pa.list_(pa.float32())})
# By ALS alone product 11 is twice as likely as the others; what was bought before is twice as likely as its weight says.
BLEND = Blend((1.0, *[0.0] * 6), (1.0, 0.0, 0.0, 0.0), (log(2), 1.0, 1.0))
SHOP = ScoringArrays(
    product_ids=np.array([10, 11, 12]),
    factors=np.array([[0.99], [1.99], [0.99]], np.float32),
    neighbours=sp.csr_matrix((3, 3), dtype=np.float32),
    recent={"*": np.zeros(3, np.float32)},
    ever=np.ones(3, np.float32),
    eligible=np.ones(3, dtype=bool),
    arrivals=np.zeros(0, np.int64),
    categories=sp.csr_matrix((3, 0), dtype=np.float32),
)
HALF_LIFE = 28 * log(2)  # so that a weight of 1 is one purchase in 28 days


def found(shop: ScoringArrays, product: int, people: Mapping[str, tuple[str, dict[int, float]]]) -> dict[str, tuple[Any, str]]:
    """Of (country, weights by product) of each customer, whose taste is that of all: score and source."""
    columns = [
        ["nl"] * len(people),
        list(people),
        [country for country, _ in people.values()],
        [[{"product_id": p, "weight": w, "order_count": 1, "recency_days": 0.0} for p, w in own.items()] for _, own in people.values()],
        [[1.0]] * len(people),
    ]
    profiles = pa.Table.from_arrays([pa.array(values, field.type) for values, field in zip(columns, PROFILE, strict=True)], schema=PROFILE)
    act = partial(of_block, product_id=product, half_life_days=HALF_LIFE)
    told = over_blocks(Ranking({"nl": shop}, BLEND, 20), act)(profiles.to_batches())
    return {
        row["customer_key"]: (pytest.approx(row["score"], rel=1e-5), row["candidate_source"]) for batch in told for row in batch.to_pylist()
    }


def test_it_is_how_much_somebody_buys_times_the_chance_that_it_is_this_product_bought_before_or_not() -> None:
    people = {"anna": ("NL", {10: 0.99}), "cleo": ("NL", {12: 1.99}), "new": ("NL", {})}
    # anna: 2, 2, 1 for the three products, so 11 has a chance of 2/5; cleo: 1, 2, 4. cleo buys twice as much, and comes first.
    assert found(SHOP, 11, people) == {"anna": (0.99 * 2 / 5, "als"), "cleo": (1.99 * 2 / 7, "als"), "new": (0.0, "als")}
    assert found(SHOP, 10, people)["anna"] == (0.99 * 2 / 5, "own_frequency")
    assert found(SHOP, 12, people)["cleo"] == (1.99 * 4 / 7, "own_frequency")


def test_what_a_rule_hides_in_a_country_is_for_nobody_there_and_takes_no_part_in_the_chances_of_others() -> None:
    hidden = Hidden(0, ("DE",), (), np.array([False, True, False]))
    shop = replace(SHOP, rules=ShopRules(("mine.not_there",), SHOP.product_ids, hidden=(hidden,)))
    people = {"anna": ("NL", {10: 0.99}), "dora": ("DE", {10: 0.99})}
    assert set(found(shop, 11, people)) == {"anna"}
    assert found(shop, 12, people) == {"anna": (0.99 / 5, "als"), "dora": (0.99 / 3, "als")}


def test_what_may_not_be_shown_or_is_not_known_is_for_nobody() -> None:
    people = {"anna": ("NL", {10: 0.99})}
    assert found(replace(SHOP, eligible=np.array([True, False, True])), 11, people) == {}
    assert found(SHOP, 99, people) == {}


def test_of_what_nobody_bought_yet_the_chance_is_the_share_of_its_categories() -> None:
    of_category = sp.csr_matrix(np.array([[1], [0], [1]], np.float32))
    shop = replace(SHOP, ever=np.array([1, 1, 0], np.float32), arrivals=np.array([2]), categories=of_category)
    people = {"half": ("NL", {10: 1.0, 11: 1.0}), "all": ("NL", {10: 1.0}), "none": ("NL", {11: 5.0})}
    assert found(shop, 12, people) == {"half": (2.0 * 0.5, "new_product"), "all": (1.0, "new_product")}

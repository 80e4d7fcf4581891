"""The item-item model against a plain ridge regression of each product on the others."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.recommend.neighbours import Neighbours, as_frame, fit, from_frame, learned, merged, strongest
from lakehouse.recommend.params import Neighbours as Parameters

PARAMS = Parameters(ridge=0.5, products=100, customers=1000, kept=100)
SCHEMA = "shop_code string, customer_key string, product_id bigint, order_count bigint, weight double"


def matrix(seed: int = 7) -> np.ndarray:
    """Customers × products, squares of small numbers; nobody is without a product."""
    rng = np.random.default_rng(seed)
    found = np.square(rng.integers(0, 3, (30, 6))).astype(float)
    found[:, 0] += 1
    return found


def test_each_column_is_the_ridge_regression_of_that_product_on_all_others() -> None:
    weights = matrix()
    row, column = np.nonzero(weights)
    found = learned(row, column + 100, weights[row, column], PARAMS)
    assert found.product_ids.tolist() == [100, 101, 102, 103, 104, 105]
    bought = np.sqrt(weights)
    penalty = 0.5 * np.mean((bought**2).sum(axis=0))
    for product in range(6):
        others = [i for i in range(6) if i != product]
        x = bought[:, others]
        by_hand = np.linalg.solve(x.T @ x + penalty * np.eye(5), x.T @ bought[:, product])
        assert found.weights.toarray()[others, product] == pytest.approx(by_hand, abs=1e-5)
        assert found.weights[product, product] == 0


def test_only_the_strongest_of_each_column_are_kept_whatever_their_sign() -> None:
    kept = strongest(np.array([[0, 3, 1], [-2, 0, 5], [1, -4, 0]], np.float32), 1).toarray()
    assert kept.tolist() == [[0, 0, 0], [-2, 0, 5], [0, -4, 0]]


def test_shops_are_learned_apart_from_the_most_bought_products_and_come_back_as_they_were_kept(spark: SparkSession) -> None:
    rows = [
        (shop, f"c{c}", 10 + p, 1 + p, float(w)) for shop, seed in (("nl", 1), ("de", 2)) for (c, p), w in np.ndenumerate(matrix(seed)) if w
    ]
    found = fit(frame_from(spark, [*rows, ("nl", "c0", 0, 99, 9.0)], SCHEMA), PARAMS.model_copy(update={"products": 5}))
    assert sorted(found) == ["de", "nl"]
    # Product 10 has one order per customer, the fewest.
    assert found["nl"].product_ids.tolist() == [11, 12, 13, 14, 15]
    assert not np.array_equal(found["nl"].weights.toarray(), found["de"].weights.toarray())
    back = from_frame(as_frame(spark, found))
    for code, mine in found.items():
        assert back[code].product_ids.tolist() == mine.product_ids.tolist()
        assert np.array_equal(back[code].weights.toarray(), mine.weights.toarray())
    assert from_frame(as_frame(spark, {})) == {}


def test_in_a_catalogue_products_that_were_never_learned_have_no_neighbours() -> None:
    import scipy.sparse as sp

    known = Neighbours(np.array([1, 3, 9]), sp.csr_matrix(np.array([[0, 2, 4], [5, 0, 6], [7, 8, 0]], np.float32)))
    # Product 9 is gone, product 2 is new.
    assert merged({"nl": known}, "nl", np.array([1, 2, 3])).toarray().tolist() == [[0, 0, 2], [0, 0, 0], [5, 0, 0]]
    assert merged({}, "nl", np.array([1, 2])).nnz == 0

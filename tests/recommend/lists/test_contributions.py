"""What each product of a customer's history adds to a score, by hand. That it adds up for Spark's own model: test_als.py."""

import numpy as np
import pytest
import scipy.sparse as sp

from lakehouse.recommend.lists.contributions import NormalEquations, of_als, of_neighbours


def factors(*of_products: float) -> np.ndarray:
    """Of one customer's products, rank 1."""
    return np.array(of_products, dtype=np.float32).reshape(1, -1, 1)


def test_the_parts_of_als_are_those_of_the_equations_solved_by_hand() -> None:
    normal = NormalEquations.of([factors(1, 1, 2)[0], np.zeros((4, 0))], reg_param=0.25)
    assert normal.gram.tolist() == [[6.0]]
    # Confidences 3 and 2: (6 + 2·1² + 1·1² + 2·0.25) x = 3·1 + 2·1, so x = 3/9.5 + 2/9.5, and the score of the third product is 2x.
    found = of_als(factors(2, 1), factors(1, 1, 2), np.array([[3.0, 2.0, 0.0]]), normal)
    assert found[0, 0].tolist() == pytest.approx([6 / 9.5, 4 / 9.5, 0])
    assert found[0, 1].tolist() == pytest.approx([3 / 9.5, 2 / 9.5, 0])


def test_who_the_model_was_not_trained_on_has_no_part_of_als() -> None:
    open_equations = NormalEquations.of([np.zeros((2, 1))], reg_param=0.0)
    both = of_als(np.ones((2, 1, 1)), np.ones((2, 1, 1)), np.array([[0.0], [2.0]]), open_equations)
    assert both.tolist() == [[[0.0]], [[2.0]]]


@pytest.mark.parametrize("known", [[], [np.ones((4, 2))]])
def test_in_a_shop_that_the_model_does_not_know_there_is_no_part_of_als(known: list[np.ndarray]) -> None:
    of_others = NormalEquations.of(known, 0.0)
    assert of_als(np.zeros((5, 2, 0)), np.zeros((5, 3, 0)), np.zeros((5, 3)), of_others).tolist() == [[[0.0] * 3] * 2] * 5


def test_the_parts_of_the_neighbours_are_their_weights_times_what_a_purchase_counts() -> None:
    weights = sp.csr_matrix(np.array([[0, 0.5, 0], [0, 0, -0.25], [0, 0, 0]], dtype=np.float32))
    found = of_neighbours(np.array([[1, 2]]), np.array([[0, 1]]), np.array([[4.0, 2.0]]), weights.T.tocsr())
    assert found.tolist() == [[[2.0, 0.0], [0.0, -0.5]]]

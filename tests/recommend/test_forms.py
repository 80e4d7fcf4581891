"""Which form of a blend is taken: by hand, without Spark."""

from math import log2

import numpy as np
import pytest

from lakehouse.recommend import forms
from lakehouse.recommend.blend import BUY_AGAIN, Choices

SHIPPED = (0.5, 0.2, -0.05, 0.5, -0.15, 0.4, 0.0)
BY_COUNT = tuple(float(part == "order_count") for part in BUY_AGAIN)


def choices(customers: list[list[tuple[list[float], bool]]]) -> Choices:
    """Of each customer products with their parts, and whether they were chosen."""
    flat = [product for products in customers for product in products]
    begin = np.cumsum([0, *map(len, customers)])[:-1]
    return Choices(np.array([parts for parts, _ in flat], float), np.array([is_chosen for _, is_chosen in flat]), begin)


def bought(**parts: float) -> list[float]:
    return [parts.get(name, 0.0) for name in BUY_AGAIN]


def test_ndcg_counts_hits_by_place_against_the_best_list_of_what_was_wanted() -> None:
    both = choices([[([1.0], True), ([3.0], False), ([2.0], True)], [([5.0], False)], [([1.0], False)], []])
    # The first wanted three products, of which places 2 and 3 hold two; the second wanted one and has none; the third wanted nothing.
    best = 1 + 1 / log2(3) + 1 / 2
    found = forms.ndcg(both, (1.0,), np.array([3, 1, 0, 2]))
    assert found == pytest.approx([(1 / log2(3) + 1 / 2) / best, 0, 0])


def test_only_the_first_ten_places_count() -> None:
    many = choices([[([float(-i)], i == 10) for i in range(11)], [([float(-i)], i == 9) for i in range(11)]])
    assert forms.ndcg(many, (1.0,), np.array([1, 20])) == pytest.approx([0, (1 / log2(11)) / sum(1 / log2(i) for i in range(2, 12))])


def test_the_fit_stands_unless_another_form_ranks_better() -> None:
    # Everybody takes what was bought with more weight; 30 customers.
    by_weight = choices([[(bought(weight=1.0, order_count=0.0), True), (bought(weight=0.0, order_count=9.0), False)]] * 30)
    wanted = np.ones(30, int)
    # The fit, as in short histories, knows the number of orders alone; the settings have weight, and so has the plain blend.
    assert forms.of_bought(by_weight, wanted, BY_COUNT, BY_COUNT) == (forms.PLAIN, (1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0))
    by_popularity = choices([[(bought(recent=1.0), True), (bought(order_count=2.0), False)]] * 30)
    assert forms.of_bought(by_popularity, wanted, BY_COUNT, SHIPPED) == (forms.SHIPPED, SHIPPED)
    assert forms.of_bought(by_popularity, wanted, SHIPPED, BY_COUNT) == (forms.FITTED, SHIPPED)


def test_a_difference_within_one_standard_error_changes_nothing() -> None:
    # 11 customers follow weight and 10 the number of orders: better by weight, but that may be chance.
    weight, count = (bought(weight=1.0), True), (bought(order_count=1.0), True)
    few = [[weight, (count[0], False)]] * 11 + [[count, (weight[0], False)]] * 10
    assert forms.of_bought(choices(few), np.ones(21, int), BY_COUNT, BY_COUNT).name == forms.FITTED
    many = [[weight, (count[0], False)]] * 18 + [[count, (weight[0], False)]] * 3
    assert forms.of_bought(choices(many), np.ones(21, int), BY_COUNT, BY_COUNT).name == forms.PLAIN


def test_what_was_bought_is_raised_unless_that_ranks_worse() -> None:
    # Parts of mixed: is_bought, its score, the score of what is new, which is half above what was bought.
    again = [([1.0, 0.0, 0.0], True), ([0.0, 0.0, 0.5], False)]
    other = [([1.0, 0.0, 0.0], False), ([0.0, 0.0, 0.5], True)]
    fitted, raised = (0.0, 1.0, 1.0), (1.0, 1.0, 1.0)
    assert forms.of_mixed(choices([again] * 20), np.ones(20, int), fitted) == (forms.RAISED, raised)
    assert forms.of_mixed(choices([again, other] * 10), np.ones(20, int), fitted) == (forms.RAISED, raised)
    assert forms.of_mixed(choices([other] * 20), np.ones(20, int), fitted) == (forms.FITTED, fitted)
    assert forms.of_mixed(choices([again] * 20), np.zeros(20, int), fitted) == (forms.FITTED, fitted)  # nobody can tell

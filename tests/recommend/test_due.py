"""When what was bought is due again: by hand, without Spark."""

import numpy as np
import pytest
import scipy.sparse as sp

from lakehouse.recommend.due import UNKNOWN, Due, expected_days, of_places, put_off, usual_days
from lakehouse.recommend.scoring_arrays import Block


def block(*pairs: tuple[int, int, int, float, float]) -> Block:
    """Pairs of customer's row, product's column, number of orders, days since the last one, days from the first to the last."""
    row, column, count, recency, span = (np.array(values) for values in zip(*pairs, strict=True))
    return Block([None] * 3, np.zeros((3, 0), np.float32), row, column, np.ones(len(row)), count, recency, span)


def test_an_own_interval_counts_as_a_third_of_what_is_usual() -> None:
    # Of one interval of 10 days, usually 30: (10 + 3·30) / 4. Of three, 30 days in sum: (30 + 3·30) / 6. Of none: 30.
    assert expected_days(np.array([10, 30, 0]), np.array([1, 3, 0]), 30.0) == pytest.approx([25, 20, 30])


def test_a_product_is_drawn_towards_its_category_and_that_towards_the_shop() -> None:
    days, intervals = np.array([300, 0, 600, 0]), np.array([30, 0, 10, 0])
    categories = sp.csr_matrix(np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32))
    # Shop: 900 / 40 = 22.5. Categories: (300 + 30·22.5) / 60 = 16.25 and (600 + 30·22.5) / 40 = 31.875.
    # Products: (300 + 30·16.25) / 60, its category's, (600 + 30·31.875) / 40, and without a category the shop's.
    assert usual_days(days, intervals, categories) == pytest.approx([13.125, 16.25, 38.90625, 22.5])


def test_of_several_categories_the_mean_counts() -> None:
    days, intervals = np.array([300, 0, 600]), np.array([30, 0, 10])
    both = sp.csr_matrix(np.array([[1, 0], [1, 1], [0, 1]], np.float32))
    assert usual_days(days, intervals, both)[1] == pytest.approx((16.25 + 31.875) / 2)


def test_where_nobody_bought_anything_twice_nothing_is_known() -> None:
    assert np.isnan(usual_days(np.zeros(2), np.zeros(2), sp.csr_matrix((2, 0)))).all()


def test_days_are_counted_from_the_run_date_and_below_zero_when_overdue() -> None:
    due = Due({"nl": np.array([30.0, 30.0, np.nan])}, 21)
    # Ordered twice, 10 days between them: expected after 25; once: after 30; three times, 6 days in sum: (6 + 90) / 5 = 19.2, so 19.
    found = due.in_days(block((0, 0, 2, 5.0, 10.0), (0, 1, 1, 40.0, 0.0), (1, 0, 3, 0.0, 6.0), (2, 2, 2, 1.0, 9.0)), "nl")
    assert found[:3].tolist() == [20, -10, 19]
    assert np.isnan(found[3])


def test_put_off_is_what_has_a_rhythm_and_was_just_bought_and_is_due_after_the_horizon() -> None:
    due = Due({"nl": np.array([27.0, 100.0])}, 21)
    pairs = block(
        (0, 0, 3, 3.0, 54.0),  # day 3 of 27
        (0, 1, 5, 3.0, 40.0),  # due in 46 days of 49
        (1, 0, 3, 6.0, 54.0),  # day 6 of 27: more than a fifth
        (1, 1, 2, 3.0, 27.0),  # bought twice
        (2, 0, 9, 1.0, 72.0),  # day 1 of 14: due in 13
    )
    assert due.is_put_off(pairs, "nl").tolist() == [True, True, False, False, False]
    assert not due.is_put_off(block((0, 0, 3, 3.0, np.nan)), "nl").any()
    assert not UNKNOWN.is_put_off(pairs, "nl").any()


def test_without_dates_or_for_an_unknown_shop_nothing_is_due() -> None:
    known = Due({"nl": np.array([30.0])}, 21)
    assert np.isnan(known.in_days(block((0, 0, 2, 5.0, np.nan)), "nl")).all()
    assert np.isnan(UNKNOWN.in_days(block((0, 0, 2, 5.0, 10.0)), "nl")).all()


def test_a_place_is_given_the_days_of_its_own_pair() -> None:
    pairs, days = block((0, 4, 1, 0.0, 0.0), (0, 7, 1, 0.0, 0.0), (2, 1, 1, 0.0, 0.0)), np.array([5.0, np.nan, -3.0])
    found = of_places(days, pairs, np.array([2, 0, 0, 1, 0, 2]), np.array([1, 7, 4, 4, 9, 4]))
    assert np.array_equal(found, [-3, np.nan, 5, np.nan, np.nan, np.nan], equal_nan=True)
    nothing = np.zeros(0, dtype=np.int64)
    assert np.isnan(of_places(np.zeros(0), block((0, 0, 1, 0.0, 0.0)), np.array([0]), np.array([3]))).all()
    assert len(of_places(days, pairs, nothing, nothing)) == 0


def test_what_is_put_off_gets_the_customers_last_places_and_others_keep_their_scores() -> None:
    pairs = block(*((row, column, 1, 0.0, 0.0) for row, column in ((0, 1), (0, 2), (0, 5), (1, 0), (1, 3))))
    scores = np.array([3.0, -np.inf, 2.0, 7.0, 5.0])
    at_end, in_place = put_off(pairs, scores, np.array([True, False, False, False, False]))
    assert at_end.tolist() == [-997, -np.inf, 2, 7, 5]
    assert in_place.tolist() == [2, -np.inf, 3, 7, 5]

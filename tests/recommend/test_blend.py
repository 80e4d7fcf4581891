"""The conditional logit: known answers."""

from math import log

import numpy as np
import pytest

from lakehouse.recommend import blend
from lakehouse.recommend.blend import Blend, Choices, fitted


def choices(parts: list[list[list[float]]], chosen: list[list[bool]]) -> Choices:
    """Customer by customer."""
    begin = np.cumsum([0, *map(len, parts)])[:-1]
    return Choices(np.concatenate([np.array(p, float) for p in parts]), np.concatenate([np.array(c) for c in chosen]), begin)


def test_the_exponent_is_the_logarithm_of_the_odds() -> None:
    # Of four customers who could take a product with part 1 or one with part 0, three took the first: odds 3 to 1.
    found, customers = fitted([choices([[[1.0], [0.0]]] * 4, [[True, False]] * 3 + [[False, True]])], [0.0], 1e-9)
    assert (found[0], customers) == (pytest.approx(log(3), abs=1e-4), 4)


def test_every_customer_counts_once_however_much_was_bought() -> None:
    # One took both products with part 1, leaving two; two took the one without it. Odds of a place: one share to two.
    many = [[[1.0], [1.0], [0.0], [0.0]]]
    few = [[[1.0], [0.0]]] * 2
    found, _ = fitted([choices(many + few, [[True, True, False, False], [False, True], [False, True]])], [0.0], 1e-9)
    assert found[0] == pytest.approx(log(1 / 2), abs=1e-3)


def test_without_choices_the_prior_stands() -> None:
    assert fitted([choices([[[1.0], [2.0]]], [[False, False]])], [0.7], 10) == ((0.7,), 0)
    assert fitted([Choices(np.zeros((0, 1)), np.zeros(0, bool), np.zeros(0, np.int64))], [0.7], 10) == ((0.7,), 0)


def test_who_took_everything_or_nothing_says_nothing() -> None:
    silent = choices([[[1.0], [0.0]], [[5.0]], [[2.0], [1.0]]], [[True, True], [True], [False, False]])
    assert fitted([silent], [0.3], 10) == ((0.3,), 0)


def test_few_customers_move_the_prior_a_little_and_many_all_the_way() -> None:
    def after(customers: int) -> float:
        some = choices([[[1.0], [0.0]]] * customers, [[True, False], [True, False], [True, False], [False, True]] * (customers // 4))
        return fitted([some], [0.0], 10)[0][0]

    assert 0 < after(4) < 0.5 < after(400) < log(3) + 1e-6


def test_parts_that_always_decide_do_not_run_away() -> None:
    found, _ = fitted([choices([[[1.0], [0.0]]] * 50, [[True, False]] * 50)], [0.0], 10)
    assert 0 < found[0] < 10


def test_exponents_that_made_the_choices_are_found_again() -> None:
    rng = np.random.default_rng(7)
    truth, parts, chosen = np.array([1.5, -0.7]), [], []
    for _ in range(4000):
        options = rng.normal(size=(10, 2))
        chance = np.exp(options @ truth)
        parts.append(options.tolist())
        chosen.append((np.arange(10) == rng.choice(10, p=chance / chance.sum())).tolist())
    found, _ = fitted([choices(parts, chosen)], [0.0, 0.0], 10)
    assert found == pytest.approx(tuple(truth), abs=0.08)


def test_it_makes_no_difference_how_many_products_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    sizes = [1, 5, 12, 3, 40, 2]
    parts, chosen = [rng.normal(size=(n, 2)).tolist() for n in sizes], [(np.arange(n) % 3 == 1).tolist() for n in sizes]
    blocks = [[choices(parts, chosen)], [choices(parts[:2], chosen[:2]), choices(parts[2:], chosen[2:])]]
    found = []
    for together in (1, 7, 1000):
        monkeypatch.setattr(blend, "IN_CACHE", together)
        found += [fitted(some, [0.2, 0.1], 1.0) for some in blocks]
    assert found[0][1] == 5 and found == [found[0]] * 6


def test_names_and_values_go_both_ways() -> None:
    blend = Blend(tuple(map(float, range(7))), (1.0, 2.0, 3.0, 4.0), (0.5, 1.0, 2.0))
    named = blend.named()
    assert (named["buy_again.order_count"], named["discover.ever"], named["mixed.is_bought"]) == (1.0, 4.0, 0.5)
    assert Blend.from_named(named) == blend

"""The gate: who may become the champion."""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest

from lakehouse.recommend.evaluation.gate import Comparison, Guards, compare, decide, decide_first, decide_refit, failures, worst_country

FINE = Guards(coverage=0.4, completeness=1.0)


def compared(low: float, high: float, customers: int = 100) -> Comparison:
    return Comparison((low + high) / 2, low, high, customers)


def test_customers_are_drawn_with_both_of_their_values() -> None:
    values = np.random.default_rng(1).random(50)
    (found,) = compare({"mixed": values}, {"mixed": 1.25 * values}, seed=1).values()
    # Whoever is drawn: a quarter better. Drawn apart, the two would differ by chance.
    assert (found.difference, found.low, found.high, found.customers) == (pytest.approx(0.25), pytest.approx(0.25), pytest.approx(0.25), 50)


def test_the_interval_of_two_customers_holds_all_draws() -> None:
    # Drawn are 1 1 (nothing gained), 1 2 (half) or 2 2 (all of it), the outer ones a quarter of the times each.
    found = compare({"mixed": np.array([1.0, 1.0])}, {"mixed": np.array([1.0, 2.0])}, seed=1)
    assert found == {"mixed": Comparison(0.5, 0.0, 1.0, 2)}


def test_the_interval_is_that_of_the_normal_approximation_for_many() -> None:
    gain = np.random.default_rng(2).normal(0.1, 0.5, 400)
    found = compare({"mixed": np.full(400, 2.0)}, {"mixed": 2.0 + gain}, seed=3)["mixed"]
    mean, half = gain.mean() / 2, 1.96 * gain.std() / 2 / sqrt(400)
    assert found.difference == pytest.approx(mean)
    assert (found.low, found.high) == (pytest.approx(mean - half, abs=half / 10), pytest.approx(mean + half, abs=half / 10))


def test_the_same_seed_gives_the_same_interval_whatever_other_lists_there_are() -> None:
    dice = np.random.default_rng(4)
    ours, theirs, other = dice.random(60), dice.random(60), dice.random(60)
    alone = compare({"discover": theirs}, {"discover": ours}, seed=7)
    both = compare({"buy_again": other, "discover": theirs}, {"buy_again": ours, "discover": ours}, seed=7)
    assert alone["discover"] == both["discover"]
    assert compare({"discover": theirs}, {"discover": ours}, seed=8) != alone


def test_identical_values_differ_by_exactly_nothing_and_decide_nothing() -> None:
    values = np.random.default_rng(5).random(200)
    found = compare({"buy_again": values, "discover": values}, {"buy_again": values, "discover": values.copy()}, seed=1)
    assert set(found.values()) == {Comparison(0.0, 0.0, 0.0, 200)}
    assert decide(found, FINE, 20).outcome == "undecided"


def test_a_clear_difference_promotes() -> None:
    dice = np.random.default_rng(6)
    theirs = dice.random(300)
    better = {"buy_again": theirs, "discover": np.clip(theirs + dice.normal(0.05, 0.1, 300), 0, 1)}
    champion = {"buy_again": theirs, "discover": theirs}
    assert decide(compare(champion, better, seed=1), FINE, 20).outcome == "promote"
    assert decide(compare(better, champion, seed=1), FINE, 20).outcome == "keep"


def test_of_a_champion_that_finds_nothing_any_hit_is_infinitely_more() -> None:
    nothing = np.zeros(100)
    assert compare({"mixed": nothing}, {"mixed": nothing}, seed=1) == {"mixed": Comparison(0.0, 0.0, 0.0, 100)}
    assert compare({"mixed": nothing}, {"mixed": nothing + 0.1}, seed=1) == {"mixed": Comparison(inf, inf, inf, 100)}
    nobody = compare({"mixed": nothing[:0]}, {"mixed": nothing[:0]}, seed=1)
    assert nobody == {"mixed": Comparison(0.0, -inf, inf, 0)}
    assert decide(nobody, FINE, 1).outcome == "undecided"


@pytest.mark.parametrize(
    ("buy_again", "discover", "outcome"),
    [
        ((0.01, 0.03), (0.02, 0.04), "promote"),
        ((0.01, 0.03), (-0.01, 0.02), "promote"),  # at worst 1 % below: within the tolerance
        ((-0.01, 0.02), (0.001, 0.03), "promote"),
        ((0.01, 0.03), (-0.008, -0.002), "promote"),  # surely worse, but surely by less than 1 %
        ((0.01, 0.03), (-0.011, 0.02), "undecided"),  # may be more than 1 % below
        ((0.0, 0.03), (0.0, 0.02), "undecided"),  # better on neither
        ((-0.02, 0.03), (-0.05, 0.06), "undecided"),
        ((-0.05, -0.01), (-0.02, 0.03), "keep"),
        ((0.02, 0.03), (-0.04, -0.001), "keep"),  # better on one is no excuse
        ((-0.004, -0.001), (-0.004, -0.001), "keep"),
    ],
)
def test_promoted_is_what_is_better_on_one_list_and_not_worse_on_the_other(
    buy_again: tuple[float, float], discover: tuple[float, float], outcome: str
) -> None:
    verdict = decide({"buy_again": compared(*buy_again), "discover": compared(*discover)}, FINE, 20)
    assert verdict.outcome == outcome
    assert verdict.passed is (outcome == "promote")


@pytest.mark.parametrize(
    ("buy_again", "discover", "outcome"),
    [
        ((0.5, 0.9), (0.001, 0.3), "promote"),
        ((0.5, 0.9), (0.0, 0.3), "undecided"),  # must be better on every list
        ((0.5, 0.9), (-0.2, -0.1), "keep"),
    ],
)
def test_the_first_model_must_beat_popularity_on_every_list(
    buy_again: tuple[float, float], discover: tuple[float, float], outcome: str
) -> None:
    assert decide_first({"buy_again": compared(*buy_again), "discover": compared(*discover)}, FINE, 20).outcome == outcome


def test_too_few_customers_of_one_list_decide_nothing_and_just_enough_do() -> None:
    few = {"buy_again": compared(0.1, 0.2, 500), "discover": compared(0.1, 0.2, 19)}
    for verdict in (decide(few, FINE, 20), decide_first(few, FINE, 20)):
        assert verdict.outcome == "undecided"
        assert verdict.reason == "only 19 customers to judge discover by, 20 are needed"
    assert decide(few, FINE, 19).outcome == decide_first(few, FINE, 19).outcome == "promote"
    assert decide({}, FINE, 20).outcome == decide_first({}, FINE, 20).outcome == "undecided"


def test_a_refit_of_the_champions_configuration_needs_good_lists_only() -> None:
    assert decide_refit(FINE).outcome == "promote"
    assert decide_refit(replace(FINE, ineligible_shown=3)).outcome == "keep"


def test_no_difference_makes_up_for_bad_lists() -> None:
    bad = replace(FINE, ineligible_shown=3, bought_in_discover=2)
    better = {"discover": compared(0.1, 0.2)}
    for verdict in (decide(better, bad, 20), decide_first(better, bad, 20), decide_refit(bad)):
        assert verdict.outcome == "keep"
        assert verdict.reason == (
            "3 places show a product that cannot be sold; 2 places of discover show a product that the customer has bought before"
        )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"completeness": 0.99}, "only 99.00 % of the customers have full lists, 99.50 % are needed"),
        ({"buy_again_repeat_share": 0.9}, "only 90.00 % of what buy_again shows was bought before"),
        (
            {"coverage": 0.31, "champion_coverage": 0.4},
            "31.00 % of the products are shown to anybody, less than 80.00 % of the champion's 40.00 %",
        ),
        ({"worst_country": ("BE", -0.123)}, "in BE NDCG changes by -12.30 %, the limit is -10.00 %"),
    ],
)
def test_what_is_wrong_with_the_lists_is_told_with_numbers(wrong: dict, words: str) -> None:
    assert failures(replace(FINE, **wrong)) == [words]


def test_at_its_limits_nothing_is_wrong() -> None:
    limits = Guards(
        coverage=0.5,
        completeness=0.995,
        champion_coverage=0.6,
        buy_again_repeat_share=1.0,
        worst_country=("BE", -0.10),
    )
    assert failures(limits) == failures(FINE) == []


def test_the_worst_country_is_one_with_100_customers() -> None:
    def country(customers: float, ndcg: float) -> dict[str, float]:
        return {"customers": customers, "ndcg": ndcg}

    champion = {"NL": country(900, 0.2), "BE": country(100, 0.4), "DE": country(99, 0.5), "LU": country(200, 0.0)}
    challenger = {"NL": country(900, 0.22), "BE": country(100, 0.3), "DE": country(99, 0.1), "LU": country(200, 0.1)}
    assert worst_country(champion, challenger) == ("BE", pytest.approx(-0.25))
    assert worst_country({"DE": champion["DE"]}, challenger) is None


def test_the_reason_names_differences_intervals_and_customers() -> None:
    lists = {"buy_again": Comparison(0.031, 0.012, 0.05, 4321), "discover": Comparison(-0.002, -0.009, 0.001, 4000)}
    told = "buy_again NDCG +3.10 % (95 % interval +1.20 % to +5.00 %, 4321 customers); "
    told += "discover NDCG -0.20 % (95 % interval -0.90 % to +0.10 %, 4000 customers)"
    assert decide(lists, FINE, 20).reason == f"better than the champion on buy_again, on no list more than 1 % worse: {told}"
    assert decide_first(lists, FINE, 20).reason == f"no difference to popularity beyond chance on discover: {told}"
    worse = {"discover": Comparison(-0.05, -0.06, -0.04, 4000)}
    told = "discover NDCG -5.00 % (95 % interval -6.00 % to -4.00 %, 4000 customers)"
    assert decide(worse, FINE, 20).reason == f"worse than the champion on discover: {told}"
    assert decide_first(worse, FINE, 20).reason == f"worse than popularity on discover: {told}"

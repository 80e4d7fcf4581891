"""What a campaign added: by hand for a few members, and by planted shops with and without an effect."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from lakehouse.experiment.always_valid import always_valid
from lakehouse.experiment.findings import findings
from lakehouse.experiment.moments import Moments, Values
from lakehouse.experiment.sample_size import needed_days, needed_members
from lakehouse.experiment.uplift import Uplift, uplift

SHARE, LIFT = 0.2, 0.3
Shop = tuple[Values, Values, Values]


def shop(seed: int, members: int, lift: float = 0.0) -> Shop:
    """Revenue after, revenue before, who is held out: few buy, some often, baskets are skewed."""
    draw = np.random.default_rng(seed)
    orders = draw.gamma(0.5, 0.6, members)
    is_control = draw.random(members) < SHARE
    basket = np.exp(draw.normal(3.5, 0.5, members))
    after = draw.poisson(orders * np.where(is_control, 1, 1 + lift)) * basket * np.exp(draw.normal(0, 0.3, members))
    return after, draw.poisson(2 * orders) * basket, is_control


def arms(after: Values, before: Values, is_control: Values) -> tuple[Moments, Moments]:
    return Moments.of(after[~is_control], before[~is_control]), Moments.of(after[is_control], before[is_control])


def looked_at(seed: int, members: int, lift: float = 0.0) -> Uplift:
    found = uplift(*arms(*shop(seed, members, lift)))
    assert found is not None
    return found


def test_without_purchases_before_the_interval_is_welchs() -> None:
    treated, held = np.array([4.0, 0.0, 6.0, 2.0]), np.array([1.0, 3.0, 2.0])
    found = uplift(Moments.of(treated, 0 * treated), Moments.of(held, 0 * held))
    assert found is not None
    reference = stats.ttest_ind(treated, held, equal_var=False)
    interval = reference.confidence_interval(0.95)
    assert found.difference == pytest.approx(3 - 2)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.explained == 0


def test_what_the_weeks_before_explain_is_taken_off() -> None:
    """y = 2 x + 10 for the treatment, 2 x + 7 for the control, and a rest of ±1: the uplift is 3, whatever x the arms happen to have."""
    x = np.array([0.0, 0.0, 5.0, 5.0, 9.0, 9.0])
    rest = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    found = uplift(Moments.of(2 * (x + 4) + 10 + rest, x + 4), Moments.of(2 * x + 7 + rest, x))
    assert found is not None
    assert found.difference == pytest.approx(3)
    assert found.variance_treatment == pytest.approx(6 / 5)
    assert found.explained == pytest.approx(1 - (6 / 5) / (6 / 5 + 4 * np.var(x, ddof=1)))


def test_two_members_and_some_variance_are_the_least() -> None:
    some, one = Moments.of(np.array([1.0, 2.0]), np.zeros(2)), Moments.of(np.ones(1), np.zeros(1))
    nobody_bought = Moments.of(np.zeros(5), np.zeros(5))
    assert uplift(some, one) is None
    assert uplift(some, nobody_bought) is None
    found = uplift(some, Moments.of(np.array([0.0, 1.0]), np.zeros(2)))
    assert found is not None and found.share is None, "a control that bought 0.5 ± 0.5 is nothing to divide by"


@pytest.fixture(scope="module")
def planted() -> tuple[float, int]:
    """The true uplift per member, and the members that are said to be needed for it, both from a shop of a million."""
    after, before, is_control = shop(0, 1_000_000)
    found = uplift(*arms(after, before, is_control))
    assert found is not None
    true = LIFT * float(after.mean())
    needed = needed_members(true, found.variance_treatment, found.variance_control, SHARE)
    assert needed is not None
    return true, needed


def test_a_planted_uplift_is_covered_and_called_at_the_stated_size(planted: tuple[float, int]) -> None:
    true, needed = planted
    found = [looked_at(seed, needed, LIFT) for seed in range(1, 101)]
    assert 90 <= sum(f.low <= true <= f.high for f in found) <= 99
    assert sum(f.low > 0 for f in found) >= 80
    shares = [f.share_low <= LIFT <= f.share_high for f in found if f.share_low is not None and f.share_high is not None]
    assert len(shares) == 100 and sum(shares) >= 90


def test_where_nothing_is_planted_nothing_is_called(planted: tuple[float, int]) -> None:
    _, needed = planted
    assert sum(f.low <= 0 <= f.high for f in (looked_at(seed, needed) for seed in range(1, 101))) >= 90


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_no_effect_is_said_to_be_none_at_the_stated_size_when_it_is_over(share: float) -> None:
    """In the words of the verdict, for the effect that is looked for: 10 %."""

    def said(seed: int, members: int) -> object:
        after, before, _ = shop(seed, members)
        is_control = np.random.default_rng(10_000 + seed).random(members) < share
        treatment, control = arms(after, before, is_control)
        found = findings(treatment, control, expected_control=share * members, buyers=100, days=28, is_over=True)
        return found["needed_count"] if seed == 0 else found["verdict"]

    needed = said(0, 1_000_000)
    assert isinstance(needed, int)
    assert sum(said(seed, needed) == "none" for seed in range(1, 101)) >= 90


def test_a_smaller_effect_takes_quadratically_more_members() -> None:
    # (1.95996 + 1.64485)^2 = 12.9947; 12.9947 / 0.5^2 * (4 / 0.8 + 4 / 0.2) = 1299.47
    assert needed_members(0.5, 4, 4, 0.2) == 1_300
    assert needed_members(0.25, 4, 4, 0.2) == 5_198
    assert needed_members(0.0, 4, 4, 0.2) is None
    assert needed_members(0.5, 4, 4, 0.0) is None
    assert needed_days(days=1.5, members=100, needed=1_051) == 16


def nightly(seed: int, members: int, days: int, look: Callable[[Uplift, int], tuple[float, float]]) -> bool:
    """Whether an effect is called on any of the days where there is none: the same members buy on, and are looked at every night."""
    draw = np.random.default_rng(seed)
    rate, is_control = draw.gamma(0.5, 0.8, members) / days, draw.random(members) < SHARE
    after = np.zeros(members)
    for _ in range(days):
        after += draw.poisson(rate) * np.exp(draw.normal(3.5, 0.5, members))
        found = uplift(*arms(after, np.zeros(members), is_control))
        if found is not None and min((after[is_control] > 0).sum(), (after[~is_control] > 0).sum()) >= 20:
            low, high = look(found, members)
            if not low <= 0 <= high:
                return True
    return False


def test_the_interval_for_every_look_holds_though_it_is_looked_at_every_night() -> None:
    """By the one for a single look somebody who looks every night finds an effect in many of a hundred campaigns without one."""
    assert sum(nightly(seed, 1_000, 28, always_valid) for seed in range(100)) <= 5
    assert sum(nightly(seed, 1_000, 28, lambda found, _: (found.low, found.high)) for seed in range(100)) > 10

"""Whether arms are as they should be, and what may be said of them."""

import numpy as np
import pytest

from lakehouse.experiment.arms import before_p_value, false_call_share, ratio_p_value
from lakehouse.experiment.findings import findings
from lakehouse.experiment.moments import Moments
from lakehouse.experiment.verdict import verdict


def test_arms_of_another_ratio_than_planned_are_no_accident() -> None:
    assert (ratio_p_value(900, 100, 0.1) or 0) > 0.9
    # Nobody of 10 is held out: 0.9^10 is 0.3487, and the tail is doubled. All of 3: 0.1^3.
    assert ratio_p_value(10, 0, 0.1) == pytest.approx(0.6974, abs=1e-4)
    assert ratio_p_value(0, 3, 0.1) == pytest.approx(0.002)
    lost = ratio_p_value(8_100, 1_100, 0.1)
    assert lost is not None and lost < 0.001, "of 9,200 members 920 ± 29 are held out"
    assert ratio_p_value(100, 0, 0.0) is None
    assert ratio_p_value(0, 0, 0.1) is None


def test_arms_that_differed_before_are_told() -> None:
    draw = np.random.default_rng(3)
    before = draw.gamma(1, 20, 4_000)
    alike = before_p_value(Moments.of(before[:3_000], before[:3_000]), Moments.of(before[3_000:], before[3_000:]))
    richer = before_p_value(Moments.of(before[:3_000], before[:3_000]), Moments.of(before[3_000:], before[3_000:] + 5))
    assert alike is not None and alike > 0.05
    assert richer is not None and richer < 0.001
    assert before_p_value(Moments.of(before, 0 * before), Moments.of(before, 0 * before)) is None


def test_the_self_test_calls_an_effect_in_five_of_a_hundred_splits() -> None:
    draw = np.random.default_rng(5)
    before = draw.poisson(0.5, 3_000) * draw.gamma(2, 20, 3_000)
    after = draw.poisson(0.5, 3_000) * draw.gamma(2, 20, 3_000) + before / 2
    assert 0.01 <= false_call_share(after, before, 0.2, splits=200, seed=1) <= 0.09


@pytest.mark.parametrize(
    ("said", "case"),
    [
        ("uplift", {}),
        ("loss", {"interval": (-2.0, -1.0)}),
        ("undecided", {"interval": (-1.0, 2.0)}),
        ("undecided", {"interval": (-1.0, 2.0), "is_over": True, "members": 60}),
        ("none", {"interval": (-1.0, 2.0), "is_over": True, "members": 61}),
        ("undecided", {"interval": (-1.0, 2.0), "is_over": True, "needed": None}),
        ("undecided", {"buyers": 19}),
        ("undecided", {"interval": None}),
        ("invalid", {"ratio_p_value": 0.0009}),
    ],
)
def test_the_verdict_is_one_word(said: str, case: dict[str, object]) -> None:
    given = {"interval": (1.0, 2.0), "buyers": 20, "ratio_p_value": 0.5, "is_over": False, "members": 100, "needed": 100}
    assert verdict(**(given | case)) == said  # type: ignore[arg-type]


def test_while_orders_come_in_the_verdict_is_by_the_interval_for_every_look() -> None:
    """0.2 against 0.12 orders a member: 2.4 standard errors, enough for one look at the end and not for a look every night."""
    treated, held = Moments(2_000, 400, 400, 0, 0, 0), Moments(100, 12, 12, 0, 0, 0)
    found = {over: findings(treated, held, expected_control=100, buyers=20, days=2.0, is_over=over) for over in (False, True)}
    assert [found[over]["verdict"] for over in (False, True)] == ["undecided", "uplift"]
    assert found[True]["uplift"] == pytest.approx(0.08)
    assert found[True]["treatment_mean"] == 0.2
    needed, days = found[True]["needed_count"], found[True]["needed_days"]
    # Variances 0.16 and 0.1067 in arms of 20/21 and 1/21, for 0.012 orders a member: 12.995 / 0.012^2 * (0.168 + 2.240) = 217,300.
    assert isinstance(needed, int) and isinstance(days, int)
    assert needed == pytest.approx(217_300, rel=0.01)
    assert days == pytest.approx(2 * needed / 2_100, abs=1)

"""Whether the arms are what they should be: as large as planned, and alike before anything was sent."""

import numpy as np
from scipy import special

from lakehouse.experiment.moments import Moments, Values
from lakehouse.experiment.uplift import ALPHA, uplift


def ratio_p_value(treatment: int, control: int, control_share: float) -> float | None:
    """How probable so uneven a split is if each member was held out with `control_share`; None where there was nothing to draw.

    A sample-ratio mismatch as in Fabijan et al. ("Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019), by the
    exact binomial distribution, whose smaller tail is doubled, since a hold-out of a segment may have few members.
    """
    if not 0 < control_share < 1 or treatment + control == 0:
        return None
    members = treatment + control
    at_most = special.bdtr(control, members, control_share)
    at_least = special.bdtrc(control - 1, members, control_share) if control else 1.0
    return float(min(1.0, 2 * min(at_most, at_least)))


def before_p_value(treatment: Moments, control: Moments) -> float | None:
    """How probable so great a difference of the arms in the weeks *before* the assignment is, where no campaign can have made it.

    An A/A test that costs nothing: of a hundred campaigns five are below 0.05, and none should be far below. None without variance.
    """
    found = uplift(_of_before(treatment), _of_before(control))
    return None if found is None else found.p_value


def false_call_share(y: Values, x: Values, control_share: float, splits: int, seed: int, alpha: float = ALPHA) -> float:
    """The A/A self-test: the same members are split anew `splits` times; gives the share of splits in which an effect was called.

    There is none, so it should be about `alpha`; more says that these purchases are too skewed for so few members. Splits without enough
    variance call nothing.
    """
    draw, called = np.random.default_rng(seed), 0
    for _ in range(splits):
        is_control = draw.random(len(y)) < control_share
        found = uplift(Moments.of(y[~is_control], x[~is_control]), Moments.of(y[is_control], x[is_control]), alpha)
        called += found is not None and not found.low <= 0 <= found.high
    return called / splits


def _of_before(arm: Moments) -> Moments:
    return Moments(arm.count, arm.x, arm.xx, 0.0, 0.0, 0.0)

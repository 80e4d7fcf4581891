"""Uplift of a campaign per member: mean of the treatment less that of the control, adjusted for earlier purchases (CUPED), with interval.

Intention to treat: all members count, whether a mail reached them or not. gbstats has the same formulas, but its newest release
that can be installed (0.8.0) wants pandas and numpy below 2; distributions are scipy's.
"""

from dataclasses import dataclass
from math import sqrt

from scipy import special

from lakehouse.experiment.moments import Moments

ALPHA = 0.05


@dataclass(frozen=True)
class Uplift:
    """`difference` per member, in the unit of y, with its standard error and degrees of freedom.

    `low` and `high` bound the 95 % interval for one look at a time that was fixed before. `share` is the difference as a share of what the
    control buys, with an interval of its own; None where the control's mean is too uncertain to divide by (below three standard errors).
    `explained`: the share of the variance that the weeks before explain. `variance_treatment` and `variance_control` are what is left.
    """

    difference: float
    standard_error: float
    degrees: float
    low: float
    high: float
    share: float | None
    share_low: float | None
    share_high: float | None
    explained: float
    variance_treatment: float
    variance_control: float

    @property
    def p_value(self) -> float:
        """Of no difference at all, two-sided."""
        return float(2 * special.stdtr(self.degrees, -abs(self.difference) / self.standard_error))


def uplift(treatment: Moments, control: Moments, alpha: float = ALPHA) -> Uplift | None:
    """None if an arm has fewer than two members, or no variance.

    CUPED: y less theta times x, theta being the slope of y on x within the arms (Deng, Xu, Kohavi and Walker, "Improving the sensitivity of
    online controlled experiments by utilizing pre-experiment data", WSDM 2013, section 3.2). The interval is Welch's (Biometrika 1947), for
    arms of unequal size and variance; that of the share is by the delta method (Deng, Knoblich and Lu, KDD 2018).
    """
    if min(treatment.count, control.count) < 2:
        return None
    theta = _theta(treatment, control)
    left = [_adjusted_variance(arm, theta) for arm in (treatment, control)]
    parts = [variance / arm.count for variance, arm in zip(left, (treatment, control), strict=True)]
    if min(parts) <= 0:
        return None
    difference = treatment.mean - control.mean - theta * (treatment.mean_before - control.mean_before)
    error = sqrt(sum(parts))
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (treatment.count - 1) + parts[1] ** 2 / (control.count - 1))
    width = float(special.stdtrit(degrees, 1 - alpha / 2)) * error
    raw = treatment.variance / treatment.count + control.variance / control.count
    share = _share(treatment, control, theta, difference, parts, width / error)
    return Uplift(
        difference,
        error,
        degrees,
        difference - width,
        difference + width,
        *share,
        explained=1 - sum(parts) / raw if raw > 0 else 0.0,
        variance_treatment=left[0],
        variance_control=left[1],
    )


def _theta(treatment: Moments, control: Moments) -> float:
    """The slope of y on x within the arms; 0 where nobody bought anything before."""
    weights = [arm.count - 1 for arm in (treatment, control)]
    together = weights[0] * treatment.covariance + weights[1] * control.covariance
    spread = weights[0] * treatment.variance_before + weights[1] * control.variance_before
    return together / spread if spread > 0 else 0.0


def _adjusted_variance(arm: Moments, theta: float) -> float:
    """Variance of y less theta times x."""
    return arm.variance + theta**2 * arm.variance_before - 2 * theta * arm.covariance


def _share(
    treatment: Moments, control: Moments, theta: float, difference: float, parts: list[float], quantile: float
) -> tuple[float | None, float | None, float | None]:
    """The difference divided by what the control would buy, were its weeks before like everybody's."""
    members = treatment.count + control.count
    usual = control.mean - theta * (control.mean_before - (treatment.x + control.x) / members)
    if usual < 3 * sqrt(parts[1]):
        return None, None, None
    share = difference / usual
    error = sqrt(parts[0] + (1 + share) ** 2 * parts[1]) / usual
    return share, share - quantile * error, share + quantile * error

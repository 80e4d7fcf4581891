"""All that is found out about one measure of a campaign, from the sums of its two arms."""

from lakehouse.experiment.always_valid import always_valid
from lakehouse.experiment.arms import before_p_value, ratio_p_value
from lakehouse.experiment.moments import Moments
from lakehouse.experiment.sample_size import needed_days, needed_members
from lakehouse.experiment.uplift import Uplift, uplift
from lakehouse.experiment.verdict import verdict
from lakehouse.experiment.words import FINDINGS, WISHED_SHARE

# Noise of floating point is rounded away, so that the same sums are the same row.
DIGITS = 8


def findings(
    treatment: Moments, control: Moments, *, expected_control: float, buyers: int, days: float, is_over: bool
) -> dict[str, float | int | str | None]:
    """By the names of words.FINDINGS; null what can't be told.

    `expected_control`: how many members the hold-out's share would hold out. `buyers`: of the arm that has fewer. `days` since the first
    assignment, `is_over` when no order can come in any more.
    """
    members = treatment.count + control.count
    share = expected_control / members if members else 0.0
    found = uplift(treatment, control)
    ratio = ratio_p_value(int(treatment.count), int(control.count), share)
    needed = None if found is None else _needed(found, control, share)
    always = None if found is None else always_valid(found, members)
    interval = always if found is None or not is_over else (found.low, found.high)
    values = (
        treatment.mean if treatment.count else None,
        control.mean if control.count else None,
        *((None,) * 3 if found is None else (found.difference, found.low, found.high)),
        *((None,) * 2 if always is None else always),
        *((None,) * 5 if found is None else (found.share, found.share_low, found.share_high, found.p_value, found.explained)),
        ratio,
        before_p_value(treatment, control),
        needed,
        None if needed is None or not days else needed_days(days, members, needed),
        verdict(interval, buyers, ratio, is_over, int(members), needed),
    )
    rounded = (round(value, DIGITS) if isinstance(value, float) else value for value in values)
    return dict(zip(FINDINGS, rounded, strict=True))


def _needed(found: Uplift, control: Moments, share: float) -> int | None:
    return needed_members(WISHED_SHARE * control.mean, found.variance_treatment, found.variance_control, share)

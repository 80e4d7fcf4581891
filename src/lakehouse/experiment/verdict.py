"""What may be said of a campaign, in one word."""

from lakehouse.experiment.words import MISMATCH, Verdict

# Fewer buyers in an arm than that decide nothing: their mean is not normal enough for any of the intervals.
BUYERS_AT_LEAST = 20


def verdict(
    interval: tuple[float, float] | None, buyers: int, ratio_p_value: float | None, is_over: bool, members: int, needed: int | None
) -> Verdict:
    """`interval` is the always valid one while orders still come in, and that for one look when it is over; `buyers` of the smaller arm.

    `uplift` and `loss`: the interval is above or below 0. `none`: it is over, enough members were looked at to see the wished effect, and
    it is not there. `undecided`: anything may be true still. `invalid`: the sizes of the arms are no accident.
    """
    if ratio_p_value is not None and ratio_p_value < MISMATCH:
        return "invalid"
    if interval is None or buyers < BUYERS_AT_LEAST:
        return "undecided"
    low, high = interval
    if low > 0:
        return "uplift"
    if high < 0:
        return "loss"
    return "none" if is_over and needed is not None and members >= needed else "undecided"

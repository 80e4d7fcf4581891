"""What may be said of a campaign, in one word."""

from lakehouse.experiment.words import MISMATCH, Verdict

# Fewer buyers in an arm than that decide nothing: their mean is not normal enough for any of the intervals.
BUYERS_AT_LEAST = 20
# `needed` members see the wished effect nineteen times in twenty; this share of them sees it four times in five: ((z(.975) + z(.8)) /
# (z(.975) + z(.95)))². `needed` comes from the same members, so that it is above their number half of the time where it is what it takes.
ENOUGH = 0.604


def verdict(
    interval: tuple[float, float] | None, buyers: int, ratio_p_value: float | None, is_over: bool, members: int, needed: int | None
) -> Verdict:
    """`interval` is the always valid one while orders still come in, and that for one look when it is over; `buyers` of the smaller arm.

    `uplift` and `loss`: the interval is above or below 0. `none`: it is over, so many members were looked at that the wished effect would
    have been called four times in five, and it was not. `undecided`: anything may be true still. `invalid`: the sizes of the arms are no
    accident.
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
    return "none" if is_over and needed is not None and members >= ENOUGH * needed else "undecided"

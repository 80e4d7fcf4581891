"""The words of results, and the numbers that they stand on, apart from statistics: a table is declared without a library of them."""

from typing import Literal

Verdict = Literal["uplift", "loss", "none", "undecided", "invalid"]
VERDICTS: tuple[Verdict, ...] = ("uplift", "loss", "none", "undecided", "invalid")
# What is found out about a measure of a campaign.
FINDINGS = (
    *("treatment_mean", "control_mean", "uplift", "uplift_low", "uplift_high", "always_low", "always_high"),
    *("uplift_share", "uplift_share_low", "uplift_share_high", "p_value", "explained_share", "ratio_p_value", "before_p_value"),
    *("needed_count", "needed_days", "verdict"),
)
# Below it the sizes of the arms are no accident, and nothing that follows from them can be believed.
MISMATCH = 0.001
# The effect that one would like to see, as a share of what the control buys.
WISHED_SHARE = 0.1

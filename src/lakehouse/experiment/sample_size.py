"""How many members, and how many days, it takes to see an effect that one would like to see."""

from math import ceil

from scipy import special

from lakehouse.experiment.uplift import ALPHA

# So often an effect of the wished size is called when as many members as needed were looked at once, at the end, were purchases normal.
# They are skewed, and a hold-out is the smaller arm: then it is about nine times in ten.
POWER = 0.95


def needed_members(
    wished: float, variance_treatment: float, variance_control: float, control_share: float, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """Members of both arms together; None where no number is enough (nothing wished, or an arm without a share).

    `wished`: difference per member in the unit of y. Variances are those that are left after CUPED. The two-sample formula for means
    (Cohen, "Statistical power analysis for the behavioral sciences", 1988, chapter 2) with variances and sizes of each arm.
    """
    if wished == 0 or not 0 < control_share < 1:
        return None
    quantiles = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    per_member = variance_treatment / (1 - control_share) + variance_control / control_share
    return ceil((quantiles / wished) ** 2 * per_member)


def needed_days(days: float, members: float, needed: float) -> int:
    """Days from the first assignment on, if what came in `days` goes on coming: as many members a day, or orders of the same members.

    Either way what is known grows with the number of days, as it would with the number of members.
    """
    return ceil(days * needed / members)

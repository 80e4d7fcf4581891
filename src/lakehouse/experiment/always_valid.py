"""An interval that may be looked at every night: it holds at all looks at once, so that stopping at a good one is no cheating."""

from math import log, sqrt

from lakehouse.experiment.uplift import ALPHA, Uplift

# For about so many members the interval is narrowest. Any number is valid; a choice that changed with the data would not be.
TUNED_FOR = 5_000


def always_valid(found: Uplift, members: float, alpha: float = ALPHA, tuned_for: int = TUNED_FOR) -> tuple[float, float]:
    """Bounds of the difference, in its unit, that hold with 95 % at all looks together; `members` of both arms.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas ("Time-uniform central limit theory and asymptotic
    confidence sequences", Annals of Statistics 2024, theorem 2.2), after Robbins' normal mixture (1970); the mixture's width is the
    approximate optimum that they give for `tuned_for`. It is about one and a half to two times as wide as the one for a single look.
    """
    rho = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / tuned_for
    clock = members * rho + 1
    width = found.standard_error * sqrt(2 * clock / (members * rho) * log(sqrt(clock) / alpha))
    # Of a few members Student's quantile is the greater one: nobody is surer for having looked more often.
    width = max(width, found.high - found.difference)
    return found.difference - width, found.difference + width

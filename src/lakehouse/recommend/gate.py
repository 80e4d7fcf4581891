"""Whether a trained configuration may become the champion, with the reason in words."""

from collections.abc import Mapping
from dataclasses import dataclass

METRIC = "ndcg"
# A refit with new data may wobble by so much and still be the better informed one.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Verdict:
    passed: bool
    reason: str


def decide(
    challenger: Mapping[str, float], popularity: Mapping[str, float], champion: Mapping[str, float] | None, min_customers: int
) -> Verdict:
    """All three were fitted before the same cut and judged on the same customers: `customers`, `ndcg`, … of each.

    The challenger must beat popularity; and must not be more than 1 % below the champion's configuration, where there is one.
    """
    ours, theirs = challenger[METRIC], popularity[METRIC]
    if challenger["customers"] < min_customers:
        return Verdict(False, f"only {challenger['customers']:.0f} customers to judge by, {min_customers} are needed")
    if ours <= theirs:
        return Verdict(False, f"{METRIC} {ours:.4f} does not beat popularity {theirs:.4f}")
    if champion is not None and ours < champion[METRIC] * (1 - TOLERANCE):
        return Verdict(False, f"{METRIC} {ours:.4f} is below the champion's configuration {champion[METRIC]:.4f}")
    beside = "" if champion is None else f", champion's configuration {champion[METRIC]:.4f}"
    return Verdict(True, f"{METRIC} {ours:.4f} beats popularity {theirs:.4f}{beside}")

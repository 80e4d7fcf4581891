"""Whether a trained configuration may become the champion, with the reason in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

# So much worse on one list is the price of being better on another.
TOLERANCE = 0.01
LEAST_COMPLETENESS = 0.995
LEAST_OF_CHAMPIONS_COVERAGE = 0.8
WORST_COUNTRY, COUNTRY_CUSTOMERS = -0.10, 100


@dataclass(frozen=True)
class Comparison:
    """By how much the challenger's mean NDCG is above the champion's, relative to it (0.02: 2 %), with its 95 % interval."""

    difference: float
    low: float
    high: float
    customers: int


@dataclass(frozen=True)
class Guards:
    """Measured facts of the challenger's lists.

    coverage: share of the products shown to anybody. completeness: share of customers whose lists are full. ineligible_shown,
    bought_in_discover: places that must not be. buy_again_repeat_share: of what that list shows, bought before; None without such a list.
    worst_country: see `worst_country`.
    """

    coverage: float
    completeness: float
    ineligible_shown: int = 0
    bought_in_discover: int = 0
    champion_coverage: float | None = None
    buy_again_repeat_share: float | None = None
    worst_country: tuple[str, float] | None = None


@dataclass(frozen=True)
class GateDecision:
    """`keep`: the challenger is clearly not to be shown. `undecided`: nothing clear can be said, which keeps the champion too."""

    outcome: Literal["promote", "keep", "undecided"]
    reason: str

    @property
    def passed(self) -> bool:
        """Whether the model becomes the champion."""
        return self.outcome == "promote"


def decide(comparisons: Mapping[str, Comparison], guards: Guards, min_customers: int) -> GateDecision:
    """List → the challenger compared to the champion's configuration, both fitted before the same cut and judged on the same customers.

    Promoted if it is better on one list and on none more than 1 % worse, by the lower bounds.
    """
    if stopped := _stopped(comparisons, guards, min_customers):
        return stopped
    better, worse = _better(comparisons), _worse(comparisons)
    risky = [name for name, found in comparisons.items() if found.low < -TOLERANCE]
    if better and not risky:
        return GateDecision("promote", f"better than the champion on {_and(better)}, on no list more than 1 % worse: {_told(comparisons)}")
    if worse:
        return GateDecision("keep", f"worse than the champion on {_and(worse)}: {_told(comparisons)}")
    if better:
        return GateDecision(
            "undecided", f"better on {_and(better)}, but perhaps more than 1 % worse on {_and(risky)}: {_told(comparisons)}"
        )
    return GateDecision("undecided", f"no difference to the champion beyond chance: {_told(comparisons)}")


def decide_first(comparisons: Mapping[str, Comparison], guards: Guards, min_customers: int) -> GateDecision:
    """There is no champion yet: list → the challenger compared to popularity, which it must beat on each, by the lower bounds."""
    if stopped := _stopped(comparisons, guards, min_customers):
        return stopped
    worse, better = _worse(comparisons), _better(comparisons)
    if len(better) == len(comparisons):
        return GateDecision("promote", f"the first model, better than popularity: {_told(comparisons)}")
    if worse:
        return GateDecision("keep", f"worse than popularity on {_and(worse)}: {_told(comparisons)}")
    same = [name for name in comparisons if name not in better]
    return GateDecision("undecided", f"no difference to popularity beyond chance on {_and(same)}: {_told(comparisons)}")


def decide_refit(guards: Guards) -> GateDecision:
    """The champion's own configuration with newer data: there is nothing to compare."""
    if failed := failures(guards):
        return GateDecision("keep", "; ".join(failed))
    return GateDecision("promote", "the champion's configuration, fitted anew; the checks of its lists pass")


def failures(guards: Guards) -> list[str]:
    """What is wrong with the lists themselves, in words; none of it may be."""
    found = []
    if guards.completeness < LEAST_COMPLETENESS:
        found.append(f"only {_percent(guards.completeness)} of the customers have full lists, {_percent(LEAST_COMPLETENESS)} are needed")
    if guards.ineligible_shown:
        found.append(f"{guards.ineligible_shown} places show a product that cannot be sold")
    if guards.bought_in_discover:
        found.append(f"{guards.bought_in_discover} places of discover show a product that the customer has bought before")
    if guards.buy_again_repeat_share is not None and guards.buy_again_repeat_share < 1:
        found.append(f"only {_percent(guards.buy_again_repeat_share)} of what buy_again shows was bought before")
    if guards.champion_coverage is not None and guards.coverage < LEAST_OF_CHAMPIONS_COVERAGE * guards.champion_coverage:
        least = f"less than {_percent(LEAST_OF_CHAMPIONS_COVERAGE)} of the champion's {_percent(guards.champion_coverage)}"
        found.append(f"{_percent(guards.coverage)} of the products are shown to anybody, {least}")
    if guards.worst_country is not None and guards.worst_country[1] < WORST_COUNTRY:
        country, difference = guards.worst_country
        found.append(f"in {country} NDCG changes by {_change(difference)}, the limit is {_change(WORST_COUNTRY)}")
    return found


def worst_country(champion: Mapping[str, Mapping[str, float]], challenger: Mapping[str, Mapping[str, float]]) -> tuple[str, float] | None:
    """The country with the lowest relative difference of NDCG, among those with 100 judged customers; None without any.

    Both: country → `customers`, `ndcg` …, as metrics.by_group gives them.
    """
    changes = {
        country: challenger[country]["ndcg"] / theirs["ndcg"] - 1
        for country, theirs in champion.items()
        if theirs["customers"] >= COUNTRY_CUSTOMERS and theirs["ndcg"] > 0
    }
    return min(changes.items(), key=lambda change: (change[1], change[0]), default=None)


def compare(
    champion: Mapping[str, np.ndarray], challenger: Mapping[str, np.ndarray], seed: int, resamples: int = 2000
) -> dict[str, Comparison]:
    """List → Comparison of the customers' NDCG, an array for each list, the same customers in the same order on both sides.

    Paired percentile bootstrap (Efron, Tibshirani 1993; for rankings Sakai 2006): customers are drawn with replacement, each with
    both values. Nothing of the champion's is ever bought: infinitely better, or 0 where the challenger's is not either.
    """
    return {name: _compared(theirs, challenger[name], np.random.default_rng(seed), resamples) for name, theirs in champion.items()}


def _compared(champion: np.ndarray, challenger: np.ndarray, random: np.random.Generator, resamples: int) -> Comparison:
    theirs, ours = np.asarray(champion, dtype=np.float64), np.asarray(challenger, dtype=np.float64)
    assert theirs.shape == ours.shape, "both are judged on the same customers"
    n = len(theirs)
    if n == 0:
        return Comparison(0.0, -np.inf, np.inf, 0)
    gain = ours - theirs
    drawn = np.empty((resamples, 2))
    for sums in drawn:
        # One resample at a time needs no memory to speak of.
        customers = random.integers(0, n, n)
        sums[:] = gain[customers].sum(), theirs[customers].sum()
    relative = _relative(drawn[:, 0], drawn[:, 1])
    low, high = np.quantile(relative, 0.025, method="lower"), np.quantile(relative, 0.975, method="higher")
    return Comparison(float(_relative(gain.sum(), theirs.sum())), float(low), float(high), n)


def _relative(gain: np.ndarray, base: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain == 0, 0.0, gain / base)


def _stopped(comparisons: Mapping[str, Comparison], guards: Guards, min_customers: int) -> GateDecision | None:
    if failed := failures(guards):
        return GateDecision("keep", "; ".join(failed))
    if not comparisons:
        return GateDecision("undecided", "there is nothing to compare")
    for name, found in comparisons.items():
        if found.customers < min_customers:
            return GateDecision("undecided", f"only {found.customers} customers to judge {name} by, {min_customers} are needed")
    return None


def _better(comparisons: Mapping[str, Comparison]) -> list[str]:
    return [name for name, found in comparisons.items() if found.low > 0]


def _worse(comparisons: Mapping[str, Comparison]) -> list[str]:
    return [name for name, found in comparisons.items() if found.high < 0]


def _told(comparisons: Mapping[str, Comparison]) -> str:
    """buy_again NDCG +3.10 % (95 % interval +1.20 % to +5.00 %, 4321 customers); …"""
    parts = []
    for name, found in comparisons.items():
        interval = f"95 % interval {_change(found.low)} to {_change(found.high)}"
        parts.append(f"{name} NDCG {_change(found.difference)} ({interval}, {found.customers} customers)")
    return "; ".join(parts)


def _change(share: float) -> str:
    return f"{100 * share:+.2f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _and(names: list[str]) -> str:
    return " and ".join(names)

"""How the parts of a score are weighed: exponents learned from what customers chose, by the conditional logit.

The chance that the next product is j is exp(b·x_j) / Σ_i exp(b·x_i) over the products that the list could show (McFadden 1974,
"Conditional logit analysis of qualitative choice behavior"). Parts are logarithms, so b are exponents: ALS^b1 · neighbours^b2 …
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lakehouse.recommend.params import BlendParams as Parameters

BUY_AGAIN = ("weight", "order_count", "recency", "recent", "ever", "als", "neighbours")
DISCOVER = ("als", "neighbours", "recent", "ever")
MIXED = ("is_bought", "buy_again", "discover")
STEPS = 50


@dataclass(frozen=True)
class Blend:
    """Exponents in the order of the names above. `customers`: on how many each list was fitted; 0 where the prior stands.

    `forms`: which forms of `buy_again` and `mixed` the validation window chose; see forms.py.
    """

    buy_again: tuple[float, ...]
    discover: tuple[float, ...]
    mixed: tuple[float, ...]
    customers: tuple[int, int, int] = (0, 0, 0)
    forms: tuple[str, str] = ("shipped", "shipped")

    @staticmethod
    def of(params: Parameters) -> "Blend":
        """The values of the settings."""
        return Blend(
            tuple(params.buy_again[name] for name in BUY_AGAIN),
            tuple(params.discover[name] for name in DISCOVER),
            tuple(params.mixed[name] for name in MIXED),
        )

    def named(self) -> dict[str, float]:
        """`buy_again.weight` … for a tracking server."""
        parts = (("buy_again", BUY_AGAIN, self.buy_again), ("discover", DISCOVER, self.discover), ("mixed", MIXED, self.mixed))
        return {f"{name}.{part}": float(value) for name, parts_of, values in parts for part, value in zip(parts_of, values, strict=True)}

    @staticmethod
    def from_named(values: Mapping[str, float]) -> "Blend":
        """The other way round."""
        lists = ("buy_again", BUY_AGAIN), ("discover", DISCOVER), ("mixed", MIXED)
        again, new, both = (tuple(float(values[f"{name}.{part}"]) for part in parts) for name, parts in lists)
        return Blend(again, new, both)


@dataclass(frozen=True)
class Choices:
    """Products that a list could show to customers, one after the other: `parts` (products × parts), whether each `is_chosen`, and at
    which place each customer's products `begin`."""

    parts: np.ndarray
    is_chosen: np.ndarray
    begin: np.ndarray

    @staticmethod
    def joined(blocks: Sequence["Choices"]) -> "Choices":
        sizes = np.cumsum([0, *(len(block.parts) for block in blocks)])
        begin = [block.begin + size for block, size in zip(blocks, sizes[:-1], strict=True)]
        return Choices(
            np.concatenate([block.parts for block in blocks]),
            np.concatenate([block.is_chosen for block in blocks]),
            np.concatenate(begin),
        )

    def of_choosers(self) -> "Choices":
        """Customers who chose something, and left something."""
        sizes = np.diff([*self.begin, len(self.parts)])
        filled = sizes > 0
        begin, sizes = self.begin[filled], sizes[filled]
        chosen = np.add.reduceat(self.is_chosen.astype(np.int64), begin) if len(begin) else np.zeros(0, dtype=np.int64)
        use = (chosen > 0) & (chosen < sizes)
        rows = np.repeat(use, sizes)
        return Choices(self.parts[rows], self.is_chosen[rows], np.cumsum([0, *sizes[use]])[:-1].astype(np.int64))


def fitted(choices: Choices, prior: Sequence[float], prior_customers: float) -> tuple[tuple[float, ...], int]:
    """The exponents, and the number of customers behind them: Newton's method on the mean log-likelihood.

    Each customer counts once, however much was bought. The prior is a normal distribution around `prior`, as wide as the information
    of so many customers. Nobody chose: the prior.
    """
    chosen = choices.of_choosers()
    customers = len(chosen.begin)
    start = np.asarray(prior, dtype=np.float64)
    if customers == 0:
        return tuple(start), 0
    spread = chosen.parts.std(axis=0, dtype=np.float64)
    narrow = prior_customers * np.maximum(spread, 1e-3) ** 2
    problem = _Likelihood(chosen, start, narrow)
    exponents, value = start, problem.value(start)
    for _ in range(STEPS):
        gradient, information = problem.slopes(exponents)
        step = np.linalg.solve(information, gradient)
        while (better := problem.value(exponents + step)) < value and np.abs(step).max() > 1e-6:
            step = step / 2
        if better < value:
            break
        exponents, value = exponents + step, better
        if np.abs(step).max() < 1e-4:
            break
    return tuple(float(round(exponent, 6)) for exponent in exponents), customers


class _Likelihood:
    """Log-likelihood of the choices and the prior, its gradient and its information (minus the second derivative)."""

    def __init__(self, choices: Choices, prior: np.ndarray, narrow: np.ndarray) -> None:
        self._parts, self._begin, self._prior, self._narrow = choices.parts, choices.begin, prior, narrow
        sizes = np.diff([*choices.begin, len(choices.parts)])
        self._of = np.repeat(np.arange(len(sizes)), sizes)
        chosen = choices.is_chosen.astype(np.float64)
        self._share = chosen / np.add.reduceat(chosen, self._begin)[self._of]

    def value(self, exponents: np.ndarray) -> float:
        score, log_total, _ = self._chances(exponents)
        return float(self._share @ score - log_total.sum() - 0.5 * self._narrow @ (exponents - self._prior) ** 2)

    def slopes(self, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _, _, chance = self._chances(exponents)
        weighted = self._parts * chance[:, None]
        mean = np.add.reduceat(weighted, self._begin, axis=0)
        gradient = self._share @ self._parts - mean.sum(axis=0) - self._narrow * (exponents - self._prior)
        information = self._parts.T.astype(np.float64) @ weighted - mean.T @ mean + np.diag(self._narrow)
        return gradient, information

    def _chances(self, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        score = self._parts @ exponents
        highest = np.maximum.reduceat(score, self._begin)
        chance = np.exp(score - highest[self._of])
        total = np.add.reduceat(chance, self._begin)
        return score, np.log(total) + highest, chance / total[self._of]

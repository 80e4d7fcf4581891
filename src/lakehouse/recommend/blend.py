"""How the parts of a score are weighed: exponents learned from what customers chose, by the conditional logit.

The chance that the next product is j is exp(b·x_j) / Σ_i exp(b·x_i) over the products that the list could show (McFadden 1974,
"Conditional logit analysis of qualitative choice behavior"). Parts are logarithms, so b are exponents: ALS^b1 · neighbours^b2 …
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lakehouse.recommend.params import BlendParams as Parameters

BUY_AGAIN = ("weight", "order_count", "recency", "recent", "ever", "als", "neighbours")
DISCOVER = ("als", "neighbours", "recent", "ever")
MIXED = ("is_bought", "buy_again", "discover")
STEPS = 50
# Products looked at together while fitting: their parts and what is computed of them are about a megabyte.
IN_CACHE = 16384


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
        """The choices of several blocks of customers as one."""
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
        if use.all():
            return Choices(self.parts, self.is_chosen, begin)
        rows = np.repeat(use, sizes)
        return Choices(self.parts[rows], self.is_chosen[rows], np.cumsum([0, *sizes[use]])[:-1].astype(np.int64))


def fitted(blocks: Sequence[Choices], prior: Sequence[float], prior_customers: float) -> tuple[tuple[float, ...], int]:
    """The exponents, and the number of customers of all blocks behind them: Newton's method on the mean log-likelihood.

    Each customer counts once, however much was bought. The prior is a normal distribution around `prior`, as wide as the information
    of so many customers. Nobody chose: the prior.
    """
    chosen = [block for some in blocks if len((block := some.of_choosers()).begin)]
    customers = sum(len(block.begin) for block in chosen)
    start = np.asarray(prior, dtype=np.float64)
    if customers == 0:
        return tuple(start), 0
    narrow = prior_customers * np.maximum(_variance(chosen), 1e-6)
    problem = _Likelihood(chosen, start, narrow)
    exponents, here = start, problem.at(start)
    for _ in range(STEPS):
        step = np.linalg.solve(here.information, here.gradient)
        while (there := problem.at(exponents + step)).value < here.value and np.abs(step).max() > 1e-6:
            step = step / 2
        if there.value < here.value:
            break
        exponents, here = exponents + step, there
        if np.abs(step).max() < 1e-4:
            break
    return tuple(float(round(exponent, 6)) for exponent in exponents), customers


def _variance(blocks: Sequence[Choices]) -> np.ndarray:
    """Of each part over all products."""
    n = sum(len(block.parts) for block in blocks)
    mean = sum(block.parts.sum(axis=0, dtype=np.float64) for block in blocks) / n
    return np.asarray(sum((np.square(block.parts - mean)).sum(axis=0) for block in blocks) / n)


class _Slopes(NamedTuple):
    """The log-likelihood, its gradient and its information (minus the second derivative)."""

    value: float
    gradient: np.ndarray
    information: np.ndarray


class _Likelihood:
    """Log-likelihood of the choices and the prior."""

    def __init__(self, blocks: Sequence[Choices], prior: np.ndarray, narrow: np.ndarray) -> None:
        self._prior, self._narrow = prior, narrow
        self._some = [some for block in blocks for some in _in_cache(block)]

    def at(self, exponents: np.ndarray) -> _Slopes:
        """One pass over the products, a few customers at a time: what is computed of each product never leaves the processor's cache."""
        off = exponents - self._prior
        value, gradient, information = -0.5 * self._narrow @ off**2, -self._narrow * off, np.diag(self._narrow)
        for raw, share, begin, sizes in self._some:
            parts = raw.T.astype(np.float64, order="C")
            score = exponents @ parts
            highest = np.maximum.reduceat(score, begin)
            chance = np.exp(score - np.repeat(highest, sizes))
            total = np.add.reduceat(chance, begin)
            chance /= np.repeat(total, sizes)
            weighted = parts * chance
            mean = np.add.reduceat(weighted, begin, axis=1)
            value += share @ score - (np.log(total) + highest).sum()
            gradient = gradient + parts @ share - mean.sum(axis=1)
            information = information + weighted @ parts.T - mean @ mean.T
        return _Slopes(float(value), gradient, information)


def _in_cache(choices: Choices) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Of a few customers at a time: the parts of their products, each product's share of what the customer chose, where each customer's
    products begin, and how many they are."""
    sizes = np.diff([*choices.begin, len(choices.parts)])
    first = np.flatnonzero(np.diff(choices.begin // IN_CACHE, prepend=-1))
    for start, end in zip(first, [*first[1:], len(sizes)], strict=True):
        begin, mine = choices.begin[start:end] - choices.begin[start], sizes[start:end]
        rows = slice(choices.begin[start], choices.begin[start] + mine.sum())
        chosen = choices.is_chosen[rows].astype(np.float64)
        yield choices.parts[rows], chosen / np.repeat(np.add.reduceat(chosen, begin), mine), begin, mine

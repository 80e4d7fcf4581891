"""Fills the places of lists one after the other, for many customers at once. Candidates come best first, and one that would break a cap is
passed over."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lakehouse.recommend.rules.shop_rules import Capped

NOBODY = -1


class Candidates(NamedTuple):
    """Arrays of customers × candidates, best candidate first. `column`: number of the product. `score`: -inf means no candidate. `source`:
    where the candidate comes from. `rule`: the rule that moved it up, or -1."""

    column: np.ndarray
    score: np.ndarray
    source: np.ndarray
    rule: np.ndarray

    def counts(self) -> np.ndarray:
        """Number of candidates of each customer."""
        return np.asarray((self.score > -np.inf).sum(axis=1))

    def known(self) -> np.ndarray:
        """`column`, with NOBODY where there is no candidate."""
        return np.where(self.score > -np.inf, self.column, NOBODY)

    def without(self, columns: np.ndarray) -> "Candidates":
        """The candidates without the products that `columns` (customers × products) names for the same customer."""
        is_among = (self.column[:, :, None] == columns[:, None, :]).any(axis=2)
        return self._replace(score=np.where(is_among, -np.inf, self.score))


class Walk:
    """The lists of `b` customers while they are filled, at most `n` places each. The result equals that of a loop over single customers."""

    def __init__(self, b: int, n: int, caps: Sequence[tuple[Capped, np.ndarray]]) -> None:
        """`caps`: each cap, and for each customer whether it holds."""
        self.size = np.zeros(b, dtype=np.int64)
        self.column = np.full((b, n), NOBODY, dtype=np.int64)
        self.score = np.full((b, n), -np.inf)
        self.source, self.rule = np.zeros((b, n), dtype=np.int64), np.full((b, n), NOBODY, dtype=np.int64)
        # Candidates that were passed over: numbers of customers, of products, and of the cap.
        self.refused: list[tuple[np.ndarray, np.ndarray, int]] = []
        self._caps = [(cap, holds, np.zeros((b, cap.other + 1), dtype=np.int64)) for cap, holds in caps]

    def take(self, candidates: Candidates, limit: np.ndarray) -> None:
        """Add candidates until each customer has `limit` places or has no candidate left. No list has a product twice."""
        for p in range(candidates.column.shape[1]):
            column = candidates.column[:, p]
            wants = (candidates.score[:, p] > -np.inf) & (self.size < limit)
            if not wants.any():
                if (self.size >= limit).all():
                    return
                continue
            wants &= ~(self.column == column[:, None]).any(axis=1)
            for cap, holds, counts in self._caps:
                full = wants & holds & (np.take_along_axis(counts, cap.groups[column], axis=1) >= cap.places).any(axis=1)
                if full.any():
                    self.refused.append((np.flatnonzero(full), column[full], cap.number))
                    wants &= ~full
            row = np.flatnonzero(wants)
            at = self.size[row]
            self.column[row, at], self.score[row, at] = column[row], candidates.score[row, p]
            self.source[row, at], self.rule[row, at] = candidates.source[row, p], candidates.rule[row, p]
            for cap, _, counts in self._caps:
                counts[row[:, None], cap.groups[column[row]]] += 1
                counts[:, cap.other] = 0
            self.size[row] += 1

    def arrange(self, wanted: np.ndarray) -> None:
        """Move the first entries of each list to the places in `wanted` (customers × entries; -1: none). The others keep their order."""
        order = np.tile(np.arange(self.column.shape[1]), (len(self.size), 1))
        for row in np.flatnonzero((wanted >= 0).any(axis=1)):
            size = int(self.size[row])
            order[row, :size] = arrangement(tuple(wanted[row][wanted[row] >= 0].tolist()), size)
        self.column, self.score, self.source, self.rule = (
            np.take_along_axis(values, order, axis=1) for values in (self.column, self.score, self.source, self.rule)
        )


@cache
def arrangement(wanted: tuple[int, ...], size: int) -> tuple[int, ...]:
    """For each place the number of the entry that gets it. The first entries get the places that they want, or the next free ones."""
    places: dict[int, int] = {}
    for number, place in enumerate(wanted):
        while place in places:
            place += 1
        places[place] = number
    others = list(range(len(wanted), size))
    order: list[int] = []
    position = 0
    while len(order) < size:
        if position in places:
            order.append(places.pop(position))
        elif others:
            order.append(others.pop(0))
        else:
            position = min(places)
            continue
        position += 1
    return tuple(order)


def pinned_places(share: float, n: int) -> list[int]:
    """Places, from 0, such that of the first k places the share of k, rounded up, is among them, for every k up to n."""
    return [place for place in range(n) if _up(share * (place + 1)) > _up(share * place)]


def _up(number: float) -> int:
    """Rounded up, with a tolerance for rounding errors of floats."""
    return int(np.ceil(number - 1e-9))

"""Places are given one after the other, best candidate first, for many customers at once; who would break a cap is passed over."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lakehouse.recommend.rules.shop_rules import Capped

NOBODY = -1


class Candidates(NamedTuple):
    """Customers × candidates, in the order in which they are asked: the product's column, its score (-inf: none), where it comes from, and
    the rule that brought it forward (-1: none)."""

    column: np.ndarray
    score: np.ndarray
    source: np.ndarray
    rule: np.ndarray

    def counts(self) -> np.ndarray:
        """Of each customer."""
        return np.asarray((self.score > -np.inf).sum(axis=1))

    def known(self) -> np.ndarray:
        """The columns, NOBODY where there is none."""
        return np.where(self.score > -np.inf, self.column, NOBODY)

    def without(self, columns: np.ndarray) -> "Candidates":
        """Those that are not among these columns of the same customer."""
        is_among = (self.column[:, :, None] == columns[:, None, :]).any(axis=2)
        return self._replace(score=np.where(is_among, -np.inf, self.score))


class Walk:
    """The places that `b` customers have until now, at most `n` each. Exact: what is taken depends on what was asked before alone."""

    def __init__(self, b: int, n: int, caps: Sequence[tuple[Capped, np.ndarray]]) -> None:
        """`caps`: each with whether it holds for each customer."""
        self.size = np.zeros(b, dtype=np.int64)
        self.column = np.full((b, n), NOBODY, dtype=np.int64)
        self.score = np.full((b, n), -np.inf)
        self.source, self.rule = np.zeros((b, n), dtype=np.int64), np.full((b, n), NOBODY, dtype=np.int64)
        # Of customer, product and cap: who was passed over.
        self.refused: list[tuple[np.ndarray, np.ndarray, int]] = []
        self._caps = [(cap, holds, np.zeros((b, cap.other + 1), dtype=np.int64)) for cap, holds in caps]

    def take(self, candidates: Candidates, limit: np.ndarray) -> None:
        """Go on until each customer has `limit` places or there is no candidate left. Nobody has a product twice."""
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
        """Put the first places where they are `wanted` (customers × places, -1: none); the others follow in their order."""
        order = np.tile(np.arange(self.column.shape[1]), (len(self.size), 1))
        for row in np.flatnonzero((wanted >= 0).any(axis=1)):
            size = int(self.size[row])
            order[row, :size] = arrangement(tuple(wanted[row][wanted[row] >= 0].tolist()), size)
        self.column, self.score, self.source, self.rule = (
            np.take_along_axis(values, order, axis=1) for values in (self.column, self.score, self.source, self.rule)
        )


@cache
def arrangement(wanted: tuple[int, ...], size: int) -> tuple[int, ...]:
    """For each place the number of the one that gets it: the first ones the places that they want, or the next free one."""
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
    """Rounded up; what a float adds to a whole number does not count."""
    return int(np.ceil(number - 1e-9))

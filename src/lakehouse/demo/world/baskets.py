"""Who buys what on which day: people re-buy what they know when it is due and find new things by taste. Pure, in arrays.

A person's `shelf` holds products in the order in which taste and popularity would make them discovered: perturbing the scores with
Gumbel noise and sorting draws without replacement from their softmax. A visit takes what is due from the known part of the shelf and
the next ones from the unknown part. Everything is drawn for the whole horizon, so the days before do not depend on where one stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.world.assortment import Assortment
from lakehouse.demo.world.people import People

SHELF_SIZE = 150
PEOPLE_AT_ONCE = 4096
REPEAT_APPETITE = 0.75
_HOUR_SHARES = np.array([6, 3, 2, 1, 1, 2, 8, 20, 35, 45, 50, 48, 45, 42, 40, 42, 48, 60, 75, 90, 95, 80, 45, 18], dtype=float)


@dataclass(frozen=True)
class Baskets:
    """Orders sorted by time; the lines of order i are those from `first_line[i]` until before `first_line[i + 1]`. Times are local."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    second: NDArray[np.int64]
    first_line: NDArray[np.int64]
    line_product: NDArray[np.int64]
    line_is_reorder: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)


def make_baskets(people: People, catalogue: Assortment, horizon: int, seed: int) -> Baskets:
    """All baskets of days 0 to `horizon` - 1."""
    starts = range(0, len(people), PEOPLE_AT_ONCE)
    parts = [_of_some(people, catalogue, np.arange(start, min(start + PEOPLE_AT_ONCE, len(people))), horizon, seed) for start in starts]
    person, day, lines, product, is_reorder = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    rng = np.random.default_rng([seed, 4])
    second = rng.choice(24, len(person), p=_HOUR_SHARES / _HOUR_SHARES.sum()) * 3600 + rng.integers(0, 3600, len(person))
    order = np.lexsort((person, second, day))
    ends = np.cumsum(lines)
    from_line = np.repeat((ends - lines)[order], lines[order])
    first_line = np.concatenate([[0], np.cumsum(lines[order])])
    position = from_line + np.arange(len(from_line)) - np.repeat(first_line[:-1], lines[order])
    return Baskets(person[order], day[order], second[order], first_line, product[position], is_reorder[position])


def _of_some(people: People, catalogue: Assortment, who: NDArray[np.int64], horizon: int, seed: int) -> tuple[NDArray[Any], ...]:
    """Person, day and size of each order, product and re-order flag of each line, of a block of people."""
    rng = np.random.default_rng([seed, 3, int(who[0])])
    shelf = _shelves(people, catalogue, who, rng)
    visits = _visit_days(people, who, horizon, rng)
    last_day = np.full(shelf.shape, -np.inf, np.float32)
    parts: list[tuple[NDArray[Any], ...]] = [(who[:0], who[:0], who[:0], shelf[:0, 0], np.zeros(0, bool))]
    for visit in range(visits.shape[1]):
        rows = np.flatnonzero(visits[:, visit] < horizon)
        if not len(rows):
            break
        day = visits[rows, visit]
        chosen, known = _choose(catalogue, shelf[rows], last_day[rows], day, people.basket_mean[who[rows]], rng)
        row, slot = np.nonzero(chosen)
        last_day[rows[row], slot] = day[row]
        sizes = chosen.sum(axis=1)
        bought = sizes > 0
        parts.append((who[rows][bought], day[bought], sizes[bought], shelf[rows[row], slot], known[row, slot]))
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _shelves(people: People, catalogue: Assortment, who: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    scores = people.taste[who] @ catalogue.factors.T + np.log(catalogue.popularity) + rng.gumbel(size=(len(who), len(catalogue)))
    size = min(SHELF_SIZE, len(catalogue))
    top = np.argpartition(-scores, size - 1, axis=1)[:, :size]
    return np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1), axis=1).astype(np.int64)


def _visit_days(people: People, who: NDArray[np.int64], horizon: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """One row per person, days ascending; a regular customer's first visit is somewhere in its rhythm."""
    visits = max(2, int(horizon / 6 * 1.5))
    gaps = people.gap_days[who, None] * rng.gamma(4, 1 / 4, (len(who), visits)) + 0.2
    is_new = people.joined_day[who] > 0
    gaps[:, 0] = people.joined_day[who] + np.where(is_new, rng.exponential(1.0, len(who)), people.gap_days[who] * rng.random(len(who)))
    return np.cumsum(gaps, axis=1).astype(np.int64)


def _choose(
    catalogue: Assortment, shelf: NDArray[Any], last_day: NDArray[Any], day: NDArray[Any], mean: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which slots of the shelf go into the basket, and which were known before."""
    wanted = 1 + rng.poisson(np.maximum(mean - 1, 0.1) * rng.gamma(3, 1 / 3, len(mean)))
    known = np.isfinite(last_day)
    on_sale = (catalogue.launch_day[shelf] <= day[:, None]) & (catalogue.gone_day[shelf] > day[:, None])
    repeats = np.minimum(rng.binomial(wanted, REPEAT_APPETITE), (known & on_sale).sum(axis=1))
    since = np.where(known, day[:, None] - last_day, 1)
    due = np.minimum(np.log((since + 0.5) / catalogue.rhythm_days[shelf]), 0.7) + 0.4 * rng.gumbel(size=shelf.shape)
    place = np.argsort(np.argsort(-np.where(known & on_sale, due, -np.inf), axis=1), axis=1)
    fresh = on_sale & ~known
    is_next = fresh & (np.cumsum(fresh, axis=1) <= (wanted - repeats)[:, None])
    return (known & on_sale & (place < repeats[:, None])) | is_next, known

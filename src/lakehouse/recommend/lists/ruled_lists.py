"""Lists by the rules of the shop: what is hidden is left out, then pins, then the best that no cap forbids, with bounded boosts.

docs/rules.md says it for people. Exact: a list is what it would be if all products were looked at one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lakehouse.recommend.lists.ranked_items import NEVER, Places, among, best, rank
from lakehouse.recommend.lists.walk import NOBODY, Candidates, Walk, pinned_places
from lakehouse.recommend.rules.shop_rules import Pinned, ShopRules, of_list

# So many times the length of a list are looked at first, and so many times more of customers whose list is not full then.
DEPTH, DEEPER = 3, 4


class Bought(NamedTuple):
    """What customers bought before: `places` in the order of their columns, with their scores on this list."""

    places: Places


@dataclass(frozen=True)
class Fresh:
    """Customers × products: what they did not buy, NEVER for all else. Its score on this list is `scale` times as large. `source`: by
    customer. `found`: the best columns by their number, so that two lists look for them once."""

    scores: np.ndarray
    scale: float
    source: np.ndarray
    found: dict[int, np.ndarray] = field(default_factory=dict)

    def best(self, depth: int) -> np.ndarray:
        """Columns of the best of all customers."""
        if depth not in self.found:
            self.found[depth] = best(self.scores, depth)
        return self.found[depth]


@dataclass(frozen=True)
class Ruled:
    """`rule`: of each place the number of the rule that put it there, else -1. `removed`: of each place that the list would have without
    rules and that one took away, the customer's row, the product's column and the number of the rule."""

    places: Places
    rule: np.ndarray
    removed: tuple[np.ndarray, np.ndarray, np.ndarray]

    @staticmethod
    def none(places: Places) -> "Ruled":
        """A list that no rule was asked about."""
        nothing = np.zeros(0, dtype=np.int64)
        return Ruled(places, np.full(len(places.row), NOBODY), (nothing, nothing, nothing))


def ruled(
    name: str,
    parts: Sequence[Bought | Fresh],
    plain: Places,
    countries: np.ndarray,
    rules: ShopRules,
    n: int,
    arriving: Places | None = None,
) -> Ruled:
    """The list `name` of all customers, n places at most. `plain`: as it is without rules. `countries`: of the customers, empty if unknown.

    `arriving`: what the last places are for, as far as caps let it, and nothing that is hidden.
    """
    last = Places.none() if arriving is None else arriving
    asked = _List(name, parts, countries, rules, n, _dense(last, len(countries)))
    rows, depth, done = np.arange(len(countries)), DEPTH * n, []
    while len(rows):
        walk = asked.walked(rows, depth)
        is_done = (walk.size >= n) | asked.has_looked_at_all(depth)
        done.append((rows, walk, is_done))
        rows, depth = rows[~is_done], depth * DEEPER
    places, rule = _flat(done)
    rule = np.where(_is_better(places, plain, len(rules.products)) | (rule == NOBODY), rule, NOBODY)
    return Ruled(places, rule, _removed(name, rules, countries, plain, places, done))


class _List:
    def __init__(
        self, name: str, parts: Sequence[Bought | Fresh], countries: np.ndarray, rules: ShopRules, n: int, last: Candidates
    ) -> None:
        self._name, self._countries, self._rules, self._n, self._last = name, countries, rules, n, last
        self._bought = [_dense(part.places, len(countries)) for part in parts if isinstance(part, Bought)]
        self._fresh = [part for part in parts if isinstance(part, Fresh)]
        self._bonus = rules.bonus(name, countries)

    def has_looked_at_all(self, depth: int, pin: Pinned | None = None) -> bool:
        return not self._fresh or depth >= (len(self._rules.products) if pin is None else int(np.count_nonzero(pin.products)))

    def walked(self, rows: np.ndarray, depth: int) -> Walk:
        """The places of these customers, if no more than the best `depth` of what is new to them are looked at."""
        n, caps = self._n, [(cap, cap.is_for(self._countries[rows])) for cap in of_list(self._rules.capped, self._name)]
        walk = Walk(len(rows), n, caps)
        wanted = np.full((len(rows), n), -1)
        for pin in of_list(self._rules.pinned, self._name):
            self._pin(walk, wanted, pin, rows)
        best_ones, last = self._candidates(rows, depth), Candidates(*(values[rows] for values in self._last))
        walk.take(best_ones, n - last.counts())
        if last.counts().any():
            # What is new and stands on the list anyway needs no last place.
            last = last.without(walk.column)
            walk.take(best_ones.without(last.known()), n - last.counts())
            walk.take(last, np.full(len(rows), n))
            walk.take(best_ones, np.full(len(rows), n))
        walk.arrange(wanted)
        return walk

    def _pin(self, walk: Walk, wanted: np.ndarray, pin: Pinned, rows: np.ndarray) -> None:
        places, before = pinned_places(pin.share, self._n), walk.size.copy()
        limit = np.minimum(before + len(places) * pin.is_for(self._countries[rows]), self._n)
        for depth in (DEPTH * self._n, len(self._rules.products)):
            found = self._candidates(rows, depth, pin)
            walk.take(found._replace(rule=np.full_like(found.rule, pin.number)), limit)
            if (walk.size >= limit).all() or self.has_looked_at_all(depth, pin):
                break
        for row in np.flatnonzero(walk.size > before):
            wanted[row, before[row] : walk.size[row]] = places[: walk.size[row] - before[row]]

    def _candidates(self, rows: np.ndarray, depth: int, pin: Pinned | None = None) -> Candidates:
        """Best first. Those that a rule hides have no score. Boosts move nothing that is pinned."""
        bonus = None if pin is not None else self._bonus
        found = [self._of_bought(part, rows, pin) for part in self._bought]
        found += [self._of_fresh(part, rows, depth, bonus, pin) for part in self._fresh]
        column, score, source = (np.concatenate(values, axis=1) for values in zip(*found, strict=True))
        row = np.broadcast_to(rows[:, None], column.shape)
        lifted, number = score, np.full(column.shape, NOBODY)
        if bonus is not None:
            kind, added, by = bonus
            lifted, number = score + added[kind[row], column], by[kind[row], column]
        left_out = self._rules.hiding(self._name, self._countries, row, column) >= 0
        if not self.has_looked_at_all(depth, pin):
            # What is worse than the last one of those that are new would stand behind others that were not looked at.
            left_out |= lifted < lifted[:, -1:]
        lifted, score = np.where(left_out, -np.inf, lifted), np.where(left_out, -np.inf, score)
        order = np.argsort(-lifted, axis=1, kind="stable")
        column, score, source, number = (np.take_along_axis(values, order, axis=1) for values in (column, score, source, number))
        return Candidates(column, score, source, np.where(_passes(score), number, NOBODY))

    def _of_bought(self, part: Candidates, rows: np.ndarray, pin: Pinned | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        column, score = part.column[rows], part.score[rows]
        return column, score if pin is None else np.where(pin.products[column], score, -np.inf), part.source[rows]

    def _of_fresh(
        self,
        part: Fresh,
        rows: np.ndarray,
        depth: int,
        bonus: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
        pin: Pinned | None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        is_of_all = len(rows) == len(part.scores)
        scores = part.scores if is_of_all else part.scores[rows]
        if pin is not None:
            meant = np.flatnonzero(pin.products)
            column = meant[best(scores[:, meant], depth)]
        elif bonus is not None:
            column = best(np.where(scores > NEVER, part.scale * scores + bonus[1][bonus[0][rows]], NEVER), depth)
        else:
            column = part.best(depth) if is_of_all else best(scores, depth)
        score = np.take_along_axis(scores, column, axis=1).astype(np.float64)
        score = np.where(score > NEVER, part.scale * score, -np.inf)
        return column, score, np.broadcast_to(part.source[rows][:, None], column.shape)


def _dense(places: Places, b: int) -> Candidates:
    """One row per customer; what fills up has no score."""
    position = rank(places.row)
    shape = (b, int(position.max(initial=-1)) + 1)
    column, source = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    score = np.full(shape, -np.inf)
    column[places.row, position], score[places.row, position] = places.column, places.score
    source[places.row, position] = places.source
    return Candidates(column, score, source, np.full(shape, NOBODY))


def _passes(score: np.ndarray) -> np.ndarray:
    """Whether a candidate stands before one with a better score."""
    after = np.maximum.accumulate(score[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([after[:, 1:] > score[:, :-1], np.zeros((len(score), min(score.shape[1], 1)), dtype=bool)], axis=1)


def _flat(done: list[tuple[np.ndarray, Walk, np.ndarray]]) -> tuple[Places, np.ndarray]:
    parts = []
    for rows, walk, is_done in done:
        there = (np.arange(walk.column.shape[1]) < walk.size[:, None]) & is_done[:, None]
        row = np.broadcast_to(rows[:, None], there.shape)[there]
        parts.append((row, walk.column[there], walk.score[there], walk.source[there], walk.rule[there]))
    row, column, score, source, rule = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    return Places(row[order], column[order], score[order], source[order]), rule[order]


def _is_better(places: Places, plain: Places, width: int) -> np.ndarray:
    """Whether each place is better than the one that its product has without rules, if it has one."""
    key, of_plain = places.row * width + places.column, plain.row * width + plain.column
    order = np.argsort(of_plain)
    at = np.searchsorted(of_plain[order], key).clip(max=max(len(order) - 1, 0))
    if not len(order):
        return np.ones(len(key), dtype=bool)
    before = np.where(of_plain[order][at] == key, rank(plain.row)[order][at], np.iinfo(np.int64).max)
    return np.asarray(rank(places.row) < before)


def _removed(
    name: str, rules: ShopRules, countries: np.ndarray, plain: Places, places: Places, done: list[tuple[np.ndarray, Walk, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gone = plain.at(~among(plain, places))
    number = rules.hiding(name, countries, gone.row, gone.column)
    for rows, walk, is_done in done:
        for row, column, rule in walk.refused:
            kept = is_done[row]
            refused = Places(rows[row[kept]], column[kept], np.zeros(kept.sum()), np.zeros(kept.sum()))
            number = np.where((number < 0) & among(gone, refused), rule, number)
    by_rule = number >= 0
    return gone.row[by_rule], gone.column[by_rule], number[by_rule]

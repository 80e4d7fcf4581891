"""recommend/lists: the arrays give what a plain loop over one customer's products gives, one after the other."""

from collections import Counter

import numpy as np
import pytest

from lakehouse.recommend.lists.ranked_items import NEVER, Places, best
from lakehouse.recommend.lists.ruled_lists import Bought, Fresh, Ruled, ruled
from lakehouse.recommend.lists.walk import arrangement, pinned_places
from lakehouse.recommend.rules.shop_rules import Boosted, Capped, Hidden, Pinned, ShopRules

N, CUSTOMERS, PRODUCTS = 6, 40, 150
ARRIVED = 7  # a new product
COUNTRIES = ("NL", "NO", "")


def test_pins_are_the_share_of_every_beginning_of_the_list_rounded_up() -> None:
    assert pinned_places(0.1, 20) == [0, 10]
    assert pinned_places(0.25, 8) == [0, 4]
    assert pinned_places(0.3, 10) == [0, 3, 6]
    assert pinned_places(1, 3) == [0, 1, 2]


def test_places_that_are_wanted_twice_or_lie_behind_the_end_go_to_the_next_or_the_last() -> None:
    assert arrangement((0, 4), 6) == (0, 2, 3, 4, 1, 5)
    assert arrangement((0, 0), 3) == (0, 1, 2)
    assert arrangement((0, 10), 4) == (0, 2, 3, 1)


def some_rules(chance: np.random.Generator) -> ShopRules:
    def few(share: float) -> np.ndarray:
        return chance.random(PRODUCTS) < share

    first = chance.integers(0, 8, PRODUCTS)
    # Half of the products are in a second category.
    groups = np.stack([first, np.where(few(0.5), (first + 3) % 8, 8)], axis=1).astype(np.int32)
    return ShopRules(
        tuple("abcdefg"),
        np.arange(PRODUCTS),
        (Hidden(0, ("NO",), (), few(0.5)), Hidden(1, (), ("discover",), few(0.2)), Hidden(2, (), (), few(0.02))),
        (Pinned(3, (), ("discover", "mixed"), few(0.05), 0.2), Pinned(4, ("NL",), (), few(0.4), 0.3)),
        (Capped(5, (), (), groups, 8, 1),),
        (Boosted(6, ("NL", "NO"), (), (few(0.3) * 0.7).astype(np.float32)),),
    )


def by_a_loop(rules: ShopRules, name: str, country: str, scores: dict[int, float], n: int, last: list[int]) -> list[int]:
    """One customer: `scores` by product in the order of ties."""

    def holds(rule: Hidden | Pinned | Capped | Boosted) -> bool:
        return (not rule.countries or country in rule.countries) and (not rule.lists or name in rule.lists)

    gone = {p for rule in rules.hidden if holds(rule) for p in np.flatnonzero(rule.products).tolist()}
    bonus = np.max([rule.bonus if holds(rule) else np.zeros(PRODUCTS) for rule in rules.boosted], axis=0)
    counts: Counter[tuple[int, int]] = Counter()
    taken: list[int] = []

    def take(order: list[int], limit: int) -> None:
        for product in order:
            groups = [(c, g) for c, cap in enumerate(rules.capped) if holds(cap) for g in cap.groups[product].tolist() if g != cap.other]
            full = any(counts[c, g] >= rules.capped[c].places for c, g in groups)
            if len(taken) < limit and product not in taken and product not in gone and not full:
                taken.append(product)
                counts.update(groups)

    wanted: list[int] = []
    for pin in filter(holds, rules.pinned):
        places, before = pinned_places(pin.share, n), len(taken)
        take(sorted((p for p in scores if pin.products[p]), key=lambda p: -scores[p]), min(before + len(places), n))
        wanted += places[: len(taken) - before]
    order = sorted(scores, key=lambda p: -(np.float32(scores[p]) + np.float32(bonus[p])))
    take(order, n - len(last))
    last = [product for product in last if product not in taken]
    take([product for product in order if product not in last], n - len(last))
    take(last, n)
    take(order, n)
    return [taken[number] for number in arrangement(tuple(wanted), len(taken))]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["buy_again", "discover", "mixed"])
def test_lists_by_rules_are_those_of_a_plain_loop(seed: int, name: str) -> None:
    chance = np.random.default_rng(seed)
    rules = some_rules(chance)
    countries = chance.choice(COUNTRIES, CUSTOMERS)
    scores = chance.integers(-40, 0, (CUSTOMERS, PRODUCTS)).astype(np.float32) / 8  # with many ties
    is_bought = chance.random(scores.shape) < 0.1
    row, column = np.nonzero(is_bought)
    own = Places(row, column, scores[row, column].astype(np.float64), np.zeros(len(row), dtype=np.int64))
    fresh = np.where(is_bought, NEVER, scores)
    parts = [part for part in (Bought(own), Fresh(fresh, 1.0, np.ones(CUSTOMERS, dtype=np.int64))) if is_on(name, part)]
    arriving = Places.none()
    if name == "discover":
        may = [c for c in range(CUSTOMERS) if not is_bought[c, ARRIVED] and not hides(rules, name, countries[c], ARRIVED)]
        arriving = Places(np.asarray(may, dtype=np.int64), np.full(len(may), ARRIVED), np.full(len(may), 0.5), np.full(len(may), 2))

    found = ruled(name, parts, own.first(N), countries, rules, N, arriving)

    for c in range(CUSTOMERS):
        known = {p: float(scores[c, p]) for p in np.flatnonzero(is_bought[c]).tolist()} if name != "discover" else {}
        if name != "buy_again":
            known |= {p: float(scores[c, p]) for p in np.flatnonzero(~is_bought[c]).tolist()}
        last = arriving.column[arriving.row == c].tolist()
        assert found.places.column[found.places.row == c].tolist() == by_a_loop(rules, name, countries[c], known, N, last)


def is_on(name: str, part: Bought | Fresh) -> bool:
    return name == "mixed" or isinstance(part, Fresh) == (name == "discover")


def hides(rules: ShopRules, name: str, country: str, product: int) -> bool:
    return bool(rules.hiding(name, np.asarray([country]), np.zeros(1, dtype=np.int64), np.asarray([product]))[0] >= 0)


def one_list(rules: ShopRules, scores: list[float], n: int) -> Ruled:
    """A list of what is new to one customer of the Netherlands."""
    fresh = np.asarray([scores], dtype=np.float32)
    source = np.zeros(1, dtype=np.int64)
    plain = Places.of(fresh, best(fresh, n), source)
    return ruled("discover", [Fresh(fresh, 1.0, source)], plain, np.asarray(["NL"]), rules, n)


def of(*products: int) -> np.ndarray:
    return np.isin(np.arange(6), products)


def test_each_place_that_a_rule_took_is_counted_once_for_the_first_rule_that_did() -> None:
    groups = np.asarray([[1], [1], [0], [0], [0], [1]], dtype=np.int32)
    rules = ShopRules(
        ("hide", "again", "cap"),
        np.arange(6),
        (Hidden(0, ("NL",), (), of(0)), Hidden(1, (), (), of(0, 5)), Hidden(1, ("NO",), (), of(1))),
        capped=(Capped(2, (), (), groups, 1, 1),),
    )
    found = one_list(rules, [9, 8, 7, 6, 5, 4], 4)
    # Without rules: 0, 1, 2, 3. 0 is hidden; 3 and 4 are in the category of 2; 5 is hidden. So two places are left.
    assert found.places.column.tolist() == [1, 2]
    assert found.rule.tolist() == [-1, -1]
    assert sorted(zip(found.removed[1].tolist(), found.removed[2].tolist(), strict=True)) == [(0, 0), (3, 2)]


def test_a_place_is_moved_by_the_pin_or_boost_that_brought_its_product_up() -> None:
    rules = ShopRules(
        ("pin", "boost"),
        np.arange(6),
        pinned=(Pinned(0, (), (), of(5), 0.25),),
        boosted=(Boosted(1, (), (), np.asarray([0, 0, 2.5, 0.5, 0, 0], dtype=np.float32)),),
    )
    found = one_list(rules, [9, 8, 7, 6, 5, 4], 4)
    # 2 passes 0 and 1 (9.5); 3 passes nobody (6.5).
    assert found.places.column.tolist() == [5, 2, 0, 1]
    assert found.rule.tolist() == [0, 1, -1, -1]
    assert found.places.score.tolist() == [4, 7, 9, 8]
    assert found.removed[0].size == 0


def test_rules_that_mean_nothing_on_a_list_leave_it_as_it_is() -> None:
    rules = ShopRules(("no",), np.arange(6), (Hidden(0, ("NO",), (), of(0)), Hidden(0, (), ("mixed",), of(1))))
    found = one_list(rules, [1, 2, 3, 4, 4, 0], 3)
    assert found.places.column.tolist() == [3, 4, 2]
    assert found.removed[0].size == 0


def test_the_kth_best_of_a_boosted_list_has_its_share_of_the_kth_best_without_a_boost() -> None:
    chance, give_up = np.random.default_rng(3), 0.2
    scores = chance.normal(size=(30, PRODUCTS)).astype(np.float32)
    bonus = (chance.random(PRODUCTS) * -np.log1p(-give_up)).astype(np.float32)
    rules = ShopRules(("boost",), np.arange(PRODUCTS), boosted=(Boosted(0, (), (), bonus),))
    source = np.zeros(30, dtype=np.int64)
    plain = Places.of(scores, best(scores, N), source)
    found = ruled("discover", [Fresh(scores, 1.0, source)], plain, np.full(30, "NL"), rules, N).places
    ours = -np.sort(-found.score.reshape(30, N), axis=1)
    chances = np.exp(ours - plain.score.reshape(30, N))
    assert (found.column != plain.column).any()
    assert chances.min() >= 1 - give_up - 1e-6 and chances.max() <= 1

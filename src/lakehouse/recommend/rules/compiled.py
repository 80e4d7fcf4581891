"""From rules and the facts of a shop's products to arrays. Pure: `lakehouse rules test` goes the same way as a night."""

from collections.abc import Sequence

import numpy as np

from lakehouse.recommend.rules.rule_set import AnyRule, AtMost, Boost, Hide, Pin, Rules, StockCover
from lakehouse.recommend.rules.shop_facts import Pairs, ShopFacts, Tree
from lakehouse.recommend.rules.shop_rules import Boosted, Capped, Hidden, OnLists, Pinned, ShopRules


def compiled(rules: Rules, shop_code: str, facts: ShopFacts, tree: Tree) -> ShopRules:
    """The rules of lists that hold in the shop, over its products. Their numbers are their places among all rules."""
    found = [
        _compiled(number, rule, facts, tree)
        for number, rule in enumerate(rules.rules)
        if rule.shop in (None, shop_code) and not (isinstance(rule, Hide) and rule.channels)
    ]
    return ShopRules(
        tuple(rule.id for rule in rules.rules),
        facts.products,
        tuple(rule for rule in found if isinstance(rule, Hidden)),
        tuple(rule for rule in found if isinstance(rule, Pinned)),
        tuple(rule for rule in found if isinstance(rule, Capped)),
        tuple(rule for rule in found if isinstance(rule, Boosted)),
    )


def _compiled(number: int, rule: AnyRule, facts: ShopFacts, tree: Tree) -> OnLists:
    on = (number, rule.countries, rule.lists)
    meant = facts.meant(rule, tree)
    match rule:
        case Hide():
            return Hidden(*on, meant)
        case StockCover():
            return Hidden(*on, meant & (cover_days(facts) < rule.days))
        case Pin():
            return Pinned(*on, meant & facts.is_shown, rule.share)
        case AtMost():
            return _capped(number, rule, facts, tree, meant)
        case Boost():
            value = margins(facts, rule.tax_percent) if rule.by == "margin" else facts.number("discount_percent")
            return Boosted(*on, _bonus(np.where(meant & facts.is_shown, value, np.nan), rule.give_up))


def cover_days(facts: ShopFacts) -> np.ndarray:
    """For how many days what is available lasts. Endless where stock is not managed, and where there is some and none was sold lately."""
    stock, daily = facts.number("available"), np.nan_to_num(facts.number("daily_sales"))
    lasts = np.divide(stock, daily, out=np.full(len(stock), np.inf), where=daily > 0)
    return np.where(np.isnan(stock), np.inf, np.where(stock <= 0, 0.0, lasts))


def margins(facts: ShopFacts, tax_percent: float) -> np.ndarray:
    """(price without tax - purchase price) / price without tax; NaN where one of them is not known."""
    includes = np.nan_to_num(facts.number("price_includes_tax")) > 0
    price = facts.number("price") / np.where(includes, 1 + tax_percent / 100, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (price - facts.number("cost")) / price
    return np.where(np.isfinite(found), found, np.nan)


def _bonus(value: np.ndarray, give_up: float) -> np.ndarray:
    """Added to scores, which are logarithms of chances: -log(1 - give_up) for the largest value, in proportion for others, 0 for none.

    Two scores that change places then differ by that much at most, so the chance of what moves up is at least (1 - give_up) of the other's.
    """
    value = np.nan_to_num(value).clip(min=0)
    largest = value.max(initial=0.0)
    return (value / largest * -np.log1p(-give_up)).astype(np.float32) if largest > 0 else np.zeros(len(value), dtype=np.float32)


def _capped(number: int, rule: AtMost, facts: ShopFacts, tree: Tree, meant: np.ndarray) -> Capped:
    if rule.per == "brand":
        has = np.flatnonzero([brand is not None for brand in facts.brands.tolist()])
        place, value = has, facts.brands[has].astype(str)
    else:
        place, value = facts.categories
        if rule.categories:
            named = set[int]().union(*(tree.meant(category) for category in rule.categories))
            kept = np.isin(value, list(named))
            place, value = place[kept], value[kept]
    kept = meant[place]
    groups, other = _grouped((place[kept], value[kept]), len(facts.products))
    return Capped(number, rule.countries, rule.lists, groups, other, rule.places)


def _grouped(pairs: Pairs, count: int) -> tuple[np.ndarray, int]:
    """Products × k: the numbers of each product's groups, filled up with the number that stands for none, which is given too."""
    place, value = pairs
    names, group = np.unique(value, return_inverse=True)
    order = np.argsort(place, kind="stable")
    place, group = place[order], group[order]
    sizes = np.bincount(place, minlength=count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    groups = np.full((count, max(int(sizes.max(initial=0)), 1)), len(names), dtype=np.int32)
    groups[place, within] = group
    return groups, len(names)


def unknown_names(rules: Sequence[AnyRule], shops: Sequence[tuple[str, ShopFacts, Tree]]) -> list[str]:
    """What rules name and no product has, in words: a slip of the pen, or something that is not sold any more."""
    found = []
    for rule in rules:
        mine = [(facts, tree) for code, facts, tree in shops if rule.shop in (None, code)]
        if not mine:
            found.append(f"rule {rule.id} is for shop {rule.shop}, which has no products")
            continue
        each = [facts.each_meant(rule, tree) for facts, tree in mine]
        for of_one_thing in zip(*each, strict=True):
            if not any(products.any() for _, products in of_one_thing):
                found.append(f"rule {rule.id} names {of_one_thing[0][0]}, which no product has")
    return found

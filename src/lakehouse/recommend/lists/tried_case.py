"""What the rules of a file make of a golden case's list: by the code of the night, without Spark and without a lake."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lakehouse.recommend.lists.ranked_items import NEVER, Places, best
from lakehouse.recommend.lists.ruled_lists import Bought, Fresh, ruled
from lakehouse.recommend.rules.compiled import compiled
from lakehouse.recommend.rules.golden_case import Case, CaseProduct
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.recommend.rules.shop_facts import ShopFacts, Tree

ANY_SHOP = ""
NUMBERS = [name for name, field in CaseProduct.model_fields.items() if field.annotation == float | None]


def tried(case: Case, rules: Rules) -> list[int]:
    """The ids that the case's customer is shown, in their order."""
    held = _of_shop(rules if case.run_date is None else rules.on(case.run_date), case.shop)
    products = sorted(case.products, key=lambda product: product.id)
    tree = _tree(case)
    facts = _facts(products, tree)
    of_shop = compiled(held, ANY_SHOP, facts, tree)
    countries = np.asarray([case.country or ""])
    parts, plain = _parts(case, products)
    shown = ruled(case.list_name, parts, plain, countries, of_shop, case.length).places.column
    if case.channel is not None:
        hidden = [rule for rule in held.of_channel(case.channel).rules if _is_for(case, rule.countries, rule.lists)]
        shown = shown[~np.logical_or.reduce([np.zeros(len(products), dtype=bool), *(facts.meant(rule, tree) for rule in hidden)])[shown]]
    return [int(number) for number in facts.products[shown]]


def _of_shop(rules: Rules, shop: str | None) -> Rules:
    """Those that hold in the shop, and do not ask for it any more."""
    return Rules(tuple(rule.model_copy(update={"shop": None}) for rule in rules.rules if shop is None or rule.shop in (None, shop)))


def _is_for(case: Case, countries: Sequence[str], lists: Sequence[str]) -> bool:
    return (not countries or case.country in countries) and (not lists or case.list_name in lists)


def _tree(case: Case) -> Tree:
    """Categories with a name get numbers of their own, below zero."""
    named = {str(name) for product in case.products for name in product.categories if isinstance(name, str)}
    numbers = {name: -number for number, name in enumerate(sorted(named | {*case.below, *case.below.values()}), 1)}
    above = {number: numbers.get(case.below.get(name, "")) for name, number in numbers.items()}
    return Tree(above, {number: (name,) for name, number in numbers.items()})


def _facts(products: Sequence[CaseProduct], tree: Tree) -> ShopFacts:
    numbers = {own[0]: number for number, own in tree.names.items()}
    categories = [[numbers[name] if isinstance(name, str) else name for name in product.categories] for product in products]
    columns = {
        "product_id": pa.array([product.id for product in products], pa.int64()),
        "category_ids": pa.array(categories, pa.list_(pa.int64())),
        "tag_names": pa.array([list(product.tags) for product in products], pa.list_(pa.string())),
        "brand_name": pa.array([product.brand for product in products], pa.string()),
    }
    columns |= {name: pa.array([getattr(product, name) for product in products], pa.float64()) for name in NUMBERS}
    return ShopFacts.of(pa.table(columns))


def _parts(case: Case, products: Sequence[CaseProduct]) -> tuple[list[Bought | Fresh], Places]:
    """What the list is made of, and the list without rules. One customer."""
    own = np.flatnonzero([product.is_bought for product in products])
    score = np.asarray([product.score for product in products], dtype=np.float64)
    bought = Places(np.zeros(len(own), dtype=np.int64), own, score[own], np.zeros(len(own), dtype=np.int64))
    fresh = np.where([product.is_bought for product in products], NEVER, score.astype(np.float32))[None, :]
    source = np.ones(1, dtype=np.int64)
    new = Places.of(fresh, best(fresh, case.length), source)
    of_list: dict[str, tuple[list[Bought | Fresh], Places]] = {
        "buy_again": ([Bought(bought)], bought),
        "discover": ([Fresh(fresh, 1.0, source)], new),
        "mixed": ([Bought(bought), Fresh(fresh, 1.0, source)], Places.joined(bought, new)),
    }
    parts, plain = of_list[case.list_name]
    return parts, plain.first(case.length)

"""What may be shown to whom, and what rules do beside: the one answer for scoring, for the preview of a training and for its guards."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend.rules.compiled import compiled, unknown_names
from lakehouse.recommend.rules.golden_case import ListName
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.recommend.rules.shop_facts import ShopFacts, Tree
from lakehouse.recommend.rules.shop_rules import ShopRules

EVERY_LIST: tuple[ListName, ...] = ("buy_again", "discover", "mixed")
NOTHING = Tree({}, {})


@dataclass(frozen=True)
class Eligibility:
    """`facts`: of each shop's products. `rules`: of shops that have rules of lists. `unknown`: what rules name and no product has."""

    facts: Mapping[str, ShopFacts]
    rules: Mapping[str, ShopRules] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def hidden_in(self, code: str, product_id: int) -> list[str]:
        """`list:country` wherever a rule hides the product; `*` is every country."""
        of_shop = self.rules.get(code)
        if of_shop is None:
            return []
        at = of_shop.products.searchsorted(product_id)
        found = {
            f"{name}:{country}"
            for rule in of_shop.hidden
            if at < len(of_shop.products) and of_shop.products[at] == product_id and rule.products[at]
            for name in rule.lists or EVERY_LIST
            for country in rule.countries or (EVERYWHERE,)
        }
        return sorted(found)

    def frame(self, spark: SparkSession) -> DataFrame:
        """shop_code, product_id and `hidden_in` of all that may be picked for somebody."""
        rows = [
            (code, product, hidden)
            for code, facts in sorted(self.facts.items())
            for product in facts.products[facts.is_shown].tolist()
            if not {f"{name}:{EVERYWHERE}" for name in EVERY_LIST} <= set(hidden := self.hidden_in(code, product))
        ]
        return frame_from(spark, rows, "shop_code string, product_id bigint, hidden_in array<string>")


def eligibility(facts: DataFrame, categories: DataFrame, rules: Rules) -> Eligibility:
    """From `product_facts.facts` and silver.categories. One Spark job, two if a rule names a category by a name or has some below it."""
    shops = {code: ShopFacts.of(rows) for code, rows in _by_shop(facts.toArrow()).items()}
    if not rules.rules:
        return Eligibility(shops)
    trees = {}
    if any(rule.categories for rule in rules.rules):
        columns = ("shop_code", "category_id", "parent_category_id", "category_name", "slug")
        trees = {code: Tree.of(rows.to_pylist()) for code, rows in _by_shop(categories.select(*columns).toArrow()).items()}
    of_shops = {code: compiled(rules, code, known, trees.get(code, NOTHING)) for code, known in shops.items()}
    each = [(code, known, trees.get(code, NOTHING)) for code, known in sorted(shops.items())]
    return Eligibility(shops, of_shops, tuple(unknown_names(rules.rules, each)))


def is_hidden(list_name: str, country: str) -> Column:
    """Whether `hidden_in` has the list of a customer of the country. What is not in the frame is hidden too."""
    everywhere = F.lit(EVERYWHERE)
    where = F.array(*(F.concat_ws(":", F.col(list_name), place) for place in (F.coalesce(F.col(country), everywhere), everywhere)))
    return F.col("hidden_in").isNull() | F.arrays_overlap("hidden_in", where)


def _by_shop(rows: pa.Table) -> dict[str, pa.Table]:
    codes = sorted(pc.unique(rows.column("shop_code")).to_pylist())
    return {code: rows.filter(pc.equal(rows.column("shop_code"), code)).drop_columns("shop_code") for code in codes}

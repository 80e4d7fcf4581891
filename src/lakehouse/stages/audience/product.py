"""The product that an audience is looked for, as somebody types it, and where it may be shown."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from pyspark.sql import functions as F

from lakehouse.errors import ConfigError
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.recommend.rules.eligibility import Eligibility
from lakehouse.recommend.scorer import MIXED
from lakehouse.runs.stage import RunContext
from lakehouse.silver import product_codes, products
from lakehouse.silver.product_codes import SKU, sku_code

KEY = re.compile(r"([a-z_][a-z0-9_]*)[:-]([0-9]{1,18})")
HOW = "name it as shop:product_id, as the packs do (nl-123), or by an SKU that one product has"


@dataclass(frozen=True)
class Wanted:
    """`hidden_in`: the countries in which a rule of the shop keeps it from everybody."""

    shop_code: str
    product_id: int
    hidden_in: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """As packs write it."""
        return f"{self.shop_code}-{self.product_id}"


def find(run: RunContext, text: str, countries: Collection[str], shown: Eligibility) -> Wanted:
    """ConfigError (2) unless it is one product that may be picked for somebody, in one of `countries` if any are asked for."""
    shop_code, product_id = _named(run, text)
    of_product = run.read(products.TABLE).where((F.col("shop_code") == shop_code) & (F.col("product_id") == product_id))
    facts = of_product.select("is_sellable", "is_restricted").first()
    if facts is None:
        raise ConfigError(f"shop {shop_code} has no product {product_id}", "`lakehouse sql` over silver.products finds it by its name")
    if not facts["is_sellable"]:
        raise ConfigError(f"product {shop_code}-{product_id} can't be sold now", "silver.products says why: status, stock, price")
    if facts["is_restricted"]:
        raise ConfigError(
            f"product {shop_code}-{product_id} is of a restricted category and is picked for nobody",
            "restricted_categories of the settings",
        )
    hidden = [place.split(":") for place in shown.hidden_in(shop_code, product_id)]
    return _shown(Wanted(shop_code, product_id, tuple(country for name, country in hidden if name == MIXED)), countries)


def parse(text: str, shops: Collection[str]) -> tuple[str, int] | None:
    """Shop and product of `shop:product_id` or `shop-product_id`; None for what can only be an SKU."""
    found = KEY.fullmatch(text.strip())
    return (found[1], int(found[2])) if found and found[1] in shops else None


def _named(run: RunContext, text: str) -> tuple[str, int]:
    if key := parse(text, run.settings.sources):
        return key
    code, sku = F.upper(F.trim(F.lit(text))), sku_code(F.col("sku"))
    of_articles = run.read(product_codes.TABLE).where((F.col("code_type") == SKU) & (F.col("code") == code))
    # Databases of other kinds have no table of codes.
    of_products = run.read(products.TABLE).where(sku == code).select("shop_code", "product_id", F.lit(1).alias("product_count"))
    rows = of_articles.select("shop_code", "product_id", "product_count").union(of_products).collect()
    found = sorted({(row["shop_code"], row["product_id"]) for row in rows})
    if len(found) > 1 or any(row["product_count"] > 1 for row in rows):
        raise ConfigError(f"several products have this SKU: {', '.join(f'{shop}-{product}' for shop, product in found)}", HOW)
    if not found:
        raise ConfigError("there is no product of that name", HOW)
    return found[0]


def _shown(wanted: Wanted, countries: Collection[str]) -> Wanted:
    hidden = set(wanted.hidden_in)
    if EVERYWHERE in hidden or (countries and hidden.issuperset(countries)):
        where = "everywhere" if EVERYWHERE in hidden else f"in {', '.join(sorted(countries))}"
        raise ConfigError(f"a rule of the shop hides product {wanted.key} {where}", "conf/rules has them (docs/rules.md)")
    return wanted

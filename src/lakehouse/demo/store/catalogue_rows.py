"""The rows of the catalogue: posts of products, variations and images, their meta, categories, brands and visibility."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from lakehouse.demo.store.rows import Ids, Row, Value, meta_rows, post_row, slug_of
from lakehouse.demo.world.assortment import Assortment, Product
from lakehouse.demo.world.goods import Good
from lakehouse.demo.world.money import text
from lakehouse.demo.world.words import AISLES, BRANDS
from lakehouse.demo.world.world import Plan

_PARENTS = tuple(dict.fromkeys(aisle.parent for aisle in AISLES))
_SIZES = tuple(dict.fromkeys(size for aisle in AISLES for size in aisle.sizes))
# In the order of their ids. A term's id in its taxonomy differs from its own id by TAXONOMY_OFFSET, as in real shops.
TERMS: tuple[tuple[str, str, str], ...] = (
    ("category", "Uncategorized", ""),
    *(("product_type", name, "") for name in ("simple", "grouped", "variable", "external")),
    *(("product_visibility", name, "") for name in ("exclude-from-search", "exclude-from-catalog", "featured", "outofstock", "rated-5")),
    ("product_cat", "Uncategorised", ""),
    *(("product_cat", name, "") for name in _PARENTS),
    *(("product_cat", aisle.name, aisle.parent) for aisle in AISLES),
    *(("product_brand", brand, "") for brand in BRANDS),
    *(("pa_size", size, "") for size in _SIZES),
    *(("product_cat", name, "Household") for name in ("Baby", "Intimate care")),
)
TAXONOMY_OFFSET = 4
_TERM_IDS = {(taxonomy, name): number for number, (taxonomy, name, _) in enumerate(TERMS, start=1)}


def taxonomy_id(taxonomy: str, name: str) -> int:
    """The term_taxonomy_id of a term."""
    return _TERM_IDS[taxonomy, name] + TAXONOMY_OFFSET


def term_rows() -> Iterator[Row]:
    """Rows of `terms` and `term_taxonomy`, one of each for every term."""
    for number, (taxonomy, name, parent) in enumerate(TERMS, start=1):
        yield "terms", (number, name, slug_of(name), 0)
        yield "term_taxonomy", (number + TAXONOMY_OFFSET, number, taxonomy, "", _TERM_IDS.get((taxonomy, parent), 0), 0)


def catalogue_rows(catalogue: Assortment, goods: Mapping[int, Good], plan: Plan, ids: Ids) -> Iterator[Row]:
    """All products that have a row: force-deleted ones have none."""
    for number, good in goods.items():
        product = catalogue.products[number]
        if product.status != "deleted":
            launched = int(catalogue.launch_day[number])
            created = plan.instant(launched, 9 * 3600 + number) if launched else plan.instant(0) - timedelta(days=30, minutes=number)
            gone = int(catalogue.gone_day[number])
            yield from product_rows(product, good, created, plan.instant(gone, 36_000) if gone < plan.days else created, ids)


def product_rows(product: Product, good: Good, created: datetime, modified: datetime, ids: Ids) -> Iterator[Row]:
    """One product with its image, variations, meta and terms."""
    if good.image_id:
        file = f"{created:%Y/%m}/{slug_of(good.name)[:60].rstrip('%')}-{good.product_id}.webp"
        yield post_row(good.image_id, "attachment", good.name, created, "inherit", parent=good.product_id, mime="image/webp")
        yield from meta_rows(ids, "postmeta", good.image_id, {"_wp_attached_file": file})
    content = f"<p>{good.name} &ndash; fresh from our shelf.</p>"
    has_gmt = not (product.status == "draft" and good.product_id % 2 == 0)
    yield post_row(good.product_id, "product", good.name, created, product.status, modified=modified, content=content, has_gmt=has_gmt)
    yield from meta_rows(ids, "postmeta", good.product_id, _product_meta(product, good))
    if product.is_variable:
        prices = sorted({size.cents for size in good.sizes})
        yield from (("postmeta", (ids.take("postmeta"), good.product_id, "_price", text(cents, 2))) for cents in prices)
        for size in good.sizes:
            title, status = f"{good.name} - {size.name}", "trash" if product.status == "trash" else "publish"
            parent = good.product_id
            yield post_row(
                size.variation_id, "product_variation", title, created, status, modified=modified, parent=parent, excerpt=size.name
            )
            slug = size.name.replace(" ", "-").lower()
            meta = _price_meta(size.cents) | {"attribute_pa_size": slug, "_tax_class": "parent"} | _stock_meta(product.stock)
            yield from meta_rows(ids, "postmeta", size.variation_id, meta)
    for term in sorted(_terms(product, good)):
        yield "term_relationships", (good.product_id, term, 0)


def _product_meta(product: Product, good: Good) -> dict[str, Value]:
    meta: dict[str, Value] = {"_sku": product.sku} if product.sku is not None else {}
    if product.gtin:
        meta["_global_unique_id"] = product.gtin
    if good.image_id:
        meta["_thumbnail_id"] = str(good.image_id)
    if not product.is_variable:
        meta |= _price_meta(good.sizes[0].cents)
    tax_class = "" if AISLES[product.aisle].is_standard_rate else "reduced-rate"
    meta |= {"_tax_status": "taxable", "_tax_class": tax_class, "_weight": "0.5"}
    meta |= {"_wc_average_rating": "0", "_wc_review_count": "0", "total_sales": "0"}
    return meta | _stock_meta(product.stock)


def _price_meta(cents: int) -> dict[str, Value]:
    return {"_regular_price": text(cents, 2), "_price": text(cents, 2)}


def _stock_meta(stock: int | None) -> dict[str, Value]:
    if stock is None:
        return {"_manage_stock": "no", "_stock": None, "_stock_status": "instock", "_backorders": "no"}
    return {"_manage_stock": "yes", "_stock": str(stock), "_stock_status": "instock" if stock else "outofstock", "_backorders": "no"}


def _terms(product: Product, good: Good) -> set[int]:
    aisle = AISLES[product.aisle]
    terms = {taxonomy_id("product_cat", aisle.name), taxonomy_id("product_type", "variable" if product.is_variable else "simple")}
    if good.product_id % 3 == 0:
        terms.add(taxonomy_id("product_cat", aisle.parent))
    if aisle.name == "Care" and good.product_id % 4 < 2:
        terms.add(taxonomy_id("product_cat", ("Baby", "Intimate care")[good.product_id % 4]))
    if good.product_id % 10:
        terms.add(taxonomy_id("product_brand", product.brand))
    if product.is_hidden:
        terms |= {taxonomy_id("product_visibility", "exclude-from-catalog"), taxonomy_id("product_visibility", "exclude-from-search")}
    if product.stock == 0:
        terms.add(taxonomy_id("product_visibility", "outofstock"))
    return terms | {taxonomy_id("pa_size", size.name) for size in good.sizes if product.is_variable}

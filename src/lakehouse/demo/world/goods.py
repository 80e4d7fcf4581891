"""What can be put on an order line now: ids, names and prices of products that exist or once existed."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.demo.world.assortment import Assortment


@dataclass(frozen=True)
class Size:
    """One size of a product; `variation_id` is 0 for products without variations. Euro cents with tax."""

    name: str
    cents: int
    variation_id: int = 0


@dataclass(frozen=True)
class Good:
    """A product in the shop; `image_id` is 0 without an image."""

    product_id: int
    image_id: int
    name: str
    sizes: tuple[Size, ...]


def first_goods(catalogue: Assortment, launched_before: int, first_id: int) -> tuple[dict[int, Good], int]:
    """The goods launched before that day by their number, with post ids from `first_id` on, and the next free id."""
    goods: dict[int, Good] = {}
    next_id = first_id
    for number, product in enumerate(catalogue.products):
        if catalogue.launch_day[number] >= launched_before:
            continue
        image_id = next_id if product.has_image else 0
        product_id = next_id + (1 if product.has_image else 0)
        variations = range(product_id + 1, product_id + 1 + len(product.sizes)) if product.is_variable else [0]
        sizes = tuple(Size(name, cents, variation) for (name, cents), variation in zip(product.sizes, variations, strict=True))
        goods[number] = Good(product_id, image_id, product.name, sizes)
        next_id = product_id + 1 + (len(sizes) if product.is_variable else 0)
    return goods, next_id

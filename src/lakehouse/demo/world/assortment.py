"""The goods of the demo shop: names, prices, tastes they meet, rhythms of re-buying, and what is wrong with some. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.world.people import TASTES
from lakehouse.demo.world.words import AISLES, BRANDS, Aisle

ALWAYS = 10**6


@dataclass(frozen=True)
class Product:
    """What stays the same about one product. Prices in euro cents with tax; `sizes` are (size, cents): several for variable products."""

    name: str
    brand: str
    aisle: int
    sizes: tuple[tuple[str, int], ...]
    status: str  # publish, draft, private, trash; deleted: no row is left
    sku: str | None
    gtin: str | None
    stock: int | None  # none: not managed
    is_hidden: bool
    is_weighed: bool
    has_image: bool

    @property
    def is_variable(self) -> bool:
        """Whether it is sold in several sizes."""
        return len(self.sizes) > 1

    @property
    def stock_status(self) -> str:
        """As WooCommerce names it."""
        return "outofstock" if self.stock == 0 else "instock"


@dataclass(frozen=True)
class Assortment:
    """All products, those launched later too. Days count from the first day of trade; sold from `launch_day` until before `gone_day`."""

    products: list[Product]
    popularity: NDArray[np.float64]
    factors: NDArray[np.float32]
    rhythm_days: NDArray[np.float64]
    launch_day: NDArray[np.int64]
    gone_day: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.products)


def make_catalogue(products: int, days: int, seed: int) -> Assortment:
    """`products` products that exist by day `days`, and some more that are launched one a day afterwards."""
    rng = np.random.default_rng([seed, 2])
    size = products + max(10, products // 10)
    aisles = rng.integers(0, len(AISLES), size)
    centres = rng.normal(0, 1, (len(AISLES), TASTES))
    status = rng.choice(["publish", "draft", "private", "trash", "deleted"], size, p=[0.91, 0.03, 0.02, 0.01, 0.03])
    status[-max(10, products // 10) :] = "publish"
    status[rng.permutation(products)[:5]] = ["deleted", "deleted", "draft", "private", "trash"]
    launch = np.where(rng.random(size) < 0.1, rng.integers(0, max(days * 3 // 4, 1), size), 0)
    launch[products:] = days + np.arange(size - products)
    gone = np.where(status == "publish", ALWAYS, rng.integers(days * 4 // 5, days, size))
    taken: set[str] = set()
    return Assortment(
        products=[_product(number, int(aisle), str(state), taken, number >= products, rng)
                  for number, (aisle, state) in enumerate(zip(aisles, status, strict=True))],
        popularity=rng.permutation(1 / np.arange(2, size + 2) ** 0.8),
        factors=(0.75 * centres[aisles] + 0.45 * rng.normal(0, 1, (size, TASTES))).astype(np.float32),
        rhythm_days=np.array([AISLES[aisle].rhythm_days for aisle in aisles]) * rng.lognormal(0.4, 0.3, size),
        launch_day=launch, gone_day=gone,
    )  # fmt: skip


def _product(number: int, aisle_number: int, status: str, taken: set[str], is_future: bool, rng: np.random.Generator) -> Product:
    aisle = AISLES[aisle_number]
    brand = str(rng.choice(BRANDS))
    is_weighed = aisle.is_weighed and rng.random() < 0.6
    sizes = _sizes(aisle, is_variable=not is_weighed and not is_future and rng.random() < 0.18, rng=rng)
    trouble, kind = rng.random(3), rng.random()
    return Product(
        name=_unused_name(f"{brand} {rng.choice(aisle.nouns)}" + ("" if len(sizes) > 1 or is_weighed else f" {sizes[0][0]}"), taken),
        brand=brand, aisle=aisle_number, sizes=sizes, status=status,
        sku=None if kind < 0.06 else "" if kind < 0.1 else f"{aisle_number:03d}-{number:05d}",
        gtin=_gtin(number) if trouble[0] < 0.7 else None,
        stock=None if trouble[1] < 0.2 else 0 if trouble[1] < 0.27 else int(rng.integers(5, 900)),
        is_hidden=bool(trouble[2] < 0.03), is_weighed=is_weighed, has_image=bool(kind * 31 % 1 < 0.8),
    )  # fmt: skip


def _sizes(aisle: Aisle, is_variable: bool, rng: np.random.Generator) -> tuple[tuple[str, int], ...]:
    base = max(35, int(aisle.price_cents * rng.lognormal(0, 0.35)))
    if not is_variable:
        return ((str(rng.choice(aisle.sizes)), base),)
    return tuple((size, int(base * factor)) for size, factor in zip(aisle.sizes[: int(rng.integers(2, 4))], (0.6, 1.0, 1.8), strict=False))


def _unused_name(name: str, taken: set[str]) -> str:
    tried, number = name, 2
    while tried in taken:
        tried, number = f"{name} N°{number}", number + 1
    taken.add(tried)
    return tried


def _gtin(number: int) -> str:
    """An EAN-13 of the range that shops give out themselves (20…), with its check digit."""
    digits = f"20{number:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-weighted % 10)

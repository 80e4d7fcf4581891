"""The facts of one shop's products and its tree of categories in memory, and which products a selection names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.recommend.rules.rule_set import Selection

Pairs = tuple[np.ndarray, np.ndarray]
NOTHING: Pairs = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Tree:
    """Categories: `parents` by id, and `names` by id: name and slug."""

    parents: Mapping[int, int | None]
    names: Mapping[int, tuple[str | None, ...]]

    @staticmethod
    def of(rows: Iterable[Mapping[str, Any]]) -> "Tree":
        """Rows of silver.categories of one shop."""
        kept = list(rows)
        return Tree(
            {row["category_id"]: row["parent_category_id"] for row in kept},
            {row["category_id"]: (row["category_name"], row["slug"]) for row in kept},
        )

    def meant(self, category: int | str) -> set[int]:
        """The category, or those of the name, and all that are below."""
        if isinstance(category, int):
            found = {category}
        else:
            found = {number for number, own in self.names.items() if any(is_like(unquote(name), category) for name in own if name)}
        while more := {number for number, parent in self.parents.items() if parent in found and number not in found}:
            found |= more
        return found


@dataclass(frozen=True)
class ShopFacts:
    """One entry per product, ids ascending; `numbers` that are not known are NaN. `categories`, `tags`: pairs of a product's place and a
    category or tag of it."""

    products: np.ndarray
    is_shown: np.ndarray
    is_new: np.ndarray
    categories: Pairs
    tags: Pairs
    brands: np.ndarray
    numbers: Mapping[str, np.ndarray]

    @staticmethod
    def of(rows: pa.Table) -> "ShopFacts":
        """Rows of `product_facts.facts` of one shop; columns that are not there are not known."""
        rows = rows.sort_by("product_id").combine_chunks()
        count = rows.num_rows

        def flags(name: str, otherwise: bool) -> np.ndarray:
            if name not in rows.column_names:
                return np.full(count, otherwise)
            return rows.column(name).to_numpy(zero_copy_only=False).astype(bool)

        def pairs(name: str) -> Pairs:
            if name not in rows.column_names or not count:
                return NOTHING
            lists = rows.column(name).combine_chunks()
            values = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
            return np.asarray(pc.list_parent_indices(lists), dtype=np.int64), values

        brands = rows.column("brand_name").to_pylist() if "brand_name" in rows.column_names else [None] * count
        numbers = [each.name for each in rows.schema if _is_number(each.type) and each.name not in ("product_id", "is_shown", "is_new")]
        return ShopFacts(
            rows.column("product_id").to_numpy(),
            flags("is_shown", True),
            flags("is_new", False),
            pairs("category_ids"),
            pairs("tag_names"),
            np.asarray(brands, dtype=object),
            {name: rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False) for name in numbers},
        )

    def number(self, name: str) -> np.ndarray:
        """Of each product; all NaN if nothing asked for it."""
        return self.numbers.get(name, np.full(len(self.products), np.nan))

    def meant(self, selection: Selection, tree: Tree) -> np.ndarray:
        """Of each product whether the selection means it; one that names nothing means all."""
        if selection.is_of_all:
            return np.ones(len(self.products), dtype=bool)
        return np.logical_or.reduce([found for _, found in self.each_meant(selection, tree)])

    def each_meant(self, selection: Selection, tree: Tree) -> list[tuple[str, np.ndarray]]:
        """Each thing that the selection names, in words, and the products that it means."""
        return [
            *((f"product {product}", self.products == product) for product in selection.products),
            *((f"category {name}", self._in_categories(tree.meant(name))) for name in selection.categories),
            *((f"tag {name}", self._among(self.tags, name)) for name in selection.tags),
            *((f"brand {name}", _with_brand(self.brands, name)) for name in selection.brands),
        ]

    def _in_categories(self, numbers: set[int]) -> np.ndarray:
        place, category = self.categories
        return self._marked(place[np.isin(category, list(numbers))])

    def _among(self, pairs: Pairs, name: str) -> np.ndarray:
        place, value = pairs
        names, index = np.unique(value.astype(str), return_inverse=True)
        fits = np.asarray([is_like(each, name) for each in names], dtype=bool)
        return self._marked(place[fits[index]] if len(names) else place[:0])

    def _marked(self, places: np.ndarray) -> np.ndarray:
        found = np.zeros(len(self.products), dtype=bool)
        found[places] = True
        return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind))


def is_like(name: str, pattern: str) -> bool:
    """Whether the whole name is like the pattern, in whatever case. A bracket is a sign like others."""
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))


def _with_brand(brands: np.ndarray, pattern: str) -> np.ndarray:
    fits = {name: is_like(name, pattern) for name in set(brands.tolist()) if name}
    return np.asarray([fits.get(name, False) for name in brands.tolist()], dtype=bool)

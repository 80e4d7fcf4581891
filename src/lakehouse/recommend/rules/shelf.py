"""What may be shown of a shop, as scoring asks for it."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from lakehouse.recommend.rules.shop_facts import ShopFacts


class Shelf(NamedTuple):
    """Product ids, those of them that are new, and the products' categories as pairs of two arrays."""

    products: np.ndarray
    new: np.ndarray
    of_category: tuple[np.ndarray, np.ndarray]

    @staticmethod
    def of(facts: ShopFacts | None) -> "Shelf":
        """Nothing where no facts are known."""
        nothing = np.zeros(0, dtype=np.int64)
        if facts is None:
            return Shelf(nothing, nothing, (nothing, nothing))
        place, category = facts.categories
        kept = facts.is_shown[place]
        return Shelf(
            facts.products[facts.is_shown],
            facts.products[facts.is_shown & facts.is_new],
            (facts.products[place[kept]], category[kept]),
        )

    def categories_of(self, ids: np.ndarray) -> sp.csr_matrix:
        """`ids` × categories, 1 or 0."""
        product, category = self.of_category
        if len(product) == 0:
            return sp.csr_matrix((len(ids), 0), dtype=np.float32)
        place = np.searchsorted(ids, product).clip(max=len(ids) - 1)
        there = ids[place] == product
        names, column = np.unique(category[there], return_inverse=True)
        return sp.csr_matrix((np.ones(there.sum(), dtype=np.float32), (place[there], column)), shape=(len(ids), len(names)))

"""Which form of a blend to take, by what stands at the top of the lists in the validation window.

A likelihood weighs all products that a customer bought alike, while a list has ten places; and where histories are short, what is fitted
on one basket less does not hold for one basket more: repeats look rarer than they are, and parts that were the same for everybody were
never tried. So the fit proposes, and NDCG@10 decides, by the rule of one standard error (Breiman, Friedman, Olshen, Stone 1984,
"Classification and Regression Trees"): what is plainer stands unless the other is better by more than one standard error.
"""

from typing import NamedTuple

import numpy as np

from lakehouse.recommend.blend import BUY_AGAIN, Choices
from lakehouse.recommend.lists.ranked_items import Places, rank

K = 10
FITTED, SHIPPED, PLAIN, RAISED = "fitted", "shipped", "plain", "raised"
# The best simple blend of what the customer bought: decayed weight times the root of recent popularity.
_PLAIN = {"weight": 1.0, "recent": 0.5}
# `is_bought` of a fit is too low rather than too high. One more makes what was bought e times as likely.
_MORE = 1.0


class Form(NamedTuple):
    """Exponents, and what they are called."""

    name: str
    exponents: tuple[float, ...]


def of_bought(choices: Choices, wanted: np.ndarray, fitted: tuple[float, ...], shipped: tuple[float, ...]) -> Form:
    """The exponents of `buy_again`: the fitted ones, unless those of the settings or the plain blend rank better.

    `wanted`: how many products each customer of the choices bought, of all that there are.
    """
    forms = {FITTED: fitted, SHIPPED: shipped, PLAIN: tuple(_PLAIN.get(part, 0.0) for part in BUY_AGAIN)}
    values = {name: ndcg(choices, exponents, wanted) for name, exponents in forms.items()}
    best = max(forms, key=lambda name: values[name].sum())  # of equal ones the first
    name = best if _is_better(values[best], values[FITTED]) else FITTED
    return Form(name, forms[name])


def of_mixed(choices: Choices, wanted: np.ndarray, fitted: tuple[float, ...]) -> Form:
    """The exponents of `mixed`: with a larger constant for what was bought, unless that ranks worse or nobody wanted anything."""
    if not wanted.any():
        return Form(FITTED, fitted)
    raised = (fitted[0] + _MORE, *fitted[1:])
    loses = _is_better(ndcg(choices, fitted, wanted), ndcg(choices, raised, wanted))
    return Form(FITTED, fitted) if loses else Form(RAISED, raised)


def ndcg(choices: Choices, exponents: tuple[float, ...], wanted: np.ndarray) -> np.ndarray:
    """NDCG@10 of the customers who wanted something; see metrics.per_customer. Equal scores are in the order in which they stand."""
    sizes = np.diff([*choices.begin, len(choices.parts)])
    row = np.repeat(np.arange(len(sizes)), sizes)
    listed = Places(row, row, choices.parts @ np.asarray(exponents), choices.is_chosen).first(K)
    gains = np.bincount(listed.row, weights=listed.source / np.log2(rank(listed.row) + 2), minlength=len(sizes))
    best = np.cumsum(1 / np.log2(np.arange(2, K + 2)))
    some = wanted > 0
    return np.asarray(gains[some] / best[np.minimum(wanted[some], K) - 1])


def _is_better(one: np.ndarray, other: np.ndarray) -> bool:
    """By more than one standard error of the customers' differences."""
    if len(one) < 2:
        return False
    difference = one - other
    return bool(difference.mean() > difference.std(ddof=1) / np.sqrt(len(one)))

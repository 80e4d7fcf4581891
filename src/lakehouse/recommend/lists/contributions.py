"""How much each product of a customer's history adds to a score, from the parts of the score. Arrays alone; nothing is estimated.

ALS (Hu, Koren, Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets", section 5): a customer's factor solves

    (Σ_j y_j y_jᵀ + Σ_i c_i y_i y_iᵀ + λ n I) x = Σ_i (1 + c_i) y_i

with j over all products, i over the n products of the customer that the model was trained on, and 1 + c_i the confidence of a pair. Spark's
ALS multiplies λ (regParam) by n, and computes the customers' factors last, from the products' final ones. So x is a sum over i, and the
score y_jᵀ x is one too. Its part of i is y_jᵀ A⁻¹ y_i (1 + c_i), where A is the matrix on the left.

Neighbours: the score is a sum over what was bought by its definition.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp


class NormalEquations(NamedTuple):
    """What the equations of all customers have in common: Σ y yᵀ of all products that the model knows (rank × rank), and λ."""

    gram: np.ndarray
    reg_param: float

    @staticmethod
    def of(factors: Iterable[np.ndarray], reg_param: float) -> "NormalEquations":
        """From the factors of all products, shop by shop (products × rank; rank 0 where the model knows none)."""
        doubles = [some.astype(np.float64) for some in factors if some.shape[1]]
        return NormalEquations(sum((some.T @ some for some in doubles), start=np.zeros((1, 1))), reg_param)


def of_als(places: np.ndarray, history: np.ndarray, confidence: np.ndarray, normal: NormalEquations) -> np.ndarray:
    """Customers × places × history: what each product of the history adds to ALS's score of each place. They add up to the score.

    `places`, `history`: factors, customers × products × rank. `confidence`: 1 + c of each product of the history, 0 where the model was not
    trained on it: it adds nothing.
    """
    if not history.shape[2]:  # of a shop that the model does not know, or without a model
        return np.zeros((*places.shape[:2], history.shape[1]))
    is_trained = confidence > 0
    pairs = np.count_nonzero(is_trained, axis=1)
    known, unit = history.astype(np.float64), np.eye(history.shape[2])
    left = normal.gram + _turned(known * np.where(is_trained, confidence - 1, 0)[:, :, None]) @ known
    left += (normal.reg_param * pairs)[:, None, None] * unit
    left[pairs == 0] = unit  # nothing to solve, and the products alone may leave the equations open
    of_each: np.ndarray = (places @ np.linalg.solve(left, _turned(known))) * confidence[:, None, :]
    return of_each


def of_neighbours(places: np.ndarray, history: np.ndarray, bought: np.ndarray, speaking: sp.csr_matrix) -> np.ndarray:
    """Customers × places × history: the same for the neighbours' score.

    `places`, `history`: columns, customers × products. `bought`: how much each product of the history counts there (neighbours.damped), 0
    where it was not bought. `speaking`: products × products, row j holds what speaks for j.
    """
    spoken_for, place = np.unique(places, return_inverse=True)
    speaks, known = np.unique(history, return_inverse=True)
    # Customers share products, so all pairs of what they have between them are looked up at once.
    weights = speaking[spoken_for][:, speaks].toarray()
    return weights[place.reshape(places.shape)[:, :, None], known.reshape(history.shape)[:, None, :]] * bought[:, None, :]


def _turned(matrices: np.ndarray) -> np.ndarray:
    return matrices.swapaxes(1, 2)

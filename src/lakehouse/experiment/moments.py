"""What an arm comes down to: sums over its members, from which every mean and variance follows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Moments:
    """Sums over the `count` members of an arm: `y` of what each bought after the assignment, `x` of what each bought in the weeks before.

    `yy`, `xx` and `xy` are sums of squares and products. Members who bought nothing count with 0.
    """

    count: float
    y: float
    yy: float
    x: float
    xx: float
    xy: float

    @staticmethod
    def of(y: Values, x: Values) -> "Moments":
        """Of one value of each member, in two arrays of one length."""
        return Moments(len(y), float(np.sum(y)), float(y @ y), float(np.sum(x)), float(x @ x), float(x @ y))

    @property
    def mean(self) -> float:
        """Of y, per member."""
        return self.y / self.count

    @property
    def mean_before(self) -> float:
        """Of x, per member."""
        return self.x / self.count

    @property
    def variance(self) -> float:
        """Of y, unbiased; so are the other two."""
        return max(self._central(self.yy, self.y, self.y), 0.0)

    @property
    def variance_before(self) -> float:
        """Of x, unbiased."""
        return max(self._central(self.xx, self.x, self.x), 0.0)

    @property
    def covariance(self) -> float:
        """Of x and y, unbiased."""
        return self._central(self.xy, self.x, self.y)

    def _central(self, products: float, first: float, second: float) -> float:
        return (products - first * second / self.count) / (self.count - 1)

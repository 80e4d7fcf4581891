"""A model as the registry gives it back: all that the lists need."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import SparkSession

from lakehouse.recommend.als import Factors
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.neighbours import Neighbours

Parts = tuple[Factors, dict[str, Neighbours]]


@dataclass(frozen=True)
class RegisteredModel:
    """`version` is None for the model that knows nobody: what scores while there is no champion. `blend`: the exponents that were
    learned with it, if any were. `reg_param`: what ALS was fitted with.

    `load` fetches the factors and the neighbours, which takes seconds.
    """

    version: str | None
    blend: Blend | None
    load: Callable[[], Parts]
    reg_param: float = 0.0

    @staticmethod
    def none(spark: SparkSession) -> "RegisteredModel":
        """What stands in for a model before the first training: it knows nobody and nothing."""
        return RegisteredModel(None, None, lambda: (Factors.none(spark), {}))

    @cached_property
    def factors(self) -> Factors:
        """The factors of ALS, loaded when they are first asked for."""
        return self._parts[0]

    @cached_property
    def neighbours(self) -> dict[str, Neighbours]:
        """Shop → similarities of its products, loaded when they are first asked for."""
        return self._parts[1]

    @cached_property
    def _parts(self) -> Parts:
        return self.load()

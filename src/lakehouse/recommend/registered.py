"""A model as the registry gives it back: all that the lists need, known by its version and the run that made it."""

from dataclasses import dataclass, field

from pyspark.sql import SparkSession

from lakehouse.recommend.als import Factors
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.neighbours import Neighbours


@dataclass(frozen=True)
class RegisteredModel:
    """`version` is None for the model that knows nobody: what scores while there is no champion."""

    version: str | None
    run_id: str
    factors: Factors
    blend: Blend
    neighbours: dict[str, Neighbours] = field(default_factory=dict)

    @staticmethod
    def none(spark: SparkSession, blend: Blend) -> "RegisteredModel":
        return RegisteredModel(None, "", Factors.none(spark), blend)

    def __repr__(self) -> str:
        """Decides whether lists are built anew: a version never changes."""
        return f"RegisteredModel({self.version} of {self.run_id}, {self.blend})"

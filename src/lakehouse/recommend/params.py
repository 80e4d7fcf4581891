"""The parameters of weights, model, evaluation and lists, from conf/als.yaml. Unknown names are errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.errors import ConfigError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Part):
    half_life_days: float = Field(gt=0)


class Als(_Part):
    rank: int = Field(ge=1)
    alpha: float = Field(gt=0)
    reg_param: float = Field(ge=0)
    iterations: int = Field(ge=1)
    seed: int
    blocks: int = Field(ge=1)


class Evaluation(_Part):
    window_days: int = Field(ge=1)
    min_customers: int = Field(ge=1)


class Lists(_Part):
    length: int = Field(ge=1)
    candidates: int = Field(ge=1)
    popularity_days: int = Field(ge=1)
    mixed_own: float = Field(ge=0)
    mixed_als: float = Field(ge=0)
    mixed_popularity: float = Field(ge=0)
    discover_popularity: float = Field(ge=0)


class Params(_Part):
    """All of conf/als.yaml; the meaning of each value stands beside it there."""

    weights: Weights
    als: Als
    evaluation: Evaluation
    lists: Lists


def parse_params(values: Mapping[str, Any]) -> Params:
    """The parameters, checked; ConfigError (2) names what is wrong."""
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigError(f"als.yaml: {problems}", "every value and its meaning stands in conf/als.yaml") from None

"""The parameters of weights, model, blend, evaluation and lists, from conf/als.yaml. Unknown names are errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.errors import ConfigError

MOVED = "write conf/rules/hidden.yaml, with {name: …, kind: hide, shop: …, categories: [id], countries: […]} for each one (docs/rules.md)"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Part):
    """How fast an order loses weight: its half-life in days, or in baskets for data without dates."""

    half_life_days: float = Field(gt=0)
    half_life_baskets: float = Field(gt=0)


class Als(_Part):
    """The parameters of Spark's ALS. `alpha` is in multiples of the mean weight (recommend/als.py)."""

    rank: int = Field(ge=1)
    alpha: float = Field(gt=0)
    reg_param: float = Field(ge=0)
    iterations: int = Field(ge=1)
    seed: int
    blocks: int = Field(ge=1)


class Neighbours(_Part):
    """How neighbours are learned (recommend/neighbours.py): penalty, limits of products and customers, and how many are `kept`."""

    ridge: float = Field(gt=0)
    products: int = Field(ge=1)
    customers: int = Field(ge=1)
    kept: int = Field(ge=1)


class Popularity(_Part):
    """How long orders count as recent, and how many orders of all countries are added to a country's own."""

    days: int = Field(ge=1)
    share_of_baskets: float = Field(gt=0, le=1)
    country_smoothing: float = Field(gt=0)


class BlendParams(_Part):
    """Exponents of the parts of each list's score. Lists in the order of `blend.BUY_AGAIN`, `DISCOVER` and `MIXED`."""

    buy_again: dict[str, float]
    discover: dict[str, float]
    mixed: dict[str, float]
    prior_customers: float = Field(gt=0)
    cells: int = Field(ge=1)


class Evaluation(_Part):
    """Length of the test window in days, and how many test customers it takes for a decision."""

    window_days: int = Field(ge=1)
    min_customers: int = Field(ge=1)


class Lists(_Part):
    """Products on a list, the part of `discover` for new products, and after how many days what was just bought may be due again."""

    length: int = Field(ge=1)
    new_product_share: float = Field(ge=0, lt=1)
    new_product_days: int = Field(ge=0)
    due_days: int = Field(ge=0)


class Search(_Part):
    """Values that a search for better parameters tries."""

    half_life_days: tuple[float, ...]
    half_life_baskets: tuple[float, ...]
    rank: tuple[int, ...]
    alpha: tuple[float, ...]
    reg_param: tuple[float, ...]
    ridge: tuple[float, ...]
    popularity_days: tuple[int, ...]
    share_of_baskets: tuple[float, ...]
    trials: int = Field(ge=1, le=20)


class Params(_Part):
    """All of conf/als.yaml; the meaning of each value stands beside it there."""

    weights: Weights
    als: Als
    neighbours: Neighbours
    popularity: Popularity
    blend: BlendParams
    evaluation: Evaluation
    lists: Lists
    search: Search


def parse_params(values: Mapping[str, Any]) -> Params:
    """The parameters, checked; ConfigError (2) names what is wrong.

    `lists.hidden`, as files of before rules had it, may stand there as long as it is empty.
    """
    lists = values.get("lists")
    if isinstance(lists, Mapping) and "hidden" in lists:
        if lists["hidden"]:
            raise ConfigError("als.yaml: lists.hidden is a rule now", MOVED)
        values = {**values, "lists": {name: value for name, value in lists.items() if name != "hidden"}}
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigError(f"als.yaml: {problems}", "every value and its meaning stands in conf/als.yaml") from None

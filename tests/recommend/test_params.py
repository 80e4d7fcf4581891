"""conf/als.yaml."""

from copy import deepcopy
from typing import Any

import pytest

from lakehouse.errors import ConfigError
from lakehouse.io.settings import read_conf
from lakehouse.recommend.params import parse_params

GOOD: dict[str, Any] = {
    "weights": {"half_life_days": 120},
    "als": {"rank": 64, "alpha": 10.0, "reg_param": 0.3, "iterations": 8, "seed": 7, "blocks": 2},
    "evaluation": {"window_days": 28, "min_customers": 20},
    "lists": {
        "length": 20,
        "candidates": 200,
        "popularity_days": 28,
        "mixed_own": 0.6,
        "mixed_als": 0.3,
        "mixed_popularity": 0.1,
        "discover_popularity": 0.1,
    },
}


def test_good_parameters_are_taken_as_they_stand() -> None:
    assert parse_params(GOOD).model_dump() == GOOD


def test_the_shipped_file_is_good() -> None:
    assert parse_params(read_conf("als.yaml")).lists.length > 0


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("weights", "half_life_days", 0),
        ("als", "rank", 0),
        ("als", "rank", 1.5),
        ("als", "alpha", -1),
        ("als", "seed", "x"),
        ("als", "ranks", 64),
        ("evaluation", "window_days", 0),
        ("lists", "mixed_own", -0.1),
    ],
)
def test_a_wrong_or_unknown_value_is_named(part: str, name: str, value: object) -> None:
    values = deepcopy(GOOD)
    values[part][name] = value
    with pytest.raises(ConfigError, match=f"{part}.{name}") as caught:
        parse_params(values)
    assert caught.value.exit_code == 2


def test_a_missing_value_is_named_and_none_is_assumed() -> None:
    values = deepcopy(GOOD)
    del values["als"]["alpha"], values["weights"]
    with pytest.raises(ConfigError, match=r"weights: .*als\.alpha: "):
        parse_params(values)

"""conf/als.yaml."""

from copy import deepcopy
from typing import Any

import pytest

from lakehouse.errors import ConfigError
from lakehouse.io.config.settings import read_conf
from lakehouse.recommend.params import parse_params

GOOD: dict[str, Any] = read_conf("als.yaml")


def test_good_parameters_are_taken_as_they_stand() -> None:
    taken, others = parse_params(GOOD), GOOD.keys() - {"search"}
    assert taken.model_dump(mode="json", include=others) == {name: GOOD[name] for name in others}
    assert taken.search.half_life_days == tuple(GOOD["search"]["half_life_days"])


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
        ("lists", "length", 0),
        ("popularity", "share_of_baskets", 1.5),
        ("search", "trials", 21),
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


def test_the_rule_that_lists_hidden_was_is_told_where_to_go_and_an_empty_one_is_none() -> None:
    values = deepcopy(GOOD)
    values["lists"]["hidden"] = []
    assert parse_params(values) == parse_params(GOOD)
    values["lists"]["hidden"] = [{"shop": "nl", "category_id": 17, "countries": ["LT"]}]
    with pytest.raises(ConfigError, match=r"lists\.hidden") as caught:
        parse_params(values)
    assert "conf/rules/hidden.yaml" in caught.value.todo

"""What the files of campaigns, profiles and rules have in common: strict models, names, countries, and one form of the error."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from lakehouse.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
# YAML reads Norway's code as the word no.
Country = Annotated[str, BeforeValidator(lambda value: "NO" if value is False else value), StringConstraints(pattern=r"^[A-Z]{2}$")]
# What names of folders, of files of every tool and of UTM parameters have in common.
LONGEST_NAME = 50
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=LONGEST_NAME)]


class Part(BaseModel):
    """A model that refuses unknown names and can't be changed once it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parsed(kind: type[Model], file: str, values: Mapping[str, Any], todo: str = "") -> Model:
    """The values of a file as its model. ConfigError (2) names file, place and problem."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(": ".join(filter(None, _place_and_problem(each["loc"], each["msg"]))) for each in error.errors())
        raise ConfigError(f"{file}: {problems}", todo or "every name and its meaning stands in conf/README.md") from None


def parsed_file(kind: type[Model], folder: str, name: str, values: Mapping[str, Any]) -> Model:
    """The same of a file `<folder>/<name>.yaml`, whose `name` is the file's."""
    file = f"{folder}/{name}.yaml"
    if "name" in values:
        raise ConfigError(f"{file}: name is that of the file", "leave it out, or give the file another name")
    return parsed(kind, file, {**values, "name": name})


def _place_and_problem(place: Iterable[object], problem: str) -> tuple[str, str]:
    """The place is empty where several names together are wrong."""
    return ".".join(map(str, place)), problem.removeprefix("Value error, ")

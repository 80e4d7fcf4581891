"""What the files of campaigns, profiles and rules have in common: strict models, names, countries, and one form of the error."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from lakehouse.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
# YAML reads Norway's code as the word no.
Country = Annotated[str, BeforeValidator(lambda value: "NO" if value is False else value), StringConstraints(pattern=r"^[A-Z]{2}$")]
# What names of folders, of files of every tool and of UTM parameters have in common.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def parsed(kind: type[Model], file: str, values: Mapping[str, Any], todo: str = "") -> Model:
    """The values of a file as its model. ConfigError (2) names file, place and problem."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ConfigError(f"{file}: {problems}", todo or "every name and its meaning stands in conf/README.md") from None

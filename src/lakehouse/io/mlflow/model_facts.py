"""What is known of a training and of a version in the model registry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lakehouse.io.delta.delta_store import TableVersion


@dataclass(frozen=True)
class Champion:
    """The model version that scores: the run that made it, its parameters."""

    version: str
    run_id: str
    params: dict[str, str]


@dataclass(frozen=True)
class Training:
    """What is logged of a training besides the model. `tags` must hold run_date (ISO); `texts`: by the name of their file."""

    name: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    inputs: Mapping[str, TableVersion]
    tags: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A version as it stands in the registry, whatever made it. `tags`: of its run, without MLflow's own; `inputs`: Delta versions.

    `was_promoted`: it is the champion or was it before.
    """

    version: str
    run_id: str
    is_champion: bool
    was_promoted: bool
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    inputs: dict[str, int]

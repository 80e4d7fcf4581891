"""The lists that a pack shows: those that the night published, or others in their form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from lakehouse.recommend import customer_products
from lakehouse.runs.stage import RunContext
from lakehouse.table import Table

PUBLISHED = (customer_products.TABLE,)


@dataclass(frozen=True)
class Lists:
    """`frame` gives the columns of recommendations.customer_products. `tables`: what it is made of; `made_from`: what else decides it.

    `at_most`: of how many customers, those with the highest scores; None of all, whatever the scores are. `said`: what the manifest says of
    them.
    """

    frame: Callable[[], DataFrame]
    model_version: Callable[[], str | None]
    tables: tuple[Table, ...] = PUBLISHED
    made_from: str = ""
    at_most: int | None = None
    said: Mapping[str, object] = field(default_factory=dict)


def published_lists(run: RunContext) -> Lists:
    """Those that the run works with, of everybody."""
    return Lists(lambda: run.read(customer_products.TABLE), lambda: _model_version(run))


def _model_version(run: RunContext) -> str | None:
    row = run.read(customer_products.TABLE).select("model_version").first()
    return None if row is None else row[0]

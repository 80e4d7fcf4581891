"""The lists that a pack shows: those that the night published, or others in their form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from lakehouse.ops.lists.rule_effects import rule_set_of
from lakehouse.recommend import customer_products
from lakehouse.runs.stage import RunContext
from lakehouse.table import Table

PUBLISHED = (customer_products.TABLE,)


@dataclass(frozen=True)
class Lists:
    """`frame` gives the columns of recommendations.customer_products. `rule_set`: hash of the rules that they were made by.

    `tables`: what it is made of; `made_from`: what else decides it. `at_most`: of how many customers, those with the highest scores; None
    of all, whatever the scores are. `said`: what the manifest says of them.
    """

    frame: Callable[[], DataFrame]
    model_version: Callable[[], str | None]
    rule_set: Callable[[], str]
    tables: tuple[Table, ...] = PUBLISHED
    made_from: str = ""
    at_most: int | None = None
    said: Mapping[str, object] = field(default_factory=dict)


def published_lists(run: RunContext) -> Lists:
    """Those that the run works with, of everybody."""
    return Lists(lambda: run.read(customer_products.TABLE), lambda: _model_version(run), lambda: _rule_set(run))


def _model_version(run: RunContext) -> str | None:
    row = run.read(customer_products.TABLE).select("model_version").first()
    return None if row is None else row[0]


def _rule_set(run: RunContext) -> str:
    """As it was counted for these lists. Where nothing was, no rule made them: then only those of channels can hold."""
    counted = rule_set_of(run.store, run.head(customer_products.TABLE))
    return counted or run.rules.on(run.run_date).of_channels().hash

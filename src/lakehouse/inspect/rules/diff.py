"""What the rules as they stand in the files would do to the published lists, before a night uses them."""

from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import DataError
from lakehouse.gold.keys import CUSTOMER
from lakehouse.io.mlflow.model_registry import ModelRegistry
from lakehouse.recommend import customer_products
from lakehouse.recommend.evaluation.difference import difference
from lakehouse.recommend.rules.effects import effects
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import categories, customers, products
from lakehouse.stages.score import registered
from lakehouse.stages.training.preview import LOOKED_AT, lists_of_some


def diff(run: RunContext, on: date | None = None) -> StageResult:
    """Markdown: the lists of some customers by the same model and the same tables, with the rules of the files that hold `on` a date.

    Without a date, that of the published lists: then nothing but rules can make a difference. DataError (65) if there are none.
    """
    before = run.read(customer_products.TABLE) if customer_products.TABLE.name in run.heads else None
    made = None if before is None else before.select("model_version", "run_date").first()
    if before is None or made is None:
        raise DataError("no lists are published to compare with", "run `lakehouse night` first")
    run = replace(run, run_date=on or made["run_date"])
    people = before.select(*CUSTOMER).distinct().orderBy(F.xxhash64("customer_key"), *CUSTOMER).limit(LOOKED_AT)
    registry, version = ModelRegistry(run.settings, run.store), made["model_version"]
    model = registered(run.spark, registry, None if version is None else registry.version(version))
    after = lists_of_some(run, people, model).persist()
    found = difference(before, after, run.read(products.TABLE), run.read(categories.TABLE)).text()
    did = _effects(run.list_rules, after, run.read(customers.TABLE))
    told = f"Rules of {run.run_date}, on the lists of {made['run_date']}.\n\n{found}\n{did}"
    after.unpersist()
    return StageResult(text=told)


def _effects(rules: Rules, lists: DataFrame, people: DataFrame) -> str:
    counted = effects(lists, people).groupBy("rule", "effect").agg(F.sum("places").alias("places")).collect()
    places = {(row["rule"], row["effect"]): row["places"] for row in counted}
    lines = [f"| {rule.id} | {places.get((rule.id, 'removed'), 0)} | {places.get((rule.id, 'moved'), 0)} |" for rule in rules.rules]
    return "\n".join(["| rule | places removed | places moved |", "|---|---|---|", *lines]) + "\n"

"""The one list of steps and the declarations hold together; every build works on empty frames."""

import inspect
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.flow import APPENDED, STEPS, Step
from lakehouse.inspect.dictionary import every_table, flow_page, one_table
from lakehouse.io.config.settings import read_conf
from lakehouse.parameters import ShopRules
from lakehouse.pipeline.declared import declared
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.params import Params, parse_params
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.sources.databases.entities import ENTITIES
from lakehouse.sources.feed import Feed
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.table import conform
from tests.support.frames import frame_of

NAMES = [step.name for step in STEPS]


def test_every_table_is_written_by_one_step_after_those_it_reads() -> None:
    every: list[JdbcTable | Feed] = [*TABLES, *ENTITIES, *FEEDS]
    sources = {table.bronze.name for table in every} | {table.vault.name for table in every if table.vault}
    made = sources | {table.name for table in APPENDED}
    for step in STEPS:
        assert {table.name for table in step.inputs} <= made, step.name
        assert step.name not in made
        made.add(step.name)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_a_build_takes_the_tables_it_reads_by_their_names_and_the_declared_parameters(step: Step) -> None:
    taken = inspect.signature(step.build).parameters.values()
    frames = [p.name for p in taken if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    own = [step.writes] if step.remembers else []
    assert frames == [table.entity for table in (*step.reads, *step.lookups, *own)]
    assert sorted(p.name for p in taken if p.kind is inspect.Parameter.KEYWORD_ONLY) == sorted(
        [*step.parameters, *(["model"] if step.takes_model else [])]
    )


@pytest.mark.parametrize("step", [step for step in STEPS if step.scoped], ids=lambda step: step.name)
def test_every_table_of_a_scoped_step_carries_the_root_order(step: Step) -> None:
    assert step.write == "sync"
    assert all(table.scope in table.column_names for table in (step.writes, *step.reads, *step.refers_to))


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_a_build_gives_the_declared_columns_also_from_empty_tables(step: Step, spark: SparkSession) -> None:
    params: Params = parse_params(read_conf("als.yaml"))
    values = {
        "shops": (ShopRules("nl"),),
        "feed_shop": "nl",
        "run_date": date(2026, 1, 1),
        "half_life_days": 120.0,
        "popularity_days": 28,
        "disposable_domains": ("mailinator.com",),
        "restricted_categories": ("wine*",),
        "private_categories": (("nl", ("members",)),),
        "blend": Blend.of(params.blend),
        "lists": params.lists,
        "rules": Rules(),
        "country_smoothing": 100.0,
    }
    model = {"model": RegisteredModel.none(spark)} if step.takes_model else {}
    own = [step.writes] if step.remembers else []
    built = step.build(
        *(frame_of(spark, table, []) for table in (*step.reads, *step.lookups, *own)),
        **{name: values[name] for name in step.parameters},
        **model,
    )
    assert conform(built, step.writes).columns == step.writes.column_names


def test_keys_are_columns_and_no_personal_column_is_outside_the_vault() -> None:
    for table in declared().values():
        assert set(table.key) <= set(table.column_names), table.name
        if not table.name.startswith("vault."):
            assert not [column.name for column in table.columns if column.personal], table.name


def test_every_column_says_what_it_means() -> None:
    assert not [(t.name, c.name) for t in declared().values() for c in t.columns if len(c.comment) < 3]


def test_the_data_dictionary_is_that_of_the_declarations() -> None:
    written = (Path(__file__).parents[1] / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == every_table() + "\n", "make docs"
    assert one_table("silver.orders") in written + "\n"


def test_the_flow_in_the_docs_is_that_of_the_declarations() -> None:
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"```text\n{flow_page()}\n```" in page, "make docs"

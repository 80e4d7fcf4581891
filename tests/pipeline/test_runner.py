"""The runner's laws: by scope equals in full, nothing is touched where nothing changed, everything that must is rebuilt."""

import random
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.aging import age
from tests.support.change_stream import APP_TABLES, DATABASE, SHOP, TABLES, Shop
from tests.support.frames import frame_of

from lakehouse.errors import DataError
from lakehouse.flow import SILVER, Step
from lakehouse.io.delta import delta_upkeep
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.delta_upkeep import DeltaUpkeep, Needed
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.ops.ledger import SKIPPED, Entry, Ledger
from lakehouse.parameters import ShopRules
from lakehouse.pipeline.loader import with_broken_rules
from lakehouse.pipeline.planner import decide
from lakehouse.pipeline.rejects import BROKEN
from lakehouse.pipeline.runner import Runner, changed_orders
from lakehouse.scope import Orders, Scope
from lakehouse.silver import product_codes
from lakehouse.sources.app_shop import APP
from lakehouse.sources.mobile_app import COUNTS_AS_SALE
from lakehouse.stages.needed_versions import needed_of_lake
from lakehouse.table import conform

# However many rows of a random stream refer to orders that it deleted.
SCOPED = [replace(step, writes=replace(step.writes, max_reject_share=1)) for step in SILVER if step.scoped]
# What the scoped steps read beside bronze.
BEFORE = [step for step in SILVER if not step.scoped and any(step.writes in (*scoped.reads, *scoped.lookups) for scoped in SCOPED)]
RULES = (
    ShopRules(SHOP, "Europe/Amsterdam", consent_meta_key="consent"),
    ShopRules(APP, "UTC", COUNTS_AS_SALE),
    ShopRules(DATABASE, "UTC", ("confirmed",)),
)


class Killed(BaseException):
    """The process is gone, as far as the run can tell."""


def mirror(spark: SparkSession, store: DeltaStore, shop: Shop) -> None:
    """What ingest does with the tables of the shop and the app, and what refresh makes of them before the scoped steps."""

    def sync(name: str) -> None:
        table = TABLES[name]
        scope = None if name in APP_TABLES else Scope.of_shop(SHOP)
        store.sync(table, conform(frame_of(spark, table, list(shop.rows[name].values())), table), scope)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sync, TABLES))
    code = {"shop_code": SHOP, "code_type": "sku", "code": "S-1", "product_id": 3, "variation_id": 0, "product_count": 1}
    store.sync(product_codes.TABLE, frame_of(spark, product_codes.TABLE, [code]))
    runner = a_run(store, "before")
    for step in BEFORE:
        runner.run(step)


def a_run(store: DeltaStore, run_id: str, rules: tuple[ShopRules, ...] = RULES) -> Runner:
    ledger = Ledger(store, run_id, "refresh", date(2026, 4, 1), "test")
    return Runner(store, ledger, run_id, {"shops": rules, "feed_shop": SHOP}, heads(store))


def heads(store: DeltaStore) -> dict[str, TableVersion]:
    tables = (*TABLES.values(), product_codes.TABLE, *(step.writes for step in BEFORE))
    return {table.name: head for table in tables if (head := store.head(table.name))}


def good_rows(store: DeltaStore, frame: DataFrame, step: Step) -> list[str]:
    """Of what a step built; rows that refer to nothing are not good."""
    others = {table.name: store.read(table.name) for table in step.refers_to}
    built = with_broken_rules(conform(frame, step.writes), step.writes, others).where(F.size(BROKEN) == 0).drop(BROKEN)
    return sorted(map(str, built.collect()))


def build_in_full(store: DeltaStore, step: Step, keep: Callable[[DataFrame, Any], DataFrame] = lambda frame, _: frame) -> DataFrame:
    frames = [keep(store.read(table.name), table.scope).select(*table.column_names) for table in step.reads]
    frames += [store.read(table.name).select(*table.column_names) for table in step.lookups]
    return step.build(*frames, **dict.fromkeys(step.parameters, RULES))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "nights"), [(2, 3), (1, 4)])
def test_after_any_stream_of_changes_and_killed_runs_every_scoped_table_equals_its_full_build(
    spark: SparkSession, store: DeltaStore, seed: int, nights: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    shop = Shop(rng)
    for _ in range(6):
        shop.new_order()
    modes: list[str] = []
    for night in range(nights):
        shop.a_day()
        mirror(spark, store, shop)
        if night == 2:
            dies_after_commit_before_record(store, SCOPED[0], f"killed-{night}", monkeypatch)
            shop.a_day()
            mirror(spark, store, shop)
        runner = a_run(store, f"night-{night}")
        for step in SCOPED:
            modes.append(runner.run(step).mode)
            if night >= 2:
                there = sorted(map(str, store.read(step.name).collect()))
                assert there == good_rows(store, build_in_full(store, step), step), (night, step.name)
            if night == 1 and step is SCOPED[1]:
                break  # a run that dies between two steps: the tables after it miss this night
    assert sum(mode.startswith("by scope") for mode in modes) >= 3, modes

    some, of_app, of_erp = (frozenset(list(shop.rows[name])[::2]) for name in ("orders", "app_orders", "database_orders"))
    scope = Scope({SHOP: Orders(some), APP: Orders(of_app), DATABASE: Orders(of_erp)})
    for step in SCOPED:
        of_part = good_rows(store, build_in_full(store, step, lambda frame, column: frame.where(scope.condition(column))), step)
        # The table equals what is built in full, as was seen above.
        part_of_whole = sorted(map(str, store.read(step.name).where(scope.condition(step.writes.scope)).collect()))
        assert of_part == part_of_whole, f"{step.name}: build(filter(x)) is not filter(build(x))"


def dies_after_commit_before_record(store: DeltaStore, step: Step, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: Ledger, entry: Entry) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", die)
        with pytest.raises(Killed):
            a_run(store, run_id).run(step)


@pytest.fixture(scope="module")
def template(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Path]:
    """Three orders, mirrored; the step that makes silver.orders has run once. Tests take copies of it."""
    folder = tmp_path_factory.mktemp("small")
    store = DeltaStore(spark, TableResolver(str(folder / "lake"), str(folder / "vault")))
    shop = Shop(random.Random(5))
    for _ in range(3):
        shop.new_order()
    mirror(spark, store, shop)
    assert a_run(store, "first").run(SCOPED[0]).mode == "full"
    return shop, folder


@pytest.fixture
def small(template: tuple[Shop, Path], tmp_path: Path) -> tuple[Shop, Step]:
    """In the lake that is `store`."""
    shutil.copytree(template[1], tmp_path, dirs_exist_ok=True)
    shop, step = deepcopy(template[0]), SCOPED[0]
    return shop, step


def test_a_step_whose_inputs_did_not_change_is_skipped_and_its_table_not_touched(store: DeltaStore, small: tuple[Shop, Step]) -> None:
    step = small[1]
    before = store.head(step.name)
    assert a_run(store, "second").run(step).status == SKIPPED
    assert store.head(step.name) == before


def test_a_lookup_that_changed_is_a_reason_to_build_in_full(spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step]) -> None:
    shop, step = small[0], next(step for step in SCOPED if step.lookups)

    def night(run_id: str) -> str:
        mirror(spark, store, shop)
        runner = a_run(store, run_id)
        return [runner.run(each).mode for each in (SCOPED[0], step)][-1]

    assert night("second") == "full"
    shop.edit_line()
    assert night("third").startswith("by scope")
    shop.rows["options"][1]["option_value"] = ","
    assert night("fourth") == "full"


def test_after_maintenance_of_inputs_and_output_a_step_is_skipped_and_then_goes_on_by_scope(
    spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_upkeep, "SMALL_FILES", 1)
    shop, step = small
    shop.new_order()
    mirror(spark, store, shop)
    a_run(store, "second").run(step)
    for name in [*heads(store), step.name]:
        age(Path(store.tables.folder(name)), 30)
    before, names = heads(store), [*heads(store), step.name]
    upkeep, needed = DeltaUpkeep(store), needed_of_lake(store, Ledger(store, "m", "maintain", date(2026, 4, 1), "test"), [])
    assert sum(upkeep.tidy(name, needed.get(name, Needed())).compacted for name in names) > 0
    assert heads(store) == before
    assert a_run(store, "third").run(step).mode == "nothing changed"
    shop.new_order()
    mirror(spark, store, shop)
    assert a_run(store, "fourth").run(step).mode.startswith("by scope, ")
    assert sorted(map(str, store.read(step.name).collect())) == good_rows(store, build_in_full(store, step), step)


@pytest.mark.parametrize("engine", ["driver", "spark"])
def test_a_row_that_was_written_again_as_it_was_is_no_change_of_its_order(
    spark: SparkSession, store: DeltaStore, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "spark":
        monkeypatch.setattr(store, "feed", lambda *_: None)
    table = TABLES["order_meta"]
    common = {"shop_code": SHOP, "meta_key": "consent", "meta_value": "yes"}
    store.replace(table.name, frame_of(spark, table, [{**common, "id": n, "order_id": n, "_root_order_id": n} for n in (1, 2, 3)]))
    before = store.head(table.name)
    spark.sql(f"UPDATE {store.tables.identifier(table.name)} SET meta_value = if(id = 2, 'no', meta_value) WHERE id < 3")
    now = store.head(table.name)
    assert before is not None
    assert now is not None
    found = changed_orders(store, (table,), {table.name: before}, {table.name: now})
    assert found == Scope.of_orders([(SHOP, 2)])


def test_an_edit_that_the_table_does_not_show_commits_nothing(spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step]) -> None:
    shop, step = small
    before = store.head(step.name)
    next(iter(shop.rows["order_meta"].values()))["meta_key"] = "another"
    next(iter(shop.rows["order_meta"].values()))["meta_key"] = "consent"
    next(iter(shop.rows["order_operational_data"].values()))["created_via"] = None
    mirror(spark, store, shop)
    a_run(store, "second").run(step)
    assert store.head(step.name) == before


def test_an_order_of_the_app_that_the_shop_gets_moves_to_the_shop_and_back_by_scope(
    spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step]
) -> None:
    shop, lines = small[0], SCOPED[1]
    theirs = next(i for i, row in shop.rows["orders"].items() if row["status"] != "wc-checkout-draft")
    runner = a_run(store, "lines")
    for step in SCOPED[:2]:
        runner.run(step)

    def after(run_id: str, orders: int, **change: Any) -> dict[int, tuple[str, str]]:
        """Order → shop and status, of those made in the app."""
        shop.rows["app_orders"][5] |= change
        mirror(spark, store, shop)
        runner = a_run(store, run_id)
        assert [runner.run(step).mode for step in SCOPED[:2]] == [f"by scope, {orders} orders"] * 2
        for step in SCOPED[:2]:
            assert sorted(map(str, store.read(step.name).collect())) == good_rows(store, build_in_full(store, step), step)
        made = store.read(SCOPED[0].name).where(F.col("channel_code") == APP)
        return {row["order_id"]: (row["shop_code"], row["status"]) for row in made.collect()}

    shop.add_app_order(5, None)
    assert after("second", 1) == {5: (APP, "placed")}
    assert store.read(lines.name).where(F.col("shop_code") == APP).count() == 2
    # The shop's status is what counts, and its lines.
    found = after("third", 2, woo_order_id=theirs, status="paid")
    assert found == {theirs: (SHOP, shop.rows["orders"][theirs]["status"].removeprefix("wc-"))}
    assert store.read(lines.name).where(F.col("shop_code") == APP).count() == 0
    assert after("fourth", 2, woo_order_id=None) == {5: (APP, "paid")}


def test_another_day_alone_is_no_reason_to_look_for_new_statements_again(spark: SparkSession, store: DeltaStore) -> None:
    step = next(step for step in SILVER if step.remembers)
    assert "run_date" in step.parameters
    for table in step.reads:
        store.replace(table.name, frame_of(spark, table, []).coalesce(1))
    there = {table.name: head for table in step.reads if (head := store.head(table.name))}

    def on(day: int, rules: tuple[ShopRules, ...] = RULES) -> str:
        ledger = Ledger(store, f"run-{day}", "refresh", date(2026, 4, day), "test")
        return Runner(store, ledger, f"run-{day}", {"shops": rules, "run_date": date(2026, 4, day)}, there).run(step).status

    assert [on(1), on(2)] == ["succeeded", SKIPPED]
    assert on(3, (ShopRules(SHOP, "Europe/Amsterdam"), RULES[1])) == "succeeded"


def test_a_changed_setting_rebuilds_in_full(store: DeltaStore, small: tuple[Shop, Step]) -> None:
    step = small[1]
    stricter = (replace(RULES[0], counts_as_sale=("completed",)), *RULES[1:])
    assert a_run(store, "second", stricter).run(step).mode == "full"
    sales = store.read(step.name).where("is_sale and status != 'completed'")
    assert sales.count() == 0


def test_changed_code_rebuilds_in_full(store: DeltaStore, small: tuple[Shop, Step], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakehouse.fingerprint.source", lambda module: f"# {module}, another version")
    assert a_run(store, "second").run(small[1]).mode == "full"


def test_a_foreign_commit_in_the_output_is_overwritten_by_a_full_build(store: DeltaStore, small: tuple[Shop, Step]) -> None:
    step = small[1]
    was = sorted(map(str, store.read(step.name).collect()))
    store.append(step.name, store.read(step.name).limit(1).withColumn("order_id", F.lit(1).cast("bigint")))
    assert a_run(store, "second").run(step).mode == "full"
    assert sorted(map(str, store.read(step.name).collect())) == was


def test_what_a_run_wrote_and_could_not_record_is_gone_on_from_by_scope_and_its_old_rejects_are_not_doubled(
    store: DeltaStore, spark: SparkSession, small: tuple[Shop, Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, step = small
    orders = [row for row in shop.rows["orders"].values() if row["type"] == "shop_order"]
    orders[0] |= {"status": "wc-completed", "currency": "euro"}
    mirror(spark, store, shop)
    assert a_run(store, "second").run(step).rows_rejected == 1
    published = {table.name: head for table in step.inputs if (head := store.head(table.name))}
    orders[1]["status"] = "wc-cancelled"
    mirror(spark, store, shop)
    dies_after_commit_before_record(store, step, "killed", monkeypatch)
    orders[2]["status"] = "wc-failed"
    mirror(spark, store, shop)
    # A run on what was published before the one that died: the table is ahead of it.
    ledger = Ledger(store, "older", "refresh", date(2026, 4, 1), "test")
    assert decide(store, ledger, step, published, {"shops": RULES}).way == "full"
    entry = a_run(store, "third").run(step)
    assert (entry.mode, entry.rows_rejected) == ("by scope, 2 orders", 0)
    assert store.read("quarantine.silver__orders").count() == 1
    assert sorted(map(str, store.read(step.name).collect())) == good_rows(store, build_in_full(store, step), step)


def test_what_a_dead_run_made_of_older_inputs_than_the_last_success_is_built_in_full(
    store: DeltaStore, spark: SparkSession, small: tuple[Shop, Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a refresh of published tables, after a night that went further and did not publish."""
    shop, step = small
    older = heads(store)
    next(row for row in shop.rows["orders"].values() if row["status"] != "wc-checkout-draft")["status"] = "wc-failed"
    mirror(spark, store, shop)
    assert a_run(store, "night").run(step).mode == "by scope, 1 orders"
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", Mock(side_effect=Killed))
        with pytest.raises(Killed):
            Runner(store, Ledger(store, "refresh", "refresh", date(2026, 4, 1), "test"), "refresh", {"shops": RULES}, older).run(step)
    assert a_run(store, "next").run(step).mode == "full"
    assert sorted(map(str, store.read(step.name).collect())) == good_rows(store, build_in_full(store, step), step)


def test_an_input_that_was_made_anew_is_read_in_full(
    spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step], tmp_path: Any
) -> None:
    import shutil

    shop, step = small
    shutil.rmtree(store.tables.folder("bronze.woo__orders"))
    shop.rows["orders"].popitem()
    mirror(spark, store, shop)
    assert a_run(store, "second").run(step).mode == "full"
    assert sorted(map(str, store.read(step.name).collect())) == good_rows(store, build_in_full(store, step), step)


def test_a_step_without_its_inputs_says_what_to_run_first(store: DeltaStore) -> None:
    with pytest.raises(DataError, match=r"bronze\.woo__orders is not there yet") as caught:
        a_run(store, "first").run(SCOPED[0])
    assert "lakehouse ingest" in caught.value.todo


def test_a_step_whose_files_never_came_is_left_out_until_they_do(spark: SparkSession, store: DeltaStore) -> None:
    (step,) = [step for step in SILVER if step.name == "silver.app_orders"]
    store.sync(TABLES["orders"], frame_of(spark, TABLES["orders"], []))
    entry = a_run(store, "without").run(step)
    assert (entry.status, entry.mode, store.head(step.name)) == (SKIPPED, "nothing ever came", None)
    store.sync(TABLES["app_orders"], frame_of(spark, TABLES["app_orders"], [{"app_order_id": 1}]))
    assert a_run(store, "with").run(step).rows_inserted == 1
    assert a_run(store, "again").run(step).mode == "nothing changed"


def test_readers_of_a_lone_run_see_published_versions_not_a_failed_runs(
    spark: SparkSession, store: DeltaStore, small: tuple[Shop, Step]
) -> None:
    """A run alone works on what is published: half of a failed ingest is not consumed."""
    shop, step = small
    published = heads(store)
    shop.new_order()
    mirror(spark, store, shop)
    runner = Runner(store, Ledger(store, "lone", "refresh", date(2026, 4, 1), "test"), "lone", {"shops": RULES}, published)
    assert runner.run(step).status == SKIPPED
